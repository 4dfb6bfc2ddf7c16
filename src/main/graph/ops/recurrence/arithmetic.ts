/**
 * The few operations that recurrences are made of, once as ONNX nodes and once as TensorFlow.js calls, so that the equations
 * of a cell are written a single time (`cells.ts`).
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { OnnxEmitter } from '../../onnx.ts';
import type { TensorFlow } from '../../op.ts';

/** A matrix is [batch, features] unless said otherwise. */
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
  /** Equal parts along the last axis. */
  split(x: T, parts: number): readonly T[];
  /** Along the last axis. */
  concat(parts: readonly T[]): T;
  /** The row of `a` where the flag [batch, 1] is set, that of `b` elsewhere; 0 for a missing one. */
  choose(flag: T, a: T | undefined, b: T | undefined): T;
  /** Steps [batch, features] → [steps, batch, features]. */
  stack(steps: readonly T[], shape: SequenceShape): T;
  /** The reverse. */
  unstack(sequence: T, shape: SequenceShape): readonly T[];
  /** A mask [steps, batch] as a flag [batch, 1] for each step: set where it is above a half. */
  flags(mask: T, shape: Pick<SequenceShape, 'steps' | 'batch'>): readonly T[];
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
  const takeApart = (rows: string, steps: number): readonly string[] =>
    steps === 1 ? [rows] : emit.node('Split', [rows], { attributes: { axis: 0 }, outputs: steps });
  return {
    add: (a, b) => emit.one('Add', [a, b]),
    subtract: (a, b) => emit.one('Sub', [a, b]),
    multiply: (a, b) => emit.one('Mul', [a, b]),
    oneMinus: (x) => emit.one('Sub', [emit.float(1), x]),
    sigmoid: (x) => emit.one('Sigmoid', [x]),
    tanh: (x) => emit.one('Tanh', [x]),
    product: (a, b, c) => emit.one('Gemm', c === undefined ? [a, b] : [a, b, c]),
    transpose: (x) => emit.one('Transpose', [x], { perm: [1, 0] }),
    split: (x, parts) => emit.node('Split', [x], { attributes: { axis: 1 }, outputs: parts }),
    concat: (parts) => emit.one('Concat', parts, { axis: 1 }),
    choose: (flag, a, b) => emit.one('Where', [flag, a ?? emit.float(0), b ?? emit.float(0)]),
    stack(steps, { batch, features }) {
      const rows = emit.one('Concat', steps, { axis: 0 });
      const whole = emit.one('Reshape', [rows, emit.ints([steps.length, batch, features])]);
      pieces.set(whole, steps);
      return whole;
    },
    unstack(sequence, { steps, batch, features }) {
      const known = pieces.get(sequence);
      if (known) return known;
      const rows = emit.one('Reshape', [sequence, emit.ints([steps * batch, features])]);
      const parts = takeApart(rows, steps);
      pieces.set(sequence, parts);
      return parts;
    },
    flags(mask, { steps, batch }) {
      const key = `flags of ${mask}`;
      const known = pieces.get(key);
      if (known) return known;
      const real = emit.one('Greater', [mask, emit.float(0.5)]);
      const parts = takeApart(emit.one('Reshape', [real, emit.ints([steps * batch, 1])]), steps);
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
    split: (x, parts) => tf.split(x, parts, 1),
    concat: (parts) => tf.concat([...parts], 1),
    choose(flag, a, b) {
      const shape = a?.shape ?? b?.shape ?? [];
      return tf.where(flag, a ?? tf.zeros(shape), b ?? tf.zeros(shape));
    },
    stack: (steps) => tf.stack([...steps]),
    unstack: (sequence) => tf.unstack(sequence),
    flags: (mask, { batch }) => tf.unstack(tf.greater(mask, 0.5)).map((flag) => tf.reshape(flag, [batch, 1])),
  };
}
