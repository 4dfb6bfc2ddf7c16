/** Losses of numbers, on a scale where each target has deviation 1 in training. */
import type { Value } from '../../graph/index.ts';
import {
  absolute,
  constant,
  divide,
  less,
  maximum,
  multiply,
  reshape,
  scale,
  shift,
  sizeAt,
  subtract,
  sum,
  where,
} from '../../graph/index.ts';

export const regressionLosses = ['squared', 'absolute', 'huber'] as const;
export type RegressionLoss = (typeof regressionLosses)[number];

/**
 * Mean over the targets of the examples that count. Squared errors are not halved; Huber's are, up to a distance of 1, from where on
 * the loss grows with the distance (P. Huber 1964).
 * @param predicted [batch, targets]
 * @param truth the same
 * @param weights [batch]; 0 for padding
 */
export function regressionLoss(predicted: Value, truth: Value, weights: Value, kind: RegressionLoss): Value {
  const { program } = predicted;
  const targets = sizeAt(predicted.shape, 1);
  const difference = subtract(predicted, truth);
  const errors = multiply(errorsOf(difference, kind), reshape(weights, [-1, 1]));
  return divide(sum(errors), scale(maximum(sum(weights), constant(program, 1)), targets));
}

function errorsOf(difference: Value, kind: RegressionLoss): Value {
  if (kind === 'squared') return multiply(difference, difference);
  const distance = absolute(difference);
  if (kind === 'absolute') return distance;
  const near = less(distance, constant(difference.program, 1));
  return where(near, scale(multiply(difference, difference), 0.5), shift(distance, -0.5));
}
