/**
 * Metrics of weighted examples with classes. Definitions as in `tasks/metrics/classification.ts`: macro-F1 is over the classes that
 * occur among labels or predictions, balanced accuracy over those that have examples.
 */
import type { AnsweredClasses } from '../answers.ts';
import type { WeightedMetric } from './weighted-metric.ts';
import { weightedMean } from './weighted-metric.ts';

/** NaN without examples, or for a loss that is not known. */
export function weightedClasses(run: AnsweredClasses, metric: string): WeightedMetric | undefined {
  switch (metric) {
    case 'loss':
      return run.losses === null ? () => Number.NaN : weightedMean(run.losses);
    case 'accuracy':
    case 'macroF1':
    case 'balancedAccuracy':
      return (weights) => shareOf(run, metric, weights);
    default:
      return undefined;
  }
}

function shareOf(
  { labels, predicted, classCount }: AnsweredClasses,
  metric: 'accuracy' | 'macroF1' | 'balancedAccuracy',
  weights: ArrayLike<number>,
): number {
  const support = new Float64Array(classCount);
  const found = new Float64Array(classCount);
  const answered = new Float64Array(classCount);
  let total = 0;
  let right = 0;
  for (let example = 0; example < labels.length; example += 1) {
    const weight = weights[example]!;
    if (weight === 0) continue;
    const label = labels[example]!;
    const prediction = predicted[example]!;
    total += weight;
    support[label]! += weight;
    answered[prediction]! += weight;
    if (label === prediction) {
      found[label]! += weight;
      right += weight;
    }
  }
  if (metric === 'accuracy') return right / total;
  if (metric === 'macroF1') return meanF1(found, answered, support);
  let sum = 0;
  let present = 0;
  for (let label = 0; label < classCount; label += 1) {
    if (support[label] === 0) continue;
    sum += found[label]! / support[label]!;
    present += 1;
  }
  return sum / present;
}

/** Over the classes that occur or were answered. */
export function meanF1(found: Float64Array, answered: Float64Array, support: Float64Array): number {
  let sum = 0;
  let present = 0;
  for (let label = 0; label < support.length; label += 1) {
    const both = support[label]! + answered[label]!;
    if (both === 0) continue;
    sum += (2 * found[label]!) / both;
    present += 1;
  }
  return sum / present;
}
