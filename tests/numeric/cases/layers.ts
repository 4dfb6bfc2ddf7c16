/** Uses of the ops that are whole layers: softmax, normalisation, attention, losses, dropout. */
import type { Value } from '../../../src/main/graph/index.ts';
import {
  attention,
  crossEntropy,
  layerNormalization,
  linearCrossEntropy,
  logSoftmax,
  multiply,
  rmsNormalization,
  rotaryAngles,
  rotate,
  softmax,
  tanh,
} from '../../../src/main/graph/index.ts';
import { apply, applyAll, registeredOps } from '../../../src/main/graph/op.ts';
import type { CaseInput, OpCase } from '../harness.ts';

const labels: CaseInput = { shape: [4], dtype: 'int32', data: [2, 0, 4, 2] };
const weights: CaseInput = { shape: [4], data: [1, 0.5, 0, 2] };
const heads = { query: { shape: [2, 2, 3, 4] }, key: { shape: [2, 2, 5, 4] }, value: { shape: [2, 2, 5, 3] } } as const;
const extreme = [90, -90, 0.5, 1, 2, 3, -1000, 0, 1000, 5, 5, 5];

/** The op with a given mask: `attention` itself draws one. */
function maskedAttention({ query, key, value, bias, mask }: Readonly<Record<string, Value>>): Value {
  const extras = [...(bias ? [bias] : []), mask!];
  const attributes = { scale: 0.5, hasBias: bias !== undefined, hasMask: true };
  return applyAll(registeredOps().get('attention')!, [query!, key!, value!, ...extras], attributes)[0]!;
}

const mask: CaseInput = {
  shape: [2, 2, 3, 5],
  data: Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? 0 : 1.5)),
};

