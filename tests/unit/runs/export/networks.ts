// Networks of every kind with random weights, as exports are given them: no run is trained for what only needs numbers.
import type { Tensor } from '../../../../src/main/engines/engine.ts';
import { elementCount } from '../../../../src/main/graph/index.ts';
import type { PipelineInput } from '../../../../src/main/nn/index.ts';
import { initialParameters, resolvePipeline } from '../../../../src/main/nn/index.ts';
import { exportProgram } from '../../../../src/main/runs/export/network-graph.ts';
import { loadEngine } from '../../../../src/main/runs/engines.ts';
import type { TaskFacts } from '../../../../src/main/tasks/index.ts';
import { findTask } from '../../../../src/main/tasks/index.ts';
import type { Model } from '../../../../src/main/training/model.ts';
import { randomStream } from '../../../../src/shared/random.ts';

export interface Network {
  readonly name: string;
  readonly model: Model;
  /** Sizes that may be chosen when it runs. */
  readonly sizes: readonly string[];
}

const tokens = { kind: 'tokens', length: 24, vocabularySize: 60 } as const;
const image = {
  kind: 'image',
  height: 16,
  width: 16,
  channels: 3,
  statistics: { mean: [0.4, 0.5, 0.6], standardDeviation: [0.2, 0.3, 0.25] },
} as const;
const classes = ['ham', 'spam', 'other'];
const small = { layers: 2, hiddenSize: 16, heads: 2 };

function network(
  name: string,
  [preset, presetOptions]: readonly [string, Readonly<Record<string, unknown>>],
  [task, taskOptions]: readonly [string, Readonly<Record<string, unknown>>],
  input: PipelineInput,
  sizes: readonly string[],
  answers: Partial<TaskFacts> = { classes },
): Network {
  const definition = findTask(task);
  const options = definition.options.parse(taskOptions);
  const pipeline = resolvePipeline({ preset, options: presetOptions });
  return { name, sizes, model: { task: definition, options, pipeline, facts: { input, ...answers } } };
}

const both = ['batch', 'length'];
const words: readonly [string, Readonly<Record<string, unknown>>] = ['masked-words', { length: 24 }];
const texts = (
  pooling: string,
  more: Readonly<Record<string, unknown>> = {},
): readonly [string, Readonly<Record<string, unknown>>] => ['text-classification', { length: 24, pooling, ...more }];

export const textNetworks: readonly Network[] = [
  network('BERT, masked words', ['bert-tiny', { ...small, maximumLength: 32 }], words, tokens, both),
  network('BERT, words and pairs', ['bert-tiny', { ...small, maximumLength: 24 }], ['masked-words-next-sentence', { length: 24 }], tokens, both),
  network('BERT, classes', ['bert-tiny', { ...small, maximumLength: 32 }], texts('first'), tokens, both),
  network('BERT, numbers', ['bert-tiny', { ...small, maximumLength: 32 }], ['regression', { length: 24, features: 'first' }], tokens, both, { targets: { names: ['price', 'area'], means: [3, -1], deviations: [2, 0.5] } }),
  network('BERT, several labels', ['bert-tiny', { ...small, maximumLength: 32 }], ['multi-label', { length: 24, features: 'first' }], tokens, both, { labelSet: { names: ['war', 'drama', 'music'], positiveWeights: [1, 1, 1] } }),
  network('BERT, tags', ['bert-tiny', { ...small, maximumLength: 32 }], ['token-classification', { length: 24 }], tokens, both, { tags: ['O', 'B-PER', 'I-PER'] }),
  network('BERT, numbers by the mean', ['bert-tiny', { ...small, maximumLength: 32 }], ['regression', { length: 24 }], tokens, both, { targets: { names: ['price'], means: [3], deviations: [2] } }),
  network('ModernBERT, masked words', ['modern-tiny', small], ['masked-words', { length: 24, head: 'modernbert' }], tokens, both),
  network('ModernBERT, words and passages', ['modern-tiny', small], ['masked-words-same-document', { length: 24, head: 'modernbert' }], tokens, both),
  network('ModernBERT, classes', ['modern-tiny', small], texts('mean', { hidden: 'gelu-normalised' }), tokens, both),
  network('ModernBERT, classes by the mean', ['modern-tiny', small], texts('mean'), tokens, both),
  network('ModernBERT, classes by the maximum', ['modern-tiny', small], texts('max'), tokens, both),
  network('ModernBERT, classes by attention', ['modern-tiny', small], texts('attention'), tokens, both),
  network('ModernBERT, causal', ['modern-tiny-causal', small], ['next-word', { length: 24 }], tokens, both),
  network('GPT-2, next word', ['gpt-tiny', { ...small, maximumLength: 32 }], ['next-word', { length: 24 }], tokens, both),
  network('LSTM, next word', ['lstm-lm', { hiddenSize: 16 }], ['next-word', { length: 24 }], tokens, ['batch']),
  network('bidirectional LSTM, classes', ['bilstm-attention', { hiddenSize: 16 }], texts('vector'), tokens, ['batch']),
  network('convolution over texts, classes', ['text-cnn', {}], texts('vector'), tokens, both),
]; // prettier-ignore

/** What its scores of tags after each other are is the same for every row. */
export const crfNetwork: Network = network(
  'BERT, tags by a CRF', ['bert-tiny', { ...small, maximumLength: 32 }], ['token-classification', { length: 24, decoder: 'crf' }], tokens, both, { tags: ['O', 'B-PER', 'I-PER'] },
); // prettier-ignore

