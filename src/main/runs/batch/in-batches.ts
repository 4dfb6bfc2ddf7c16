/**
 * Questions of one example each, answered many at a time: what is asked before the engine is free again is packed into batches,
 * texts of similar length together, and every asker gets the rows that are its own. Whoever asks needs to know nothing of batches.
 */
import { setImmediate } from 'node:timers/promises';
import { LabError } from '../../../shared/errors.ts';
import type { Feeds, Tensor } from '../../engines/engine.ts';
import { elementCount } from '../../graph/index.ts';
import type { ConstantData, Program } from '../../graph/program.ts';
import type { TensorData } from '../../tasks/index.ts';
import { positionInputs } from '../../training/length-buckets.ts';

export type RunFeeds = (feeds: Feeds) => Promise<TensorData>;

/** A program of `batchSize` examples, one after the other in every input and output. */
export interface BatchProgram {
  readonly program: Program;
  readonly batchSize: number;
  readonly run: RunFeeds;
}

export interface Batches {
  /** Batches that may be under way at the same time. */
  readonly atOnce: number;
  /** Examples in a batch whose longest has so many real positions; 0 for what has no mask. */
  batchSizeFor(longest: number): number;
  /** Its program, which has as many positions or more. */
  programFor(longest: number): Promise<BatchProgram>;
}

interface Waiting {
  readonly feeds: Feeds;
  /** One after the last real position. */
  readonly length: number;
  readonly resolve: (outputs: TensorData) => void;
  readonly reject: (error: unknown) => void;
}

/** @returns a function that runs a single example; called many times at once, it takes the time of a few batches */
export function inBatches({ atOnce, batchSizeFor, programFor }: Batches): RunFeeds {
  let waiting: Waiting[] = [];
  let isWorking = false;

  async function work(): Promise<void> {
    isWorking = true;
    const underWay = new Set<Promise<void>>();
    while (waiting.length > 0 || underWay.size > 0) {
      await setImmediate(); // until then, all who ask at the same time have asked
      // The longest first: what is left over at the end is short.
      const taken = waiting.sort((a, b) => b.length - a.length);
      waiting = [];
      while (taken.length > 0) {
        const rows = taken.splice(0, batchSizeFor(taken[0]?.length ?? 0));
        const answering = answer(rows).finally(() => underWay.delete(answering));
        underWay.add(answering);
        if (underWay.size >= atOnce) await Promise.race(underWay);
        await setImmediate(); // a native call may block the event loop
      }
      if (underWay.size > 0) await Promise.race(underWay);
    }
    isWorking = false;
  }

  async function answer(rows: readonly Waiting[]): Promise<void> {
    try {
      const { program, batchSize, run } = await programFor(rows[0]?.length ?? 0);
      const outputs = await run(packRows(program, batchSize, rows));
      for (const [row, { resolve }] of rows.entries()) resolve(rowOf(program, outputs, batchSize, row));
    } catch (error) {
      for (const { reject } of rows) reject(error);
    }
  }

  return (feeds) =>
    new Promise((resolve, reject) => {
      waiting.push({ feeds, length: realLength(feeds.mask), resolve, reject });
      if (!isWorking) void work();
    });
}

/** The inputs of a batch. Places that are left over repeat the last example: of nothing, a network may make no number. */
function packRows(program: Program, batchSize: number, rows: readonly Waiting[]): Feeds {
  const batch: Record<string, ConstantData> = {};
  for (const [name, { shape }] of program.inputs) {
    const size = elementCount(shape) / batchSize;
    const parts = Array.from({ length: batchSize }, (_, row) => {
      const data = rows[Math.min(row, rows.length - 1)]?.feeds[name];
      const cut = positionInputs.includes(name) ? data?.subarray(0, size) : data; // padding is left out
      if (cut?.length === size) return cut;
      throw new LabError('internal', `'${name}' has ${data?.length ?? 0} values in a question, not ${size}`);
    });
    batch[name] = joined(parts);
  }
  return batch;
}

/** Arrays of one kind and length, one after the other. */
function joined(parts: readonly ConstantData[]): ConstantData {
  const [first = new Float32Array()] = parts;
  const all = new (first.constructor as new (size: number) => ConstantData)(first.length * parts.length); // an array of that kind
  for (const [index, part] of parts.entries()) all.set(part, index * first.length);
  return all;
}

/** What belongs to one example; weights that are told beside the answers, such as those of a CRF, belong to every one. */
function rowOf({ outputs: values }: Program, outputs: TensorData, batchSize: number, row: number): TensorData {
  const own: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of Object.entries(outputs)) {
    if (values.get(name)?.source.kind === 'parameter') {
      own[name] = { shape, data };
      continue;
    }
    const [rows = 1, ...rest] = shape;
    const size = data.length / batchSize;
    own[name] = { shape: [rows / batchSize, ...rest], data: data.slice(row * size, (row + 1) * size) };
  }
  return own;
}

function realLength(mask: ConstantData | undefined): number {
  let length = mask?.length ?? 0;
  while (length > 0 && mask?.[length - 1] === 0) length -= 1;
  return length;
}
