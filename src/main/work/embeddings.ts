/** What a backbone makes of examples: a vector for each, projected onto a plane. */
import { setImmediate } from 'node:timers/promises';
import type { z } from 'zod';
import type { Item } from '../../shared/contract/common.ts';
import type { Embeddings, demosContract } from '../../shared/contract/demos.ts';
import { LabError } from '../../shared/errors.ts';
import { createProgram, elementCount, output, withScope } from '../graph/index.ts';
import type { Program, Value } from '../graph/program.ts';
import { buildPipeline, declareInputs } from '../nn/index.ts';
import type { Feeds } from '../tasks/index.ts';
import type { CheckpointChoice, TrainedModel } from '../runs/open-trained.ts';
import { openTrained } from '../runs/open-trained.ts';
import type { Model } from '../training/model.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { findRun } from '../workspace/runs.ts';
import { principalComponents } from './principal-components.ts';
import { projectNeighbours } from './project-neighbours.ts';
import type { RunData } from './validation-examples.ts';
import { describeExample, exampleCount, openRunData } from './validation-examples.ts';
import type { WorkContext } from './work-context.ts';

type Input = z.output<(typeof demosContract)['embeddings']['input']>;
type Point = Embeddings['points'][number];

/** Components that neighbours are looked for in: more only hold noise. */
const components = 50;

/** Examples of the validation and the test split, which the run has not been trained on. */
export async function embedExamples(
  context: WorkContext,
  { run: reference, checkpoint, count, method }: Input,
): Promise<Embeddings> {
  const run = await findRun(context.workspace, reference);
  using data = await openRunData(context.workspace, run);
  await using backbone = await openBackbone(run, data, checkpoint);
  const vectors: Float32Array[] = [];
  const about: Pick<Point, 'label' | 'side' | 'item'>[] = [];
  for (const { side, index, feeds } of examplesOf(data, count)) {
    if (vectors.length % 16 === 0) {
      await setImmediate();
      if (context.signal.aborted) throw new LabError('aborted', 'Cancelled');
      context.progress({ phase: 'Embedding', done: vectors.length, total: count, unit: 'examples', skipped: 0 });
    }
    vectors.push(await vectorOf(backbone, feeds));
    const items = await describeExample(data, feeds);
    about.push({
      label: labelOf(data, feeds),
      side,
      item: embeddedItem(items) ?? { kind: 'text', text: `${side} example ${index}` },
    });
  }
  if (vectors.length < 3) {
    throw new LabError(
      'bad-input',
      'The validation and test splits of this run have too few examples for a projection',
    );
  }
  const { coordinates, explained } = principalComponents(vectors, method === 'umap' ? components : 2);
  const plane =
    method === 'umap'
      ? await projectNeighbours(coordinates, context.signal, (done, total) => {
          context.progress({ phase: 'Projecting', done, total, unit: 'epochs', skipped: 0 });
        })
      : coordinates;
  return {
    run: run.id,
    step: backbone.step,
    method,
    points: about.map((one, index) => ({ x: plane[index]?.[0] ?? 0, y: plane[index]?.[1] ?? 0, ...one })),
    classes: [...(data.prepared.model.facts.classes ?? [])],
    explained: method === 'umap' ? null : explained.reduce((sum, share) => sum + share, 0),
    features: vectors[0]?.length ?? 0,
  };
}

function* examplesOf(
  data: RunData,
  count: number,
): Generator<{ side: 'validation' | 'test'; index: number; feeds: Feeds }> {
  const totals = { validation: exampleCount(data, 'validation'), test: exampleCount(data, 'test') };
  let left = count;
  for (const side of ['validation', 'test'] as const) {
    for (let index = 0; index < totals[side] && left > 0; index++, left--) {
      yield { side, index, feeds: data.prepared.sampler.evaluationBatch(side, index, 1) };
    }
  }
}

/** What the vector is of: all texts of an example, which are read as one, but the first of its pictures, which are twins. */
export function embeddedItem(items: readonly Item[]): Item | undefined {
  const texts = items.flatMap((item) => (item.kind === 'text' ? [item.text] : []));
  return texts.length > 1 ? { kind: 'text', text: texts.join(' | ') } : items[0];
}

function labelOf({ prepared }: RunData, { labels, weights }: Feeds): string | null {
  const { classes } = prepared.model.facts;
  if (!classes || !labels || weights?.[0] === 0) return null;
  return classes[Number(labels[0])] ?? null;
}

/** Outputs of backbones that stand for an example, best first. */
const outputNames = ['vector', 'sequence', 'image'] as const;

/** The backbone alone for one example, with its best output for a vector named `embedding`. */
function embeddingProgram({ pipeline, facts }: Model): Program {
  const program = createProgram('embedding');
  const context = { program, mode: 'evaluation' as const, batchSize: 1, input: facts.input };
  const inputs = declareInputs(context);
  const { outputs } = withScope(program, 'backbone', () => buildPipeline(context, pipeline, inputs));
  const name = outputNames.find((candidate) => outputs[candidate]) ?? Object.keys(outputs)[0];
  const value: Value | undefined = name === undefined ? undefined : outputs[name];
  if (!value) throw new LabError('bad-spec', 'This pipeline has no output to make vectors of');
  output(program, 'embedding', value);
  return program;
}

async function openBackbone(
  run: RunFolder,
  { prepared: { model, experiment } }: RunData,
  checkpoint: CheckpointChoice,
): Promise<TrainedModel> {
  const program = embeddingProgram(model);
  return openTrained(run, experiment, program, checkpoint, { model, build: embeddingProgram });
}

async function vectorOf({ program, run }: TrainedModel, feeds: Feeds): Promise<Float32Array> {
  const needed = Object.fromEntries(
    [...program.inputs].map(([input, { shape }]) => [input, feedFor(feeds, input).subarray(0, elementCount(shape))]),
  );
  const { embedding } = await run(needed);
  if (!embedding) throw new LabError('internal', 'the program has no embedding');
  return pool(Float32Array.from(embedding.data), embedding.shape, feeds.mask);
}

/** By its name, or that of the first of twins, which have a prefix. Twins in one tensor lie one after the other. */
function feedFor(feeds: Feeds, input: string): Feeds[string] {
  const name =
    input in feeds
      ? input
      : Object.keys(feeds).find((candidate) => candidate.toLowerCase().endsWith(input.toLowerCase()));
  const feed = name === undefined ? undefined : feeds[name];
  if (!feed) throw new LabError('bad-input', `The examples of this task have no '${input}' to make vectors of`);
  return feed;
}

/** [1, D] as it is; [1, L, D] as the mean over real positions; [1, C, H, W] as the mean over the plane. */
export function pool(data: Float32Array, shape: readonly number[], mask: ArrayLike<number> | undefined): Float32Array {
  const [, first = 1, ...rest] = shape;
  if (rest.length === 0) return data;
  if (rest.length === 1) {
    const features = rest[0]!;
    const mean = new Float32Array(features);
    let positions = 0;
    for (let position = 0; position < first; position++) {
      if (mask?.[position] === 0) continue;
      positions += 1;
      for (let feature = 0; feature < features; feature++) mean[feature]! += data[position * features + feature]!;
    }
    return mean.map((sum) => sum / Math.max(1, positions));
  }
  const plane = rest.reduce((product, size) => product * size, 1);
  return Float32Array.from({ length: first }, (_, channel) => {
    let sum = 0;
    for (let place = 0; place < plane; place++) sum += data[channel * plane + place]!;
    return sum / plane;
  });
}
