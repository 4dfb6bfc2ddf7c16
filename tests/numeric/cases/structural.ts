/** Uses of the ops that reduce, multiply matrices, move elements and gather. */
import type { MatmulOptions } from '../../../src/main/graph/index.ts';
import {
  addAt,
  argmax,
  batchGather,
  broadcastTo,
  concat,
  dense,
  expandDimensions,
  gather,
  matmul,
  max,
  mean,
  multiply,
  oneHot,
  pad,
  pick,
  reshape,
  scatterRows,
  slice,
  sliceAxis,
  split,
  stack,
  sum,
  tanh,
  transpose,
} from '../../../src/main/graph/index.ts';
import { sumTo } from '../../../src/main/graph/ops/broadcasting.ts';
import type { CaseInput, OpCase } from '../harness.ts';

const reductions = [
  { op: 'sum', reduce: sum },
  { op: 'mean', reduce: mean },
  { op: 'max', reduce: max },
] as const;

const reductionCases = reductions.flatMap(({ op, reduce }): OpCase[] => [
  { op, title: 'all axes', inputs: { x: { shape: [2, 3, 4] } }, build: ({ x }) => reduce(x!) },
  { op, title: 'the middle axis', inputs: { x: { shape: [2, 3, 4] } }, build: ({ x }) => reduce(x!, [1]) },
  { op, title: 'the last axis, kept', inputs: { x: { shape: [2, 3, 4] } }, build: ({ x }) => reduce(x!, [-1], true) },
  { op, title: 'two axes apart', inputs: { x: { shape: [2, 3, 4] } }, build: ({ x }) => reduce(x!, [-1, 0]) },
  { op, title: 'an axis of size 1', inputs: { x: { shape: [2, 1, 3] } }, build: ({ x }) => reduce(x!, [1]) },
]);

const integers = (shape: readonly number[], data: readonly number[]): CaseInput => ({ shape, dtype: 'int32', data });

const products: readonly { title: string; a: readonly number[]; b: readonly number[]; options?: MatmulOptions }[] = [
  { title: 'matrices', a: [3, 4], b: [4, 2] },
  { title: 'the first transposed', a: [4, 3], b: [4, 2], options: { transposeA: true } },
  { title: 'the second transposed, scaled', a: [3, 4], b: [2, 4], options: { transposeB: true, scale: 0.3 } },
  { title: 'both transposed', a: [4, 3], b: [2, 4], options: { transposeA: true, transposeB: true } },
  { title: 'a single row and column', a: [1, 4], b: [4, 1] },
  { title: 'stacks', a: [2, 3, 4], b: [2, 4, 5] },
  {
    title: 'stacks of stacks, the second transposed',
    a: [2, 2, 3, 4],
    b: [2, 2, 5, 4],
    options: { transposeB: true, scale: 2 },
  },
  { title: 'stacks, the first transposed', a: [2, 4, 3], b: [2, 4, 5], options: { transposeA: true } },
  {
    title: 'stacks, both transposed and scaled',
    a: [2, 4, 3],
    b: [2, 5, 4],
    options: { transposeA: true, transposeB: true, scale: -1.5 },
  },
  { title: 'a stack by one matrix', a: [2, 3, 4], b: [4, 5] },
  { title: 'a stack by one transposed matrix', a: [2, 2, 3, 4], b: [5, 4], options: { transposeB: true, scale: 0.5 } },
];

const table = { shape: [5, 3] };
const repeated = [4, 1, 4, 0, 4, 2];

