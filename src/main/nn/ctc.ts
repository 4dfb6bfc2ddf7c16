/**
 * Connectionist temporal classification (A. Graves, S. Fernández, F. Gomez, J. Schmidhuber, ICML 2006): the loss of a network
 * that says something at every step, given only what was said in all. The probability of a transcript is summed over all ways
 * to spread it over the steps, with blanks between, by the forward recursion in log space; its derivative is the backward one.
 */
import type { Value } from '../graph/index.ts';
import {
  add,
  constant,
  exp,
  less,
  log,
  logSoftmax,
  matmul,
  max,
  maximum,
  negate,
  oneHot,
  pad,
  reshape,
  sizeAt,
  sliceAxis,
  stopGradient,
  subtract,
  sum,
  where,
} from '../graph/index.ts';
import { LabError } from '../../shared/errors.ts';

/** Stands for the logarithm of 0: adding it never overflows, and exp of it is 0. */
export const LOG_ZERO = -1e30;
/** Transcripts that cannot be spread over the steps have a loss beyond this. */
const IMPOSSIBLE = 1e29;

/** The class of silence; labels count from 1. */
export const BLANK = 0;

/** Transcripts as the loss reads them, with blanks before, between and after the labels: places = 2 · longest + 1. */
export interface CtcTargets<T> {
  /** The class at each place, int32 [batch, places]. */
  readonly places: T;
  /** 0 where a place may follow the one two before it, `LOG_ZERO` elsewhere; [batch, places]. */
  readonly skips: T;
  /** 0 at the places where a transcript may end, `LOG_ZERO` elsewhere; [batch, places]. */
  readonly ends: T;
}

/** Writes transcripts (labels from 1 on) as targets. Throws RangeError for one longer than `longest`. */
export function ctcTargets(
  transcripts: readonly ArrayLike<number>[],
  longest: number,
): { readonly places: Int32Array; readonly skips: Float32Array; readonly ends: Float32Array } {
  const width = 2 * longest + 1;
  const places = new Int32Array(transcripts.length * width).fill(BLANK);
  const skips = new Float32Array(places.length).fill(LOG_ZERO);
  const ends = new Float32Array(places.length).fill(LOG_ZERO);
  for (const [row, labels] of transcripts.entries()) {
    if (labels.length > longest) throw new RangeError(`a transcript of ${labels.length} labels, where ${longest} fit`);
    const start = row * width;
    for (let index = 0; index < labels.length; index++) {
      places[start + 2 * index + 1] = labels[index]!;
      // From one label to the next without a blank, unless they are equal.
      if (index > 0 && labels[index] !== labels[index - 1]) skips[start + 2 * index + 1] = 0;
    }
    ends[start + 2 * labels.length] = 0;
    if (labels.length > 0) ends[start + 2 * labels.length - 1] = 0;
  }
  return { places, skips, ends };
}

/**
 * −log P(transcript) of each example, [batch], from logits [batch, steps, classes], of which class 0 is the blank. `lengths`,
 * float32 [batch], are the numbers of steps that count, at least 1; all of them by default. A transcript that is too long for
 * its steps has the loss 0 and no gradient, as PyTorch's `zero_infinity`. Throws `LabError('shape')`.
 */
export function ctcLosses(logits: Value, { places, skips, ends }: CtcTargets<Value>, lengths?: Value): Value {
  if (logits.shape.length !== 3 || places.shape.length !== 2 || places.shape[0] !== logits.shape[0]) {
    throw new LabError('shape', 'CTC needs logits [batch, steps, classes] and targets [batch, places]');
  }
  const { program } = logits;
  const [batch, steps, classes] = logits.shape as readonly [number, number, number]; // checked above
  const width = sizeAt(places.shape, 1);
  // Picking the classes of the places is a product with one-hot rows, whose gradient is one as well.
  const emissions = matmul(logSoftmax(logits), oneHot(places, classes), { transposeB: true, exact: true });
  const emission = (step: number): Value => reshape(sliceAxis(emissions, 1, step, step + 1), [batch, width]);
  const start = Float32Array.from({ length: width }, (_, place) => (place < 2 ? 0 : LOG_ZERO));

  let forward = add(emission(0), constant(program, start, [1, width]));
  for (let step = 1; step < steps; step++) {
    const shifted = pad(forward, [0, 2], [0, 0], LOG_ZERO);
    const fromBefore = sliceAxis(shifted, 1, 1, width + 1);
    const fromTwoBefore = add(sliceAxis(shifted, 1, 0, width), skips);
    const largest = stopGradient(maximum(maximum(forward, fromBefore), fromTwoBefore));
    const share = (x: Value): Value => exp(subtract(x, largest));
    const total = add(add(share(forward), share(fromBefore)), share(fromTwoBefore));
    const next = add(add(largest, log(total)), emission(step));
    forward = lengths ? where(isBelow(step, lengths, [batch, 1]), next, forward) : next;
  }
  const final = add(forward, ends);
  const largest = stopGradient(max(final, [1], true));
  const losses = negate(add(reshape(largest, [batch]), log(sum(exp(subtract(final, largest)), [1]))));
  const isPossible = less(stopGradient(losses), constant(program, IMPOSSIBLE));
  return where(isPossible, losses, constant(program, new Float32Array(batch), [batch]));
}

/** Whether step numbers are below the lengths, as a condition of the given shape. */
function isBelow(step: number, lengths: Value, shape: readonly number[]): Value {
  return less(constant(lengths.program, step), reshape(lengths, shape));
}