export const otherNetworks: readonly Network[] = [
  network('ResNet, classes', ['resnet-mini', {}], ['image-classification', {}], image, ['batch']),
  network('patches', ['patch-cnn', {}], ['patch-position', {}], image, ['batch']),
  network('lines', ['crnn', { hiddenSize: 16 }], ['transcription', { longest: 3 }], { ...image, width: 32, channels: 1, statistics: { mean: [0.4], standardDeviation: [0.2] } }, ['batch']),
  network('recordings', ['speech-lstm', { hiddenSize: 16 }], ['audio-classification', {}], { kind: 'frames', length: 24, features: 8 }, ['batch']),
  network('views', ['resnet-mini', {}], ['contrastive-views', {}], image, []),
]; // prettier-ignore

export function randomWeights(model: Model): Map<string, Tensor> {
  const weights = new Map<string, Tensor>(initialParameters(exportProgram({ ...model, everyPosition: true }, 1), 3));
  const random = randomStream(5, 1);
  for (const [name, { shape, data }] of weights) {
    // Biases and gains begin as zeros and ones, which would hide a mistake.
    const isVariance = name.endsWith('variance');
    const moved = Float32Array.from(data, (value) => value + (isVariance ? 1 : 0.3) * random.uniform());
    weights.set(name, { shape, data: shape.length < 2 ? moved : Float32Array.from(data) });
  }
  return weights;
}

/** Rows of inputs by the lab's names, each with another number of real tokens; the rest is padding. */
export function randomFeeds(
  model: Model,
  batch: number,
  used: (row: number) => number,
): Record<string, Int32Array | Float32Array> {
  const { inputs } = exportProgram({ ...model, everyPosition: true }, 1);
  const random = randomStream(11, batch);
  const feeds: Record<string, Int32Array | Float32Array> = {};
  for (const [name, { dtype, shape }] of inputs) {
    const [rows = 1, length = 1, ...rest] = shape;
    const isReal = (place: number): boolean => {
      const row = Math.floor(place / (length * elementCount(rest)));
      return Math.floor((place / elementCount(rest)) % length) < used(row);
    };
    const count = batch * rows * length * elementCount(rest);
    if (name === 'mask') feeds[name] = Float32Array.from({ length: count }, (_, place) => Number(isReal(place)));
    else if (dtype === 'int32') {
      const limit = name === 'segments' ? 2 : 60;
      feeds[name] = Int32Array.from({ length: count }, (_, place) => (isReal(place) ? random.integer(limit) : 0));
    } else feeds[name] = Float32Array.from({ length: count }, () => random.uniform());
  }
  return feeds;
}

export type Outputs = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>>;

/** What the lab itself computes of each row, one at a time and at full length; joined along the batch. */
export async function labOutputs(
  model: Model,
  weights: ReadonlyMap<string, Tensor>,
  batch: number,
  feeds: Readonly<Record<string, Int32Array | Float32Array>>,
): Promise<Outputs> {
  const engine = await loadEngine('onnxruntime');
  await using executable = await engine.compile(exportProgram({ ...model, everyPosition: true }, 1), { threads: 1 });
  await executable.importState({ parameters: weights });
  const joined: Record<string, { shape: number[]; data: number[] }> = {};
  for (let row = 0; row < batch; row += 1) {
    const one = Object.entries(feeds).map(([name, data]) => {
      const size = data.length / batch;
      return [name, data.slice(row * size, (row + 1) * size)] as const;
    });
    for (const [name, { shape, data }] of Object.entries(await executable.run(Object.fromEntries(one)))) {
      const known = (joined[name] ??= { shape: [0, ...shape.slice(1)], data: [] });
      known.shape[0]! += shape[0] ?? 0;
      known.data.push(...data);
    }
  }
  return joined;
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN;
  let largest = 0;
  for (let place = 0; place < a.length; place += 1) largest = Math.max(largest, Math.abs(a[place]! - b[place]!));
  return largest;
}

/** Names of exported inputs by those of the lab. */
export const portNames = { tokens: 'input_ids', mask: 'attention_mask', segments: 'token_type_ids', image: 'pixel_values', frames: 'input_features' } as const; // prettier-ignore
const outputNames: Readonly<Record<string, readonly string[]>> = {
  tokenLogits: ['logits', 'prediction_logits'],
  logits: ['logits', 'seq_relationship_logits'],
  values: ['values'],
  probabilities: ['probabilities'],
  transitions: ['transitions'],
  start: ['start'],
  end: ['end'],
};

/** The largest difference; of the rows' real positions alone where there is one answer for each position. */
export function compareOutputs(actual: Outputs, expected: Outputs, length: number | undefined): number {
  let largest = 0;
  for (const [name, { shape, data }] of Object.entries(expected)) {
    const found = outputNames[name]?.map((one) => actual[one]).find((one) => one?.shape.length === shape.length);
    if (!found) return Number.NaN;
    if (length === undefined || shape.length < 3) {
      largest = Math.max(largest, largestDifference(found.data, data));
      continue;
    }
    const [rows = 0, full = 0, width = 0] = shape;
    if (found.shape.join() !== [rows, length, width].join()) return Number.NaN;
    for (let row = 0; row < rows; row += 1) {
      const own = Array.from(data).slice(row * full * width, (row * full + length) * width);
      const others = Array.from(found.data).slice(row * length * width, (row + 1) * length * width);
      largest = Math.max(largest, largestDifference(others, own));
    }
  }
  return largest;
}
