/** Update rules written plainly, in float64: what the engines' chains are compared with. */
import type { ParameterGroup } from '../../../src/main/engines/engine.ts';
import type { Chain } from '../../../src/main/engines/optimizer.ts';
import { momentCount } from '../../../src/main/engines/optimizer.ts';

export interface UpdateFactors {
  readonly learningRate: number;
  /** 1 or less: what clipping multiplies gradients by. */
  readonly gradientScale: number;
  /** Counts from 1. */
  readonly update: number;
  readonly decay: boolean;
  readonly matrix?: ParameterGroup['matrix'];
}

/** One update of one parameter, in place. `moments` are in the order of the chain. */
export function updateReference(
  chain: Chain,
  weights: Float64Array,
  gradient: Float64Array,
  moments: readonly Float64Array[],
  { learningRate, gradientScale, update, decay, matrix }: UpdateFactors,
): void {
  const unused = [...moments];
  let u: Float64Array = gradient.map((value) => value * gradientScale);
  for (const transform of chain) {
    const [first, second] = unused.splice(0, momentCount(transform));
    switch (transform.type) {
      case 'momentum':
        u = u.map((value, index) => {
          const m = (first![index] = transform.decay * first![index]! + value);
          return transform.nesterov ? value + transform.decay * m : m;
        });
        break;
      case 'adam': {
        const { beta1, beta2, epsilon } = transform;
        u = u.map((value, index) => {
          const m = (first![index] = beta1 * first![index]! + (1 - beta1) * value);
          const v = (second![index] = beta2 * second![index]! + (1 - beta2) * value * value);
          return m / (1 - beta1 ** update) / (Math.sqrt(v / (1 - beta2 ** update)) + epsilon);
        });
        break;
      }
      case 'orthogonalise':
        if (matrix) u = orthogonalised(u, matrix.rows, matrix.columns, transform.iterations, matrix.scale);
        break;
      case 'decay':
        if (decay) u = u.map((value, index) => value + transform.rate * weights[index]!);
        break;
      case 'scale':
        u = u.map((value) => value * transform.factor);
        break;
    }
  }
  u.forEach((value, index) => (weights[index]! -= learningRate * value));
}

type Matrix = readonly Float64Array[];

/** K. Jordan's iteration, which transposes matrices that are taller than wide. */
export function orthogonalised(
  flat: Float64Array,
  rows: number,
  columns: number,
  iterations: number,
  gain: number,
): Float64Array {
  const matrix = Array.from({ length: rows }, (_, row) => flat.slice(row * columns, (row + 1) * columns));
  const norm = Math.hypot(...flat) + 1e-7;
  let x = map(rows > columns ? transposed(matrix) : matrix, (value) => value / norm);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const gram = product(x, transposed(x));
    const square = product(gram, gram);
    const b = map(gram, (value, row, column) => -4.775 * value + 2.0315 * square[row]![column]!);
    const change = product(b, x);
    x = map(x, (value, row, column) => 3.4445 * value + change[row]![column]!);
  }
  const result = rows > columns ? transposed(x) : x;
  return Float64Array.from(result.flatMap((row) => [...row].map((value) => value * gain)));
}

function product(a: Matrix, b: Matrix): Matrix {
  return a.map((row) =>
    Float64Array.from(b[0]!, (_, column) => row.reduce((sum, value, k) => sum + value * b[k]![column]!, 0)),
  );
}

function transposed(a: Matrix): Matrix {
  return Array.from(a[0]!, (_, column) => Float64Array.from(a, (row) => row[column]!));
}

function map(a: Matrix, change: (value: number, row: number, column: number) => number): Matrix {
  return a.map((values, row) => values.map((value, column) => change(value, row, column)));
}