export const structuralCases: readonly OpCase[] = [
  ...reductionCases,
  {
    op: 'argmax',
    title: 'the last axis',
    inputs: { x: { shape: [3, 4] } },
    constant: ['x'],
    build: ({ x }) => argmax(x!),
  },
  {
    op: 'argmax',
    title: 'the first of equals, in the first axis',
    inputs: { x: { shape: [3, 2], data: [1, 5, 4, 2, 4, 5] } },
    constant: ['x'],
    build: ({ x }) => argmax(x!, 0),
  },
  {
    op: 'sum',
    title: 'to a broadcast shape',
    inputs: { x: { shape: [2, 3, 4] } },
    build: ({ x }) => sumTo(x!, [3, 1]),
  },
  ...products.map(({ title, a, b, options }): OpCase => ({
    op: 'matmul',
    title,
    inputs: { a: { shape: a }, b: { shape: b } },
    build: (values) => matmul(values.a!, values.b!, options),
  })),
  ...[
    [3, 4],
    [2, 3, 4],
  ].map((shape): OpCase => ({
    op: 'dense',
    title: `of rank ${String(shape.length)}`,
    inputs: { x: { shape }, weight: { shape: [4, 2] }, bias: { shape: [2] } },
    build: ({ x, weight, bias }) => dense(x!, weight!, bias),
  })),

  {
    op: 'reshape',
    title: 'with a free size',
    inputs: { x: { shape: [2, 3, 4] } },
    build: ({ x }) => reshape(tanh(x!), [4, -1]),
  },
  {
    op: 'reshape',
    title: 'adding and removing axes',
    inputs: { x: { shape: [3, 1, 2] } },
    build: ({ x }) => expandDimensions(reshape(tanh(x!), [3, 2]), 0),
  },
  {
    op: 'broadcast',
    title: 'new and old axes',
    inputs: { x: { shape: [3, 1] } },
    build: ({ x }) => broadcastTo(x!, [2, 3, 4]),
  },
  { op: 'broadcast', title: 'a scalar', inputs: { x: { shape: [] } }, build: ({ x }) => broadcastTo(x!, [2, 2]) },
  { op: 'transpose', title: 'two axes', inputs: { x: { shape: [2, 3] } }, build: ({ x }) => transpose(x!, [1, 0]) },
  {
    op: 'transpose',
    title: 'a cycle of four',
    inputs: { x: { shape: [2, 3, 1, 4] } },
    build: ({ x }) => transpose(x!, [1, 3, 0, 2]),
  },
  {
    op: 'slice',
    title: 'in two axes',
    inputs: { x: { shape: [3, 2, 5] } },
    build: ({ x }) => slice(x!, [1, 0, 2], [3, 2, 4]),
  },
  {
    op: 'slice',
    title: 'along the last axis',
    inputs: { x: { shape: [3, 5] } },
    build: ({ x }) => sliceAxis(x!, -1, 4, 5),
  },
  {
    op: 'slice',
    title: 'of integers',
    inputs: { x: integers([4], [3, 1, 4, 1]) },
    build: ({ x }) => slice(x!, [1], [3]),
  },
  { op: 'pad', title: 'on some sides', inputs: { x: { shape: [2, 3] } }, build: ({ x }) => pad(x!, [0, 2], [1, 0]) },
  {
    op: 'pad',
    title: 'with a value',
    inputs: { x: { shape: [2, 2] } },
    build: ({ x }) => pad(x!, [1, 1], [1, 1], -3.5),
  },
  { op: 'pad', title: 'integers', inputs: { x: integers([2], [5, 6]) }, build: ({ x }) => pad(x!, [1], [0], -1) },
  {
    op: 'concat',
    title: 'in the middle',
    inputs: { a: { shape: [2, 1, 3] }, b: { shape: [2, 4, 3] }, c: { shape: [2, 2, 3] } },
    build: ({ a, b, c }) => concat([a!, b!, c!], 1),
  },
  {
    op: 'concat',
    title: 'as a new axis',
    inputs: { a: { shape: [2, 3] }, b: { shape: [2, 3] } },
    build: ({ a, b }) => stack([a!, b!], -1),
  },
  {
    op: 'split',
    title: 'into unequal parts',
    inputs: { x: { shape: [2, 6] } },
    build: ({ x }) => split(x!, -1, [1, 3, 2]),
  },
  {
    op: 'split',
    title: 'into equal parts, of which one is unused',
    inputs: { x: { shape: [6, 2] } },
    build: ({ x }) => {
      const [first, , third] = split(x!, 0, 3);
      return multiply(first!, third!);
    },
  },

  {
    op: 'gather',
    title: 'repeated rows',
    inputs: { table, indices: integers([2, 3], repeated) },
    build: (values) => gather(values.table!, values.indices!),
  },
  {
    op: 'gather',
    title: 'elements of a vector',
    inputs: { table: { shape: [5] }, indices: integers([6], repeated) },
    build: (values) => gather(values.table!, values.indices!),
  },
  {
    op: 'gather',
    title: 'rows of a computed table',
    inputs: { table: { shape: [5, 2, 2] }, indices: integers([6], repeated) },
    build: (values) => gather(tanh(values.table!), values.indices!),
  },
  {
    op: 'gather',
    title: 'bytes',
    inputs: { table: { shape: [3, 2], dtype: 'uint8', data: [0, 1, 2, 3, 4, 255] }, indices: integers([2], [2, 0]) },
    build: (values) => gather(values.table!, values.indices!),
  },
  {
    op: 'scatter-rows',
    title: 'repeated indices',
    inputs: { rows: { shape: [2, 3, 2] }, indices: integers([2, 3], repeated) },
    build: ({ rows, indices }) => scatterRows(rows!, indices!, [5, 2]),
  },
  {
    op: 'scatter-rows',
    title: 'scalar rows',
    inputs: { rows: { shape: [6] }, indices: integers([6], repeated) },
    build: ({ rows, indices }) => scatterRows(rows!, indices!, [5]),
  },
  {
    op: 'scatter-rows',
    title: 'many rows on few places, on two threads',
    inputs: {
      rows: { shape: [4096, 8] },
      indices: integers(
        [4096],
        Array.from({ length: 4096 }, (_, index) => (index * 7) % 3),
      ),
    },
    build: ({ rows, indices }) => scatterRows(rows!, indices!, [3, 8]),
  },
  {
    op: 'batch-gather',
    title: 'repeated positions',
    inputs: { x: { shape: [2, 4, 3] }, indices: integers([2, 3], [1, 1, 3, 0, 2, 0]) },
    build: ({ x, indices }) => batchGather(x!, indices!),
  },
  {
    op: 'batch-gather',
    title: 'scalars and planes',
    inputs: { x: { shape: [2, 3] }, y: { shape: [2, 3, 2, 2] }, indices: integers([2, 2], [2, 1, 0, 0]) },
    build: ({ x, y, indices }) => [batchGather(x!, indices!), batchGather(y!, indices!)],
  },
  {
    op: 'one-hot',
    title: 'of any shape',
    inputs: { indices: integers([2, 2], [0, 3, 1, 3]) },
    build: ({ indices }) => oneHot(indices!, 4),
  },
  {
    op: 'pick',
    title: 'one of each row',
    inputs: { x: { shape: [3, 4] }, indices: integers([3], [3, 0, 3]) },
    build: ({ x, indices }) => pick(x!, indices!),
  },
  {
    op: 'add-at',
    title: 'one of each row',
    inputs: { x: { shape: [3, 4] }, indices: integers([3], [3, 0, 3]), amounts: { shape: [3] } },
    build: ({ x, indices, amounts }) => addAt(x!, indices!, amounts!),
  },
];
