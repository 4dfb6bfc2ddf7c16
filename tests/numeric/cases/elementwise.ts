/** Uses of the elementwise ops and activations: equal shapes, broadcasting in both directions, scalars, size-1 axes. */
import type { Value } from '../../../src/main/graph/index.ts';
import {
  absolute,
  add,
  awaitValue,
  cast,
  cosine,
  divide,
  equal,
  erf,
  exp,
  floor,
  gelu,
  geluTanh,
  less,
  log,
  maximum,
  minimum,
  multiply,
  negate,
  clip,
  power,
  relu,
  relu6,
  sigmoid,
  sign,
  silu,
  sine,
  softplus,
  sqrt,
  squaredRelu,
  stopGradient,
  subtract,
  tanh,
  where,
} from '../../../src/main/graph/index.ts';
import { apply, registeredOps } from '../../../src/main/graph/op.ts';
import type { CaseInput, OpCase } from '../harness.ts';

const shapePairs = [
  { title: 'equal shapes', a: [3, 4], b: [3, 4] },
  { title: 'a row', a: [2, 3, 4], b: [4] },
  { title: 'a column against a row', a: [3, 1], b: [1, 4] },
  { title: 'the first is the smaller', a: [1, 4], b: [2, 3, 4] },
  { title: 'a scalar', a: [2, 3], b: [] },
  { title: 'axes of size 1 on both sides', a: [1, 3, 1], b: [2, 1, 1] },
] as const;

function binaryCases(
  op: string,
  build: (a: Value, b: Value) => Value,
  second: Omit<CaseInput, 'shape'> = {},
): OpCase[] {
  return shapePairs.map(({ title, a, b }) => ({
    op,
    title,
    inputs: { a: { shape: a }, b: { shape: b, ...second } },
    build: (values) => build(values.a!, values.b!),
  }));
}

/** Values where float32 and approximations differ most: tails, the neighbourhood of 0, and ordinary ones. */
const range = [-8, -5.5, -4, -3, -2.2, -1.5, -1, -0.75, -0.3, -0.05, 0.02, 0.1, 0.5, 0.8, 1, 1.7, 2.5, 3.3, 4.4, 7];
const fractions = range.map((value) => value + 0.125);

function unaryCases(op: string, build: (x: Value) => Value, data: readonly number[] = range): OpCase[] {
  return [
    { op, title: 'a range of values', inputs: { x: { shape: [4, 5], data } }, build: ({ x }) => build(x!) },
    { op, title: 'a scalar', inputs: { x: { shape: [], data: [0.7] } }, build: ({ x }) => build(x!) },
  ];
}

const positive = range.map((value) => Math.abs(value));

