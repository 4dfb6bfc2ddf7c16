/**
 * Alignments that only move forward: each step of a sequence belongs to one of the places of another, which are passed one after the
 * other, none left out. The probability of a sequence is summed over all alignments, by the forward recursion in log space (L. R.
 * Rabiner 1989); as a loss it aligns text and speech without being shown how (K. Shih et al. 2021, R. Badlani et al. 2022). The
 * backward recursion gives the probability of each place at each step, which is the gradient as well.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { LabError } from '../../../shared/errors.ts';
import type { OnnxEmitter } from '../onnx.ts';
import type { TensorFlow } from '../op.ts';
import { applyAll, at, defineOp, requireFloat } from '../op.ts';
import type { Value } from '../program.ts';
import { sizeAt } from '../shape.ts';
import { reshape } from './broadcasting.ts';
import { multiply, negate } from './elementwise.ts';

/** Stands for the logarithm of 0: adding it never overflows, and exp of it is 0. */
const LOG_ZERO = -1e30;

/** What the recursions are made of; a matrix is [batch, places]. */
interface LogArithmetic<T> {
  add(a: T, b: T): T;
  subtract(a: T, b: T): T;
  exp(x: T): T;
  negate(x: T): T;
  /** log(eᵃ + eᵇ) */
  logAdd(a: T, b: T): T;
  /** Each place has what stood at the one before it, or behind it; `LOG_ZERO` comes in. */
  shift(x: T, by: 1 | -1): T;
  /** log Σ exp along the places, [batch, 1]. */
  total(x: T): T;
  /** `LOG_ZERO` everywhere but at the first place. */
  start(): T;
  /**
   * A sequence less the largest of each step, and the sum of those, [batch, 1]. What is summed over hundreds of steps would have lost in
   * float32 what tells places apart.
   */
  level(sequence: T): { readonly levelled: T; readonly sum: T };
  unstack(sequence: T, steps: number): readonly T[];
  stack(steps: readonly T[]): T;
  /** [batch, 1] → [batch] */
  column(x: T): T;
}

function startOf(places: number): number[] {
  return Array.from({ length: places }, (_, place) => (place === 0 ? 0 : LOG_ZERO));
}

function recursions<T>(a: LogArithmetic<T>, emissions: T, ends: T, steps: number): readonly T[] {
  const { levelled, sum } = a.level(emissions);
  const emission = a.unstack(levelled, steps);
  let forward = a.add(emission[0]!, a.start()); // there is at least one step
  const forwards = [forward];
  for (let step = 1; step < steps; step += 1) {
    forward = a.add(a.logAdd(forward, a.shift(forward, 1)), emission[step]!);
    forwards.push(forward);
  }
  const total = a.total(a.add(forward, ends));
  let backward = ends;
  const backwards = [backward];
  for (let step = steps - 1; step > 0; step -= 1) {
    const later = a.add(backward, emission[step]!);
    backward = a.logAdd(later, a.shift(later, -1));
    backwards.unshift(backward);
  }
  const both = a.add(a.stack(forwards), a.stack(backwards));
  return [a.column(a.negate(a.add(total, sum))), a.exp(a.subtract(both, total))];
}

function onnxArithmetic(emit: OnnxEmitter, [, batch = 0, places = 0]: readonly number[]): LogArithmetic<string> {
  const edge = (): string => emit.one('Expand', [emit.float(LOG_ZERO), emit.ints([batch, 1])]);
  return {
    add: (a, b) => emit.one('Add', [a, b]),
    subtract: (a, b) => emit.one('Sub', [a, b]),
    exp: (x) => emit.one('Exp', [x]),
    negate: (x) => emit.one('Neg', [x]),
    logAdd(a, b) {
      const difference = emit.one('Neg', [emit.one('Abs', [emit.one('Sub', [a, b])])]);
      return emit.one('Add', [emit.one('Max', [a, b]), emit.one('Softplus', [difference])]);
    },
    shift(x, by) {
      if (places === 1) return edge();
      const [from, to] = by === 1 ? [0, places - 1] : [1, places];
      const kept = emit.one('Slice', [x, emit.ints([from]), emit.ints([to]), emit.ints([1])]);
      return emit.one('Concat', by === 1 ? [edge(), kept] : [kept, edge()], { axis: 1 });
    },
    total: (x) => emit.one('ReduceLogSumExp', [x], { axes: [1], keepdims: 1 }),
    start: () => emit.floats(startOf(places)),
    level(sequence) {
      const largest = emit.one('ReduceMax', [sequence], { axes: [2], keepdims: 1 });
      const sum = emit.one('ReduceSum', [largest, emit.ints([0])], { keepdims: 0 });
      return { levelled: emit.one('Sub', [sequence, largest]), sum };
    },
    unstack(sequence, steps) {
      const rows = emit.one('Reshape', [sequence, emit.ints([steps * batch, places])]);
      return steps === 1 ? [rows] : emit.node('Split', [rows], { attributes: { axis: 0 }, outputs: steps });
    },
    stack: (steps) =>
      emit.one('Reshape', [emit.one('Concat', steps, { axis: 0 }), emit.ints([steps.length, batch, places])]),
    column: (x) => emit.one('Reshape', [x, emit.ints([batch])]),
  };
}

