/**
 * The few operations that recurrences are made of, once as ONNX nodes and once as TensorFlow.js calls, so that the equations
 * of a cell are written a single time (`cells.ts`).
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { OnnxEmitter } from '../../onnx.ts';
import type { TensorFlow } from '../../op.ts';

/**
 * A matrix is [features, batch]: the product of a step is then weights times states, and of its two operands the large one lies as
 * the kernels read it. The other way round they would lay it out anew at every step, which costs a third of their speed.
 */
export interface Arithmetic<T> {
  add(a: T, b: T): T;
  subtract(a: T, b: T): T;
  multiply(a: T, b: T): T;
  oneMinus(x: T): T;
  sigmoid(x: T): T;
  tanh(x: T): T;
  /** a·b + c */
  product(a: T, b: T, c: T | undefined): T;
  transpose(x: T): T;
  /** A vector as a matrix of one column. */
  column(x: T): T;
  /** Equal parts along the features. */
  split(x: T, parts: number): readonly T[];
  /** Along the features. */
  concat(parts: readonly T[]): T;
  /** The column of `a` where the flag [1, batch] is set, that of `b` elsewhere; 0 for a missing one. */
  choose(flag: T, a: T | undefined, b: T | undefined): T;
  /** Steps [features, batch] → [features, steps, batch]. */
  stack(steps: readonly T[], shape: SequenceShape): T;
  /** The reverse. */
  unstack(sequence: T, shape: SequenceShape): readonly T[];
  /** A mask [steps, batch] as a flag [1, batch] for each step: set where it is above a half. */
  flags(mask: T, steps: number): readonly T[];
}

export interface SequenceShape {
  readonly steps: number;
  readonly batch: number;
  readonly features: number;
}

/**
 * Steps that have been stacked, by the name of the whole: whoever takes the sequence apart again gets the steps themselves,
 * and where nobody else reads the whole, its concatenation is dead code. The backward pass thereby reads the states and gates
 * of the forward pass where they are.
 */
const piecesOf = new WeakMap<OnnxEmitter, Map<string, readonly string[]>>();

export function onnxArithmetic(emit: OnnxEmitter): Arithmetic<string> {
  const pieces = piecesOf.get(emit) ?? new Map<string, readonly string[]>();
  piecesOf.set(emit, pieces);
  const takeApart = (whole: string, axis: number, steps: number): readonly string[] =>
    steps === 1 ? [whole] : emit.node('Split', [whole], { attributes: { axis }, outputs: steps });
  return {
    add: (a, b) => emit.one('Add', [a, b]),
    subtract: (a, b) => emit.one('Sub', [a, b]),
    multiply: (a, b) => emit.one('Mul', [a, b]),
    oneMinus: (x) => emit.one('Sub', [emit.float(1), x]),
    sigmoid: (x) => emit.one('Sigmoid', [x]),
    tanh: (x) => emit.one('Tanh', [x]),
    product: (a, b, c) => emit.one('Gemm', c === undefined ? [a, b] : [a, b, c]),
    transpose: (x) => emit.one('Transpose', [x], { perm: [1, 0] }),
    column: (x) => emit.one('Reshape', [x, emit.ints([-1, 1])]),
    split: (x, parts) => emit.node('Split', [x], { attributes: { axis: 0 }, outputs: parts }),
    concat: (parts) => emit.one('Concat', parts, { axis: 0 }),
    choose(flag, a, b) {
      if (!emit.onDevice) return emit.one('Where', [flag, a ?? emit.float(0), b ?? emit.float(0)]);
      const first = a === undefined ? undefined : emit.one('Mul', [flag, a]);
      const second = b === undefined ? undefined : emit.one('Mul', [emit.one('Sub', [emit.float(1), flag]), b]);
      if (first === undefined || second === undefined) return first ?? second ?? emit.float(0);
      return emit.one('Add', [first, second]);
    },
    stack(steps, { batch, features }) {
      const columns = emit.one('Concat', steps, { axis: 1 });
      const whole = emit.one('Reshape', [columns, emit.ints([features, steps.length, batch])]);
      pieces.set(whole, steps);
      return whole;
    },
    unstack(sequence, { steps, batch, features }) {
      const known = pieces.get(sequence);
      if (known) return known;
      const columns = emit.one('Reshape', [sequence, emit.ints([features, steps * batch])]);
      const parts = takeApart(columns, 1, steps);
      pieces.set(sequence, parts);
      return parts;
    },
    flags(mask, steps) {
      const key = `flags of ${mask}`;
      const known = pieces.get(key);
      if (known) return known;
      // Graphics cards neither take flags apart nor transpose them: there they are the numbers 0 and 1.
      const set = emit.onDevice
        ? emit.one('HardSigmoid', [emit.one('Sub', [mask, emit.float(0.5)])], {
            alpha: { float: 1e38 },
            beta: { float: 0 },
          })
        : emit.one('Greater', [mask, emit.float(0.5)]);
      const parts = takeApart(set, 0, steps);
      pieces.set(key, parts);
      return parts;
    },
  };
}

export function tfjsArithmetic(tf: TensorFlow): Arithmetic<Tensor> {
  return {
    add: (a, b) => tf.add(a, b),
    subtract: (a, b) => tf.sub(a, b),
    multiply: (a, b) => tf.mul(a, b),
    oneMinus: (x) => tf.sub(1, x),
    sigmoid: (x) => tf.sigmoid(x),
    tanh: (x) => tf.tanh(x),
    product(a, b, c) {
      const product = tf.matMul(a, b); // the cells multiply matrices only
      return c ? tf.add(product, c) : product;
    },
    transpose: (x) => tf.transpose(x),
    column: (x) => tf.reshape(x, [-1, 1]),
    split: (x, parts) => tf.split(x, parts, 0),
    concat: (parts) => tf.concat([...parts], 0),
    choose(flag, a, b) {
      const shape = a?.shape ?? b?.shape ?? [];
      return tf.where(flag, a ?? tf.zeros(shape), b ?? tf.zeros(shape));
    },
    stack: (steps) => tf.stack([...steps], 1),
    unstack: (sequence) => tf.unstack(sequence, 1),
    flags: (mask, steps) => tf.split(tf.greater(mask, 0.5), steps, 0),
  };
}
