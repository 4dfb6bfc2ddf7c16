/**
 * A backbone alone, with one vector for each example: its output `vector`, the mean of a `sequence` over real positions, or the
 * mean of an image's features over all places.
 */
import { LabError } from '../../shared/errors.ts';
import { createProgram, elementCount, mean, output, reshape, withScope } from '../graph/index.ts';
import type { Program, Value } from '../graph/program.ts';
import { poolExample } from '../nn/blocks/sequence-pooling.ts';
import { buildPipeline, declareInputs } from '../nn/index.ts';
import type { Feeds, TaskFacts } from '../tasks/index.ts';
import { openBatches } from './batch/open-batches.ts';
import type { Backbone, TrainedNetwork } from './trained-network.ts';

export interface Embedder extends AsyncDisposable {
  /** Updates that the weights have seen. */
  readonly step: number;
  /** Numbers in a vector. */
  readonly features: number;
  /**
   * The vector of one example; asked for many at once, they are computed together. `feeds` are a batch of one; of twins, which lie
   * one after the other or have a prefix, the first is taken. Throws `LabError('bad-input')` for feeds of something else.
   */
  embed(feeds: Feeds): Promise<Float32Array>;
}

/**
 * @param batchSize of examples whose lengths say nothing, such as images
 *
 * Throws what `openBatches` does, and `LabError('bad-spec')` for a pipeline without an output.
 */
export async function openEmbedder(
  { engine, backbone, weights }: Pick<TrainedNetwork, 'engine' | 'backbone' | 'weights'>,
  batchSize: number,
): Promise<Embedder> {
  const stored = await weights();
  const batched = await openBatches(stored, engine, { model: backbone, build: embeddingProgram, batchSize });
  const { program } = batched;
  return {
    step: stored.step,
    features: elementCount(program.outputs.get('embedding')?.shape ?? []) / batched.batchSize,
    async embed(feeds) {
      const needed = Object.fromEntries(
        [...program.inputs].map(([input, { shape }]) => {
          return [input, feedFor(feeds, input).subarray(0, elementCount(shape) / batched.batchSize)];
        }),
      );
      const { embedding } = await batched.run(needed);
      if (!embedding) throw new LabError('internal', 'the program has no embedding');
      return Float32Array.from(embedding.data);
    },
    [Symbol.asyncDispose]: () => batched.release(),
  };
}

/** What is made into vectors: backbones of images may read another size than the task cuts out of the images. */
export function embeddedFacts({ backbone: { facts } }: Pick<TrainedNetwork, 'backbone'>): TaskFacts {
  const { input, images } = facts;
  if (input.kind !== 'image' || !images) return facts;
  const { network, ...stored } = images;
  if (network?.height === input.height && network.width === input.width) return facts;
  return { ...facts, images: { ...stored, height: input.height, width: input.width } };
}

/** Outputs of backbones that stand for an example, best first. */
const outputNames = ['vector', 'sequence', 'image'] as const;

/** Outputs `embedding` [batch, features]. */
function embeddingProgram({ pipeline, facts }: Backbone, batchSize: number): Program {
  const program = createProgram('embedding');
  const context = { program, mode: 'evaluation' as const, batchSize, input: facts.input };
  const inputs = declareInputs(context);
  const { outputs } = withScope(program, 'backbone', () => buildPipeline(context, pipeline, inputs));
  const name = outputNames.find((candidate) => outputs[candidate]) ?? Object.keys(outputs)[0];
  const value = name === undefined ? undefined : outputs[name];
  if (!value) throw new LabError('bad-spec', 'This pipeline has no output to make vectors of');
  output(program, 'embedding', value.shape.length === 3 ? poolExample(value, inputs.mask) : overPlaces(value));
  return program;
}

/** The mean of a feature map over its places; a vector stays what it is. */
function overPlaces(value: Value): Value {
  const [batch = 1, features = 1, ...rest] = value.shape;
  if (rest.length === 0) return value;
  const places = [...rest.keys()].map((axis) => axis + 2);
  return reshape(mean(value, places), [batch, features]);
}

/** By its name, or that of the first of twins, which have a prefix. */
function feedFor(feeds: Feeds, input: string): NonNullable<Feeds[string]> {
  const name =
    input in feeds
      ? input
      : Object.keys(feeds).find((candidate) => candidate.toLowerCase().endsWith(input.toLowerCase()));
  const feed = name === undefined ? undefined : feeds[name];
  if (!feed) throw new LabError('bad-input', `The examples of this task have no '${input}' to make vectors of`);
  return feed;
}
