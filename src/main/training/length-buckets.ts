/**
 * Batches of short texts in short programs. Samplers write every batch at the length that the network was laid out for; here
 * the padding that all of its rows end with is cut off, as far as the next of a few lengths, and a program of that length runs
 * instead. It is compiled when it is first needed, and shares the weights. What comes out is the same but for rounding, because
 * only pipelines whose blocks ignore padding are treated like this (`nn/padding.ts`). Which program runs is a function of the batch alone.
 */
import type { Executable, Feeds, PlannedStep, StepResult } from '../engines/engine.ts';
import type { ConstantData, Program } from '../graph/program.ts';
import { ignoresPadding } from '../nn/padding.ts';
import type { Model } from './model.ts';

/** Shares of the full length, and the shortest program worth having. */
const shares = [1 / 8, 3 / 16, 1 / 4, 3 / 8, 1 / 2, 3 / 4];
const shortest = 16;
/** Lengths are multiples of this: vector loops like them. */
const granularity = 8;

/** Ascending, the full length last. */
export function bucketLengths(length: number): readonly number[] {
  const lengths = shares.map((share) => Math.ceil((share * length) / granularity) * granularity);
  return [...new Set(lengths.filter((candidate) => candidate >= shortest && candidate < length)), length];
}

/** What decides whether and how a network can be made shorter. */
export type BucketModel = Pick<Model, 'pipeline' | 'facts'>;

export interface BucketOptions<Shown extends BucketModel> {
  readonly model: Shown;
  /** The program for sequences of a length, and its executable, which shares the weights of the full one. */
  readonly build: (model: Shown) => Program;
  readonly compile: (program: Program) => Promise<Executable>;
}

/** An executable like `full`, which is that of `build(model)`, that runs short batches in short programs. It releases `full` too. */
export function withLengthBuckets<Shown extends BucketModel>(
  full: Executable,
  { model, build, compile }: BucketOptions<Shown>,
): Executable {
  const { input } = model.facts;
  if (input.kind !== 'tokens' || !ignoresPadding(model.pipeline)) return full;
  const lengths = bucketLengths(input.length);
  const compiled = new Map<number, Promise<Executable>>([[input.length, Promise.resolve(full)]]);

  const executableOf = (length: number): Promise<Executable> => {
    const known = compiled.get(length);
    if (known) return known;
    const compiling = compile(build(atLength(model, length)));
    compiled.set(length, compiling);
    compiling.catch(() => compiled.delete(length));
    return compiling;
  };
  const lengthOf = (feeds: Feeds): number => {
    const used = usedLength(feeds.mask, input.length);
    return lengths.find((candidate) => candidate >= used) ?? input.length;
  };
  const cut = (feeds: Feeds, length: number): Feeds =>
    length === input.length ? feeds : cutFeeds(feeds, input.length, length);

  const release = async (): Promise<void> => {
    for (const [length, executable] of compiled) {
      if (length !== input.length) await (await executable).release();
    }
    await full.release();
  };

  return {
    device: full.device,
    async step(batches, options) {
      // The gradients of the micro-batches of a step come from one program.
      const length = Math.max(...batches.map(lengthOf));
      const [first, ...others] = batches;
      const executable = await executableOf(length);
      return executable.step([cut(first, length), ...others.map((feeds) => cut(feeds, length))], options);
    },
    ...(full.stepMany && {
      stepsAtOnce: full.stepsAtOnce ?? 1,
      /** Each batch in the program that it would have alone. */
      async stepMany(steps: readonly PlannedStep[]) {
        const results: StepResult[] = [];
        for (let start = 0; start < steps.length && results.every(({ finite }) => finite);) {
          const length = lengthOf(steps[start]!.batch); // within bounds
          const others = steps.slice(start).findIndex(({ batch }) => lengthOf(batch) !== length);
          const alike = steps.slice(start, others < 0 ? undefined : start + others);
          const executable = await executableOf(length);
          const own = alike.map(({ batch, options }) => ({ batch: cut(batch, length), options }));
          results.push(...((await executable.stepMany?.(own)) ?? []));
          start += alike.length;
        }
        return results;
      },
    }),
    async run(feeds) {
      const length = lengthOf(feeds);
      return (await executableOf(length)).run(cut(feeds, length));
    },
    async gradients(feeds, options) {
      const length = lengthOf(feeds);
      return (await executableOf(length)).gradients(cut(feeds, length), options);
    },
    withAverages: (work) => full.withAverages(work),
    exportState: () => full.exportState(),
    exportParameters: () => full.exportParameters(),
    importState: (state) => full.importState(state),
    release,
    [Symbol.asyncDispose]: release,
  };
}

/** The model of texts that are that long at most. */
export function atLength<Shown extends BucketModel>(model: Shown, length: number): Shown {
  const { input } = model.facts;
  return input.kind === 'tokens' ? { ...model, facts: { ...model.facts, input: { ...input, length } } } : model;
}

/** Inputs with a value for each position of a sequence, as `declareInputs` names them, and where alignments put it. */
export const positionInputs: readonly string[] = ['tokens', 'segments', 'mask', 'aligned'];

/** One after the last real position of any row. */
function usedLength(mask: ConstantData | undefined, length: number): number {
  if (!mask) return length;
  let used = 0;
  for (let start = 0; start < mask.length; start += length) {
    let end = length;
    while (end > used && mask[start + end - 1] === 0) end -= 1;
    used = Math.max(used, end);
  }
  return used;
}

/** The first `length` positions of each row. */
function cutFeeds(feeds: Feeds, from: number, length: number): Feeds {
  const cut: Record<string, ConstantData> = { ...feeds };
  for (const name of positionInputs) {
    const data = feeds[name];
    if (data) cut[name] = cutRows(data, from, length);
  }
  return cut;
}

function cutRows(data: ConstantData, from: number, length: number): ConstantData {
  const rows = data.length / from;
  const result = new (data.constructor as new (size: number) => typeof data)(rows * length); // an array of the same kind
  for (let row = 0; row < rows; row++) result.set(data.subarray(row * from, row * from + length), row * length);
  return result;
}