export const elementwiseCases: readonly OpCase[] = [
  ...binaryCases('add', add),
  ...binaryCases('subtract', subtract),
  ...binaryCases('multiply', multiply),
  ...binaryCases('divide', divide, { awayFromZero: 0.5 }),
  ...binaryCases('maximum', maximum),
  ...binaryCases('minimum', minimum),
  ...unaryCases('negate', negate),
  ...unaryCases(
    'exp',
    exp,
    range.map((value) => value / 4),
  ),
  ...unaryCases('log', log, positive),
  ...unaryCases('sqrt', sqrt, positive),
  ...unaryCases('absolute', absolute),
  ...unaryCases('erf', erf),
  ...unaryCases('sine', sine),
  ...unaryCases('cosine', cosine),
  {
    op: 'floor',
    title: 'of both signs',
    inputs: { x: { shape: [4, 5], data: fractions } },
    constant: ['x'],
    build: ({ x }) => floor(x!),
  },
  ...unaryCases('power', (x) => power(x, 3), range.map((value) => value / 2)), // prettier-ignore
  ...unaryCases('power', (x) => power(x, -0.75), positive.map((value) => value + 0.5)), // prettier-ignore
  ...unaryCases('relu', relu),
  ...unaryCases('clip', relu6),
  ...unaryCases('clip', (x) => clip(x, -2.5, 3)),
  ...unaryCases('squared-relu', squaredRelu),
  ...unaryCases('silu', silu),
  ...unaryCases('tanh', tanh),
  ...unaryCases('sigmoid', sigmoid),
  ...unaryCases('softplus', softplus),
  ...unaryCases('gelu', gelu),
  ...unaryCases('gelu-tanh', geluTanh),
  ...['relu-gradient', 'gelu-gradient', 'gelu-tanh-gradient'].map((op): OpCase => ({
    op,
    title: 'on its own',
    inputs: { gradient: { shape: [4, 5] }, x: { shape: [4, 5], data: range } },
    constant: ['gradient', 'x'],
    build: ({ gradient, x }) => apply(registeredOps().get(op)!, [gradient!, x!], {}),
  })),
  {
    op: 'clip-gradient',
    title: 'on its own, at the bounds',
    inputs: { gradient: { shape: [5] }, y: { shape: [5], data: [-1, -0.5, 0, 2, 3] } },
    constant: ['gradient', 'y'],
    build: ({ gradient, y }) =>
      apply(registeredOps().get('clip-gradient')!, [gradient!, y!], { minimum: -1, maximum: 3 }),
  },
  {
    op: 'sign',
    title: 'with a zero',
    inputs: { x: { shape: [3], data: [-2, 0, 5] } },
    constant: ['x'],
    build: ({ x }) => sign(x!),
  },
  ...(['less', 'equal'] as const).flatMap((op): OpCase[] => [
    {
      op,
      title: 'of floats',
      inputs: { a: { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }, b: { shape: [3], data: [3, 2, 1] } },
      build: ({ a, b }) => (op === 'less' ? less : equal)(a!, b!),
    },
    {
      op,
      title: 'of integers',
      inputs: {
        a: { shape: [3, 1], dtype: 'int32', data: [1, 2, 3] },
        b: { shape: [2], dtype: 'int32', data: [2, 3] },
      },
      build: ({ a, b }) => (op === 'less' ? less : equal)(a!, b!),
    },
  ]),
  {
    op: 'where',
    title: 'all broadcast',
    inputs: {
      condition: { shape: [2, 1, 3], dtype: 'bool', data: [1, 0, 1, 0, 0, 1] },
      a: { shape: [4, 3] },
      b: { shape: [1] },
    },
    build: ({ condition, a, b }) => where(condition!, a!, b!),
  },
  {
    op: 'where',
    title: 'of integers',
    inputs: {
      condition: { shape: [2], dtype: 'bool', data: [1, 0] },
      a: { shape: [2], dtype: 'int32', data: [1, 2] },
      b: { shape: [2], dtype: 'int32', data: [-1, -2] },
    },
    build: ({ condition, a, b }) => where(condition!, a!, b!),
  },
  {
    op: 'cast',
    title: 'float to integer',
    inputs: { x: { shape: [4, 5], data: fractions } },
    build: ({ x }) => cast(x!, 'int32'),
  },
  {
    op: 'cast',
    title: 'integer, byte and bool to float',
    inputs: {
      integer: { shape: [3], dtype: 'int32', data: [-7, 0, 9] },
      byte: { shape: [3], dtype: 'uint8', data: [0, 128, 255] },
      bool: { shape: [3], dtype: 'bool', data: [0, 1, 1] },
    },
    build: ({ integer, byte, bool }) => [cast(integer!, 'float32'), cast(byte!, 'float32'), cast(bool!, 'float32')],
  },
  {
    op: 'cast',
    title: 'to bool',
    inputs: { x: { shape: [3], dtype: 'int32', data: [0, 1, 5] } },
    build: ({ x }) => cast(x!, 'bool'),
  },
  {
    op: 'await-value',
    title: 'of a float',
    inputs: { x: { shape: [2, 3] }, y: { shape: [3, 1, 2] } },
    constant: ['y'],
    build: ({ x, y }) => awaitValue(x!, y!),
  },
  {
    op: 'await-value',
    title: 'of whole numbers, for a scalar',
    inputs: { x: { shape: [1], dtype: 'int32', data: [7] }, y: { shape: [] } },
    constant: ['y'],
    build: ({ x, y }) => awaitValue(x!, y!),
  },
  {
    op: 'stop-gradient',
    title: 'of its input',
    inputs: { x: { shape: [2, 3] }, y: { shape: [2, 3] } },
    constant: ['x'],
    build: ({ x, y }) => multiply(stopGradient(x!), y!),
  },
];