function tfjsArithmetic(tf: TensorFlow, [, batch = 0, places = 0]: readonly number[]): LogArithmetic<Tensor> {
  return {
    add: (a, b) => tf.add(a, b),
    subtract: (a, b) => tf.sub(a, b),
    exp: (x) => tf.exp(x),
    negate: (x) => tf.neg(x),
    logAdd: (a, b) => tf.add(tf.maximum(a, b), tf.log1p(tf.exp(tf.neg(tf.abs(tf.sub(a, b)))))),
    shift(x, by) {
      const kept = tf.slice(x, [0, by === 1 ? 0 : 1], [batch, places - 1]);
      const edge = tf.fill([batch, 1], LOG_ZERO);
      return tf.concat(by === 1 ? [edge, kept] : [kept, edge], 1);
    },
    total: (x) => tf.logSumExp(x, 1, true),
    start: () => tf.tensor2d(startOf(places), [1, places]),
    level(sequence) {
      const largest = tf.max(sequence, 2, true);
      return { levelled: tf.sub(sequence, largest), sum: tf.sum(largest, 0) };
    },
    unstack: (sequence) => tf.unstack(sequence),
    stack: (steps) => tf.stack([...steps]),
    column: (x) => tf.reshape(x, [batch]),
  };
}

/** Outputs: −log P [batch]; the probability of each place at each step, [steps, batch, places]. */
const monotonicAlignmentOp = defineOp<Record<string, never>>({
  name: 'monotonic-alignment',
  infer(inputs) {
    const { shape } = requireFloat(at(inputs, 0), 'the emissions');
    const ends = requireFloat(at(inputs, 1), 'the ends').shape;
    if (shape.length !== 3 || ends.length !== 2 || ends[0] !== shape[1] || ends[1] !== shape[2]) {
      throw new LabError('shape', 'an alignment needs emissions [steps, batch, places] and ends [batch, places]');
    }
    return [
      { dtype: 'float32', shape: [sizeAt(shape, 1)] },
      { dtype: 'float32', shape },
    ];
  },
  gradient({ outputs }, [losses, posteriors]) {
    if (posteriors) throw new LabError('internal', 'only the losses of an alignment have a gradient');
    const probabilities = at(outputs, 1);
    const each = losses && reshape(losses, [1, sizeAt(probabilities.shape, 1), 1]);
    return [each && negate(multiply(probabilities, each)), undefined];
  },
  onnx(emit, inputs, { outputs }) {
    const { shape } = at(outputs, 1);
    return recursions(onnxArithmetic(emit, shape), at(inputs, 0), at(inputs, 1), sizeAt(shape, 0));
  },
  tfjs(tf, inputs, { outputs }) {
    const { shape } = at(outputs, 1);
    return recursions(tfjsArithmetic(tf, shape), at(inputs, 0), at(inputs, 1), sizeAt(shape, 0));
  },
  /** About twenty operations for each place of a step, forwards and backwards. */
  flops: ({ outputs }) => at(outputs, 1).shape.reduce((product, size) => product * size, 20),
});

export interface MonotonicAlignment {
  /** −log P of each example, [batch]. */
  readonly losses: Value;
  /** The probability that a step belongs to a place, [steps, batch, places]. It has no gradient. */
  readonly posteriors: Value;
}

/**
 * Aligns the steps of sequences with places. The first step belongs to the first place, the last one to a place where an end is allowed.
 * Where fewer steps than places are real, the emissions of the others are to allow the last place alone.
 * @param emissions log probabilities of a step at a place, [steps, batch, places]
 * @param ends 0 at the places where an alignment may end, far below 0 (−1e30) elsewhere; [batch, places]
 * Throws `LabError('shape')`.
 */
export function monotonicAlignment(emissions: Value, ends: Value): MonotonicAlignment {
  const list = applyAll(monotonicAlignmentOp, [emissions, ends], {});
  return { losses: at(list, 0), posteriors: at(list, 1) };
}