export const layerCases: readonly OpCase[] = [
  { op: 'softmax', title: 'of a matrix', inputs: { x: { shape: [3, 4] } }, build: ({ x }) => softmax(x!) },
  {
    op: 'softmax',
    title: 'of extreme values',
    inputs: { x: { shape: [4, 3], data: extreme } },
    build: ({ x }) => softmax(x!),
  },
  { op: 'softmax', title: 'of rank 4', inputs: { x: { shape: [2, 1, 3, 4] } }, build: ({ x }) => softmax(x!) },
  { op: 'log-softmax', title: 'of rank 3', inputs: { x: { shape: [2, 3, 4] } }, build: ({ x }) => logSoftmax(x!) },
  {
    op: 'log-softmax',
    title: 'of extreme values',
    inputs: { x: { shape: [4, 3], data: extreme } },
    build: ({ x }) => logSoftmax(x!),
  },
  {
    op: 'standardise',
    title: 'on its own',
    inputs: { x: { shape: [3, 5] } },
    constant: ['x'],
    build: ({ x }) => apply(registeredOps().get('standardise')!, [x!], { epsilon: 1e-5 }),
  },
  ...[[4, 6], [2, 3, 5], [7]].map((shape): OpCase => ({
    op: 'layer-normalization',
    title: `of rank ${String(shape.length)}`,
    inputs: { x: { shape }, gain: { shape: shape.slice(-1) }, bias: { shape: shape.slice(-1) } },
    build: ({ x, gain, bias }) => layerNormalization(x!, gain!, bias, 1e-5),
  })),
  {
    op: 'layer-normalization',
    title: 'far from zero',
    inputs: {
      x: { shape: [2, 4], data: [30, 31, 29, 30.5, -30, -31, -29, -30.5] },
      gain: { shape: [4] },
      bias: { shape: [4] },
    },
    build: ({ x, gain, bias }) => layerNormalization(x!, gain!, bias, 1e-5),
  },
  {
    op: 'layer-normalization',
    title: 'without a bias',
    inputs: { x: { shape: [4, 6] }, gain: { shape: [6] } },
    build: ({ x, gain }) => layerNormalization(x!, gain!, undefined, 1e-5),
  },
  ...[[4, 6], [2, 3, 5], [7]].map((shape): OpCase => ({
    op: 'rms-normalization',
    title: `of rank ${String(shape.length)}`,
    inputs: { x: { shape }, gain: { shape: shape.slice(-1) } },
    build: ({ x, gain }) => rmsNormalization(x!, gain!, 1e-5),
  })),
  {
    op: 'rms-normalization',
    title: 'of a vector of nearly nothing',
    inputs: { x: { shape: [2, 2], data: [1e-4, -2e-4, 3, 4] }, gain: { shape: [2] } },
    build: ({ x, gain }) => rmsNormalization(x!, gain!, 1e-2),
  },
  {
    op: 'rotary',
    title: 'of two heads',
    inputs: { x: { shape: [2, 2, 5, 6] } },
    build: ({ x }) => rotate(x!, rotaryAngles(x!.program, 5, 6, 100)),
  },
  {
    op: 'rotary',
    title: 'of a long sequence',
    inputs: { x: { shape: [1, 1, 300, 8] } },
    build: ({ x }) => rotate(x!, rotaryAngles(x!.program, 300, 8, 10_000)),
  },
  {
    op: 'attention',
    title: 'plain',
    inputs: heads,
    build: ({ query, key, value }) => attention(query!, key!, value!, { scale: 0.5 }),
  },
  {
    op: 'attention',
    title: 'with a padding bias and three axes',
    inputs: {
      query: { shape: [2, 3, 4] },
      key: { shape: [2, 3, 4] },
      value: { shape: [2, 3, 4] },
      bias: { shape: [2, 1, 3], data: [0, 0, -10000, 0, -10000, -10000] },
    },
    build: ({ query, key, value, bias }) => attention(query!, key!, value!, { scale: 0.7, bias: bias! }),
  },
  {
    op: 'attention',
    title: 'with a trained bias shared by the batch',
    inputs: { ...heads, bias: { shape: [1, 2, 3, 5] } },
    build: ({ query, key, value, bias }) => attention(query!, key!, value!, { scale: 0.5, bias: bias! }),
  },
  {
    op: 'attention',
    title: 'with a mask on the probabilities',
    inputs: { ...heads, mask },
    constant: ['mask'],
    build: maskedAttention,
  },
  {
    op: 'attention',
    title: 'with bias and mask',
    inputs: { ...heads, bias: { shape: [3, 5] }, mask },
    constant: ['mask'],
    build: maskedAttention,
  },
  {
    op: 'softmax-cross-entropy',
    title: 'weighted',
    inputs: { logits: { shape: [4, 5] }, labels, weights },
    build: (values) => {
      const { loss, losses, predictions } = crossEntropy(values.logits!, values.labels!, values.weights!);
      return [loss, losses, predictions];
    },
  },
  {
    op: 'softmax-cross-entropy',
    title: 'smoothed',
    inputs: { logits: { shape: [4, 5] }, labels, weights },
    build: (values) => crossEntropy(values.logits!, values.labels!, values.weights!, { labelSmoothing: 0.1 }).loss,
  },
  {
    op: 'softmax-cross-entropy',
    title: 'of a label whose probability underflows',
    inputs: {
      logits: { shape: [2, 3], data: [200, 0, -200, 0, 0, 0] },
      labels: { shape: [2], dtype: 'int32', data: [2, 1] },
      weights: { shape: [2], data: [1, 1] },
    },
    build: (values) => crossEntropy(values.logits!, values.labels!, values.weights!).loss,
  },
  ...[true, false].map((hasBias): OpCase => ({
    op: 'linear-cross-entropy',
    title: hasBias ? 'with a bias' : 'without a bias',
    inputs: {
      hidden: { shape: [4, 3] },
      table: { shape: [5, 3] },
      ...(hasBias && { bias: { shape: [5] } }),
      labels,
      weights,
    },
    build: ({ hidden, table, bias, labels: ids, weights: each }) => {
      const { loss, losses, predictions } = linearCrossEntropy(hidden!, table!, ids!, each!, bias ? { bias } : {});
      return [loss, losses, predictions];
    },
  })),
  {
    op: 'linear-cross-entropy',
    title: 'on a computed table',
    inputs: { hidden: { shape: [4, 3] }, table: { shape: [5, 3] }, labels, weights },
    build: (values) => linearCrossEntropy(values.hidden!, tanh(values.table!), values.labels!, values.weights!).loss,
  },
  {
    op: 'window',
    title: 'at an offset',
    inputs: { pool: { shape: [8] }, offset: { shape: [1], dtype: 'int32', data: [3] }, x: { shape: [4] } },
    constant: ['pool'],
    build: ({ pool, offset, x }) =>
      multiply(x!, apply(registeredOps().get('window')!, [pool!, offset!], { length: 4 })),
  },
];
