/** A program whose gradients are what is fed to it, and optimizers that train it: what is left is the update rule. */
import type { EngineState, Feeds, ParameterGroup } from '../../src/main/engines/engine.ts';
import type { Chain, OptimizerConfig } from '../../src/main/engines/optimizer.ts';
import { adamWDefaults, chainOf } from '../../src/main/engines/optimizer.ts';
import type { Program, Value } from '../../src/main/graph/index.ts';
import {
  add,
  appendGradients,
  createProgram,
  gather,
  input,
  multiply,
  output,
  parameter,
  sum,
} from '../../src/main/graph/index.ts';
import { randomStream } from '../../src/shared/random.ts';

export const initialiser = { type: 'zeros' } as const;
export const clipped = { ...adamWDefaults, clipNorm: 0.5 };
export const sgd = { type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0.1, clipNorm: 0 } as const;
export const muon = {
  ...adamWDefaults,
  type: 'muon',
  momentum: 0.9,
  nesterov: true,
  iterations: 5,
  matrixRateScale: 4,
  weightDecay: 0.1,
  clipNorm: 0,
} as const;

export const configurations: readonly (readonly [string, OptimizerConfig])[] = [
  ['AdamW', { ...adamWDefaults, weightDecay: 0.1, clipNorm: 0 }],
  ['AdamW with clipping', clipped],
  ['SGD', sgd],
  ['SGD with momentum and clipping', { ...sgd, momentum: 0.9, clipNorm: 1 }],
  ['SGD with Nesterov momentum', { ...sgd, momentum: 0.9, nesterov: true }],
  ['Muon', muon],
  ['Muon without Nesterov momentum and with clipping', { ...muon, nesterov: false, clipNorm: 0.5 }],
  [
    'a chain',
    {
      type: 'chain',
      clipNorm: 0.7,
      transforms: [
        { type: 'decay', rate: 0.2 },
        { type: 'momentum', decay: 0.8, nesterov: true },
        { type: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-3 },
        { type: 'scale', factor: 0.5 },
      ],
    },
  ],
  [
    'a chain with another one for matrices',
    {
      type: 'chain',
      clipNorm: 0,
      transforms: [{ type: 'momentum', decay: 0.5, nesterov: false }],
      matrices: [
        { type: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-3 },
        { type: 'orthogonalise', iterations: 3 },
        { type: 'momentum', decay: 0.5, nesterov: false },
        { type: 'decay', rate: 0.1 },
      ],
    },
  ],
  ['a chain of nothing', { type: 'chain', clipNorm: 0, transforms: [{ type: 'scale', factor: 1 }] }],
];

export function normals(length: number, ...counters: number[]): Float32Array {
  const stream = randomStream(5, ...counters);
  return Float32Array.from({ length }, () => stream.normal());
}

export const shapes = { matrix: [3, 5], tall: [6, 2, 2], vector: [7], table: [6, 2], frozen: [4] } as const;
const tableRows = 4;

/** A loss that is linear in its weights: its gradients are what is fed. */
export function linearProgram(): Program {
  const program = createProgram('linear');
  const weights = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, parameter(program, name, shape, { initialiser })]),
  );
  program.parameters.get('frozen')!.trainable = false;
  const factor = (name: string, shape: readonly number[]): Value => input(program, `factor:${name}`, 'float32', shape);
  const indices = input(program, 'indices', 'int32', [tableRows]);
  const terms = [
    multiply(weights.matrix!, factor('matrix', shapes.matrix)),
    multiply(weights.tall!, factor('tall', shapes.tall)),
    multiply(weights.vector!, factor('vector', shapes.vector)),
    multiply(gather(weights.table!, indices), factor('rows', [tableRows, 2])),
    multiply(weights.table!, factor('table', shapes.table)),
    weights.frozen!,
  ];
  const loss = terms.map((term) => sum(term)).reduce(add);
  output(program, 'loss', loss);
  appendGradients(program, loss);
  return program;
}

export function linearFeeds(step: number, microBatch: number): Feeds {
  return {
    'factor:matrix': normals(15, step, microBatch, 0),
    'factor:tall': normals(24, step, microBatch, 4),
    'factor:vector': normals(7, step, microBatch, 1),
    'factor:rows': normals(tableRows * 2, step, microBatch, 2),
    'factor:table': normals(12, step, microBatch, 3),
    indices: Int32Array.of(step % 6, 5, 5, microBatch),
  };
}

/** The gradients that `linearFeeds` gives, worked out by hand. */
export function linearGradients(feeds: Feeds): Map<string, Float64Array> {
  const table = Float64Array.from(feeds['factor:table']!);
  feeds.indices!.forEach((row, place) => {
    for (const column of [0, 1]) table[row * 2 + column]! += feeds['factor:rows']![place * 2 + column]!;
  });
  return new Map([
    ['matrix', Float64Array.from(feeds['factor:matrix']!)],
    ['tall', Float64Array.from(feeds['factor:tall']!)],
    ['vector', Float64Array.from(feeds['factor:vector']!)],
    ['table', table],
  ]);
}

const groups = {
  matrix: { learningRateScale: 1, decay: true, matrix: { rows: 3, columns: 5, scale: 1.3 } },
  tall: { learningRateScale: 1.5, decay: true, startsAt: 1, matrix: { rows: 6, columns: 4, scale: 1 } },
  vector: { learningRateScale: 0.5, decay: false },
  table: { learningRateScale: 2, decay: true, startsAt: 2 },
} as const;
export const groupOf = (name: string): ParameterGroup => groups[name as keyof typeof groups];
export const startOf = (name: string): number => groupOf(name).startsAt ?? 0;
export const chainFor = (optimizer: OptimizerConfig, name: string): Chain =>
  chainOf(optimizer, name in groups && groupOf(name).matrix !== undefined);

export function startState(): EngineState['parameters'] {
  return new Map(
    Object.entries(shapes).map(([name, shape], index) => [
      name,
      {
        shape,
        data: normals(
          shape.reduce<number>((product, size) => product * size, 1),
          99,
          index,
        ),
      },
    ]),
  );
}

export const learningRateAt = (step: number): number => 0.05 / (1 + step);
