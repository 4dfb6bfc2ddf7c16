/** What the stages of a network make of labelled examples: a vector for each example and stage, with weights that are not changed. */
import { setImmediate } from 'node:timers/promises';
import { LabError } from '../../shared/errors.ts';
import type { BlockSpec } from '../../shared/spec/pipeline.ts';
import type { Executable, Tensor } from '../engines/engine.ts';
import { createProgram, output, reshape, sizeAt, withScope } from '../graph/index.ts';
import type { Program, Value } from '../graph/program.ts';
import { sameShape } from '../graph/shape.ts';
import { poolToGrid } from '../nn/blocks/pooling.ts';
import { poolExample } from '../nn/blocks/sequence-pooling.ts';
import type { BlockPart, BuildContext, Endpoints } from '../nn/index.ts';
import { buildPipeline, declareInputs, findBlock } from '../nn/index.ts';
import type { DenseFeatures } from '../tasks/baselines/features.ts';
import { denseFeatures } from '../tasks/baselines/features.ts';
import type { Feeds, TaskSampler } from '../tasks/task.ts';
import type { Backbone } from './trained-network.ts';

const batchSize = 64;

/** Layers of an imported network that are tried besides the one that the head is put on: each is fitted on its own. */
const mostLayers = 8;

export interface StageProgram {
  readonly program: Program;
  /** Names of its outputs [batch, features], from the input on. */
  readonly stages: readonly string[];
}

/**
 * The pipeline on the sampler's examples. Feature maps are averaged to a grid, sequences over their real positions; of a network that is
 * one block, such as one from an ONNX file, layers inside are stages, too. Throws `LabError('bad-spec')` for a network that cannot read
 * such examples, or has no stage with features.
 */
export function stageProgram({ pipeline }: Backbone, { input }: TaskSampler, grid: number): StageProgram {
  const program = createProgram('stages');
  const context: BuildContext = { program, mode: 'evaluation', batchSize, input };
  const inputs = declareInputs(context);
  const stages: string[] = [];
  const add = (name: string, value: Value | undefined): void => {
    const vector = value && toVector(value, inputs.mask, grid);
    if (!vector) return;
    output(program, name, vector);
    stages.push(name);
  };
  withScope(program, 'backbone', () => {
    const built = buildPipeline(context, pipeline, inputs);
    const known: Endpoints = { ...inputEndpoints(inputs), ...built.stages };
    for (const block of pipeline.blocks) {
      if (block.type === 'flatten') continue; // the same numbers as before
      for (const { name, value } of layersInside(context, block, known)) add(`${block.id}/${name}`, value);
      add(block.id, Object.entries(built.stages).find(([name]) => name.startsWith(`${block.id}.`))?.[1]);
    }
  });
  if (stages.length === 0) throw new LabError('bad-spec', 'no stage of this network gives feature maps or vectors');
  return { program, stages };
}

const inputEndpoints = (inputs: Endpoints): Endpoints =>
  Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`input.${name}`, value]));

/** Ends of layers, evenly over the network: the last part before the next one that brings weights. The last of all is the block's own. */
function layersInside(
  context: BuildContext,
  { id, type, options, inputs }: BlockSpec,
  known: Endpoints,
): readonly BlockPart[] {
  const { inside } = findBlock(type);
  if (!inside) return [];
  const main = (endpoint: string): Value | undefined =>
    known[endpoint] ?? Object.entries(known).find(([name]) => name.startsWith(`${endpoint}.`))?.[1];
  const given = Object.entries(inputs).flatMap(([port, endpoint]): [string, Value][] => {
    const value = main(endpoint);
    return value ? [[port, value]] : []; // one that such data do not offer
  });
  const parts = withScope(context.program, id, () => inside.list(context, Object.fromEntries(given), options));
  const chosen = options[inside.option];
  const before = parts.slice(
    0,
    parts.findIndex(({ name }) => name === chosen),
  );
  const ends = before.filter((part, index) => part.canBeChosen && (before[index + 1]?.parameters ?? 0) > 0);
  const every = Math.max(1, Math.ceil(ends.length / mostLayers));
  return ends.filter((_, index) => index % every === every - 1);
}

function toVector(stage: Value, mask: Value | undefined, grid: number): Value | undefined {
  if (stage.dtype !== 'float32' || sizeAt(stage.shape, 0) !== batchSize) return undefined;
  if (stage.shape.length === 2) return stage;
  if (stage.shape.length === 3) return poolExample(stage, mask);
  if (stage.shape.length !== 4) return undefined;
  const cells = [Math.min(grid, sizeAt(stage.shape, 2)), Math.min(grid, sizeAt(stage.shape, 3))] as const;
  return reshape(poolToGrid(stage, cells, 'average'), [batchSize, -1]);
}

const advice = {
  image: 'Import the dataset with as many channels as the corpus, and use a pipeline that pools to a fixed grid',
  tokens: 'Give a --length that it was trained with',
  frames: 'Import the recordings as those that it was trained on',
} as const;

/** Throws `LabError('bad-spec')` for weights that the program needs and has not, or has in another shape. */
export function requireFit(
  program: Program,
  tensors: ReadonlyMap<string, Tensor>,
  what: string,
  kind: keyof typeof advice,
): void {
  for (const { name, shape } of program.parameters.values()) {
    const found = tensors.get(name);
    if (found && sameShape(found.shape, shape)) continue;
    const problem = found ? `is [${found.shape.join(', ')}] there and would be [${shape.join(', ')}]` : 'is not there';
    throw new LabError(
      'bad-spec',
      `the network of the ${what} cannot read these examples: ${name} ${problem}. ${advice[kind]}`,
      {
        name,
      },
    );
  }
}

export type StageFeatures = ReadonlyMap<string, DenseFeatures>;
export type Side = 'training' | 'validation' | 'test';

/** The features of all stages for one side of the split, in its order. Throws `LabError('aborted')`. */
export async function extractFeatures(
  sampler: TaskSampler,
  side: Side,
  { program, stages }: StageProgram,
  executable: Executable,
  signal: AbortSignal,
  onBatch: (done: number) => void,
): Promise<StageFeatures> {
  const count = sampler.sides?.[side].length ?? 0;
  const values = new Map<string, Float32Array>();
  for (let first = 0; first < count; first += batchSize) {
    if (signal.aborted) throw new LabError('aborted', 'the probe was stopped');
    const feeds = batchOf(sampler, side, first / batchSize);
    const outputs = await executable.run(
      Object.fromEntries([...program.inputs.keys()].map((name) => [name, feeds[name]!])),
    );
    const used = Math.min(batchSize, count - first);
    for (const stage of stages) {
      const data = outputs[stage]!.data as Float32Array; // the program's own float output
      const columns = data.length / batchSize;
      const all = values.get(stage) ?? new Float32Array(count * columns);
      values.set(stage, all);
      all.set(data.subarray(0, used * columns), first * columns);
    }
    onBatch(first + used);
    await setImmediate(); // a native call blocks the event loop
  }
  return new Map([...values].map(([stage, all]) => [stage, denseFeatures(all, count, all.length / count)]));
}

function batchOf({ labelledBatch, evaluationBatch }: TaskSampler, side: Side, index: number): Feeds {
  if (side !== 'training') return evaluationBatch(side, index, batchSize);
  if (!labelledBatch) throw new LabError('internal', 'a task with classes has no labelled batches');
  return labelledBatch(index, batchSize);
}
