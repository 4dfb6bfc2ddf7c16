/**
 * Masked words on modern encoders against PyTorch: the loss and every gradient. `scripts/record-torch.py` recorded them in
 * float64, with models whose modules are named and laid out as ModernBERT's weights are in Hugging Face's files.
 */
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Feeds } from '../../src/main/engines/engine.ts';
import { adamWDefaults } from '../../src/main/engines/optimizer.ts';
import { readSafetensors } from '../../src/main/formats/safetensors.ts';
import type { SafetensorsFile, SafetensorsTensor } from '../../src/main/formats/safetensors.ts';
import { resolvePipeline } from '../../src/main/nn/index.ts';
import { maskedWords } from '../../src/main/tasks/masked-words.ts';
import { findTask } from '../../src/main/tasks/task.ts';
import { buildModel } from '../../src/main/training/model.ts';
import type { PipelineGraph } from '../../src/shared/spec/pipeline.ts';
import { pipelineGraph } from '../../src/shared/spec/pipeline.ts';
import { engines } from './harness.ts';

interface Size {
  readonly batch: number;
  readonly length: number;
  readonly vocabulary: number;
  readonly predictions: number;
  readonly layers: number;
  readonly features: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly buckets: number;
  readonly maximumDistance: number;
}

interface Matrix {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

type Named = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>;

/** Float32 arithmetic gives 6e-7. */
const tolerance = 3e-6;
const file = path.resolve(import.meta.dirname, '../fixtures/torch/modern-encoders.safetensors');
let recording: SafetensorsFile;
let size: Size;

beforeAll(async () => {
  recording = await readSafetensors(file);
  size = JSON.parse(recording.metadata.size ?? '') as Size;
});

/** torch.nn.Linear keeps [out, in], ours is [in, out]. */
function transposed({ shape, data }: SafetensorsTensor): Matrix {
  const [rows, columns] = shape as readonly [number, number];
  const result = Float32Array.from(data, (_, index) =>
    Number(data[(index % rows) * columns + Math.floor(index / rows)]),
  );
  return { shape: [columns, rows], data: result };
}

/** One of three equal parts along the first axis. */
function third({ shape, data }: SafetensorsTensor, index: number): SafetensorsTensor {
  const [rows = 0, ...rest] = shape;
  const count = data.length / 3;
  return { shape: [rows / 3, ...rest], data: Float32Array.from(data.subarray(index * count, (index + 1) * count)) };
}

const renamed: readonly (readonly [RegExp, string])[] = [
  [/^model\.embeddings\.tok_embeddings\.weight$/, 'backbone/embedding/token'],
  [/^model\.embeddings\.norm\./, 'backbone/embedding/normalisation/'],
  [/^model\.layers\.(\d+)\./, 'backbone/encoder/layer.$1/'],
  [/^model\.relative_positions\.weight$/, 'backbone/encoder/relative-positions'],
  [/^model\.final_norm\./, 'backbone/encoder/normalisation/'],
  [/attn_norm\./, 'attention-normalisation/'],
  [/mlp_norm\./, 'feed-forward-normalisation/'],
  [/attn\.q_norm\./, 'attention/query-normalisation/'],
  [/attn\.k_norm\./, 'attention/key-normalisation/'],
  [/attn\.Wo\./, 'attention/output/'],
  [/mlp\.Wi\./, 'feed-forward/inner/'],
  [/mlp\.Wo\./, 'feed-forward/outer/'],
  [/^head\.dense\./, 'head/masked-words/transform/'],
  [/^head\.norm\./, 'head/masked-words/normalisation/'],
  [/^decoder\.bias$/, 'head/masked-words/bias'],
  [/normalisation\/weight$/, 'normalisation/gain'],
];

/** A tensor of Hugging Face's layout as ours: Wqkv becomes three projections. */
function toOurs(name: string, tensor: SafetensorsTensor): readonly (readonly [string, Matrix])[] {
  const fused = /^(.*)attn\.Wqkv\.(\w+)$/.exec(name);
  if (fused) {
    const parts = ['query', 'key', 'value'] as const;
    return parts.flatMap((part, index) => toOurs(`${fused[1]!}attention/${part}/${fused[2]!}`, third(tensor, index)));
  }
  const ours = renamed.reduce((current, [pattern, replacement]) => current.replace(pattern, replacement), name);
  const isMatrix = tensor.shape.length === 2 && !/\/(token|relative-positions)$/.test(ours);
  return [[ours, isMatrix ? transposed(tensor) : { shape: tensor.shape, data: Float32Array.from(tensor.data) }]];
}

function group(prefix: string): ReadonlyMap<string, Matrix> {
  const own = [...recording.tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(own.flatMap(([name, tensor]) => toOurs(name.slice(prefix.length), tensor)));
}

/** The preset itself, and encoders of the options that it does not use. */
function pipelines({
  layers,
  features,
  heads,
  feedForward,
  buckets,
  maximumDistance,
}: Size): Readonly<Record<string, PipelineGraph>> {
  const encoder = (
    options: Readonly<Record<string, unknown>>,
    embedding: Readonly<Record<string, unknown>>,
  ): PipelineGraph =>
    pipelineGraph.parse({
      blocks: [
        {
          id: 'embedding',
          type: 'token-embedding',
          options: { hiddenSize: features, positions: false, segments: 0, epsilon: 1e-5, dropout: 0, ...embedding },
          inputs: { tokens: 'input.tokens' },
        },
        {
          id: 'encoder',
          type: 'transformer-encoder',
          options: {
            ...{
              layers,
              heads,
              feedForwardSize: feedForward,
              positions: 'rotary',
              normalisation: 'pre',
              epsilon: 1e-5,
            },
            ...{ queryKeyNormalisation: true, dropout: 0, attentionDropout: 0, ...options },
          },
          inputs: { sequence: 'embedding', mask: 'input.mask' },
        },
      ],
      outputs: { sequence: 'encoder', table: 'embedding.table' },
    });
  return {
    modernbert: resolvePipeline({
      preset: 'modern-tiny',
      options: { layers, hiddenSize: features, heads, feedForwardSize: feedForward, rotaryBase: 10_000 },
    }),
    swiglu: encoder({ normalisationType: 'rms', activation: 'swiglu' }, { normalisationType: 'rms' }),
    relative: encoder(
      {
        positions: 'relative',
        buckets,
        maximumDistance,
        activation: 'geglu',
        bias: false,
        normaliseFirst: false,
        queryKeyNormalisation: false,
      },
      { bias: false },
    ),
    causal: encoder({ activation: 'squared-relu', bias: false, causal: true }, { bias: false }),
  };
}

function feedsOf({ batch, length, predictions }: Size): Feeds {
  const recorded = (name: string): Float32Array | Int32Array => {
    const { data } = recording.tensors.get(`feeds/${name}`)!;
    return name === 'mask' ? Float32Array.from(data) : Int32Array.from(data);
  };
  const names = ['tokens', 'mask', 'maskedPositions', 'maskedLabels'];
  return {
    ...Object.fromEntries(names.map((name) => [name, recorded(name)])),
    segments: new Int32Array(batch * length),
    maskedWeights: new Float32Array(batch * predictions).fill(1),
  };
}

/** ‖actual − expected‖ / ‖expected‖ over all tensors as one vector. */
function relativeError(actual: Named, expected: ReadonlyMap<string, Matrix>): number {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  let [difference, norm] = [0, 0];
  for (const [name, { shape, data }] of expected) {
    const found = actual.get(name)!;
    expect(found.shape, name).toEqual(shape);
    data.forEach((value, index) => {
      difference += (found.data[index]! - value) ** 2;
      norm += value ** 2;
    });
  }
  return Math.sqrt(difference / norm);
}

describe.each(engines)('on $name', ({ engine, device }) => {
  it.each(['modernbert', 'swiglu', 'causal', 'relative'])(
    '%s has the loss and the gradients that PyTorch has',
    async (name) => {
      const { batch, length, vocabulary, predictions } = size;
      const options = maskedWords.options.parse({
        ...{ length, maskProbability: 0.5, maximumPredictions: predictions, head: 'modernbert' },
      });
      const facts = { input: { kind: 'tokens', length, vocabularySize: vocabulary } } as const;
      const pipeline = pipelines(size)[name]!;
      const program = buildModel({ task: findTask(maskedWords.type), options, pipeline, facts }, 'training', batch);
      const executable = await engine.compile(program, { optimizer: adamWDefaults, device, threads: 1 });
      await executable.importState({ parameters: group(`${name}/weights/`) });
      const { outputs, gradients } = await executable.gradients(feedsOf(size));
      await executable.release();

      const [expectedLoss] = recording.tensors.get(`${name}/loss`)!.data;
      expect(Math.abs(outputs.loss!.data[0]! / Number(expectedLoss) - 1)).toBeLessThan(tolerance);
      expect(relativeError(gradients, group(`${name}/gradients/`))).toBeLessThan(tolerance);
    },
  );
});
