/**
 * Linear-chain conditional random fields (J. Lafferty, A. McCallum and F. Pereira 2001): a sequence of tags is scored by its emissions
 * and by what follows what. The loss is −log P(tags), with the forward algorithm in log space as a program; its gradient, the
 * difference of expected and true counts, comes from differentiating that.
 */
import { LabError } from '../../shared/errors.ts';
import {
  add,
  constant,
  exp,
  less,
  log,
  matmul,
  max,
  multiply,
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
import type { Value } from '../graph/program.ts';

export interface CrfScores<T> {
  /** [tags, tags]: from the tag of a row to that of a column. */
  readonly transitions: T;
  /** [tags]: of the first tag. */
  readonly start: T;
  /** [tags]: of the last tag. */
  readonly end: T;
}

/**
 * −log P(tags) of each sequence, [batch].
 * @param emissions [batch, steps, tags]
 * @param tags int32 [batch, steps]; those of padding are any tag
 * @param mask float32 [batch, steps]: 1 at the real steps, of which there is at least one and which come first
 * Throws `LabError('shape')`.
 */
export function crfLosses(emissions: Value, tags: Value, mask: Value, scores: CrfScores<Value>): Value {
  if (emissions.shape.length !== 3 || tags.shape.length !== 2 || sizeAt(tags.shape, 1) !== emissions.shape[1]) {
    throw new LabError('shape', 'a CRF needs emissions [batch, steps, tags] and tags [batch, steps]');
  }
  return subtract(logPartition(emissions, mask, scores), scoreOf(emissions, tags, mask, scores));
}

/** Of the tags that are given, [batch]. */
function scoreOf(emissions: Value, tags: Value, mask: Value, { transitions, start, end }: CrfScores<Value>): Value {
  const [, steps, count] = emissions.shape as readonly [number, number, number]; // checked by the caller
  const chosen = oneHot(tags, count);
  const masked = (value: Value, by: Value): Value => sum(multiply(sum(value, [2]), by), [1]);
  const row = (value: Value): Value => reshape(value, [1, 1, count]);
  const first = sliceAxis(chosen, 1, 0, 1);
  let score = add(masked(multiply(emissions, chosen), mask), sum(multiply(first, row(start)), [1, 2]));
  if (steps > 1) {
    const before = sliceAxis(chosen, 1, 0, steps - 1);
    const after = sliceAxis(chosen, 1, 1, steps);
    const followed = multiply(matmul(before, transitions, { exact: true }), after);
    score = add(score, masked(followed, sliceAxis(mask, 1, 1, steps)));
  }
  // The last real step is the one behind which there is none.
  const isLast = subtract(mask, sliceAxis(pad(mask, [0, 0], [0, 1], 0), 1, 1, steps + 1));
  return add(score, masked(multiply(chosen, row(end)), isLast));
}

/** The logarithm of the sum over all sequences of tags, [batch]: one product with the transitions for each step. */
function logPartition(emissions: Value, mask: Value, { transitions, start, end }: CrfScores<Value>): Value {
  const { program } = emissions;
  const [batch, steps, count] = emissions.shape as readonly [number, number, number]; // checked by the caller
  const emission = (step: number): Value => reshape(sliceAxis(emissions, 1, step, step + 1), [batch, count]);
  const largestMove = stopGradient(max(transitions));
  const moves = exp(subtract(transitions, largestMove));
  let forward = add(emission(0), reshape(start, [1, count]));
  for (let step = 1; step < steps; step += 1) {
    const largest = stopGradient(max(forward, [1], true));
    const reached = log(matmul(exp(subtract(forward, largest)), moves, { exact: true }));
    const next = add(add(add(reached, largest), largestMove), emission(step));
    const isReal = less(constant(program, 0.5), sliceAxis(mask, 1, step, step + 1));
    forward = where(isReal, next, forward);
  }
  const final = add(forward, reshape(end, [1, count]));
  const largest = stopGradient(max(final, [1], true));
  return add(reshape(largest, [batch]), log(sum(exp(subtract(final, largest)), [1])));
}
