/**
 * The Newton–Schulz iteration of Muon (K. Jordan 2024) as a tensor program: all matrices of a network in one call. Five
 * iterations bring every singular value of a matrix between 0.7 and 1.2, whatever its size was.
 */
import type { Program, Value } from '../graph/index.ts';
import {
  add,
  createProgram,
  divide,
  input,
  matmul,
  multiply,
  output,
  scale,
  shift,
  sqrt,
  sum,
} from '../graph/index.ts';
import type { ParameterGroup } from './engine.ts';

export type MatrixFactor = NonNullable<ParameterGroup['matrix']>;

/** Of the quintic polynomial aX + b(XXᵀ)X + c(XXᵀ)²X, chosen by Jordan for its steep slope at 0. */
const [a, b, c] = [3.4445, -4.775, 2.0315] as const;
/** Keeps a gradient of zeros from becoming a division by zero. */
const smallestNorm = 1e-7;

/** A program with an input and an output of each name, [rows, columns]; the outputs are scaled by `scale`. */
export function orthogonalisationProgram(matrices: ReadonlyMap<string, MatrixFactor>, iterations: number): Program {
  const program = createProgram('orthogonalise');
  for (const [name, { rows, columns, scale: factor }] of matrices) {
    const matrix = input(program, name, 'float32', [rows, columns]);
    output(program, name, scale(orthogonalise(matrix, rows > columns, iterations), factor));
  }
  return program;
}

/** A tall matrix is multiplied by its small Gram matrix XᵀX from the right, which is the iteration of its transpose. */
export function orthogonalise(matrix: Value, isTall: boolean, iterations: number): Value {
  const exact = true;
  let x = divide(matrix, shift(sqrt(sum(multiply(matrix, matrix))), smallestNorm));
  for (let iteration = 0; iteration < iterations; iteration++) {
    const gram = isTall ? matmul(x, x, { transposeA: true, exact }) : matmul(x, x, { transposeB: true, exact });
    const polynomial = add(scale(gram, b), matmul(gram, gram, { scale: c, exact }));
    x = add(scale(x, a), isTall ? matmul(x, polynomial, { exact }) : matmul(polynomial, x, { exact }));
  }
  return x;
}
