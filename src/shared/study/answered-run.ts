/** What a run answered to each example of a split, and the metrics of any weighting of these examples. */

export interface AnsweredRun {
  /** True class of each example. */
  readonly labels: ArrayLike<number>;
  /** Predicted class of each example, in the same order. */
  readonly predicted: ArrayLike<number>;
  /** Negative log likelihood of each example in nats; null where it is not known. */
  readonly losses: ArrayLike<number> | null;
  readonly classCount: number;
}

/** Metrics that can be computed anew from answers. */
const answeredMetrics = ['accuracy', 'macroF1', 'balancedAccuracy', 'loss'] as const;
export type AnsweredMetric = (typeof answeredMetrics)[number];

export function isAnsweredMetric(metric: string): metric is AnsweredMetric {
  return answeredMetrics.some((known) => known === metric);
}

/**
 * The metric when example i counts `weights[i]` times, as a bootstrap resample has it. Definitions as in
 * `tasks/metrics/classification.ts`: macro-F1 is over the classes that occur among labels or predictions, balanced accuracy over
 * those that have examples. NaN without examples, or for a loss that is not known.
 */
export function weightedMetric(run: AnsweredRun, metric: AnsweredMetric, weights: ArrayLike<number>): number {
  if (metric === 'loss') return weightedLoss(run, weights);
  const { labels, predicted, classCount } = run;
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
  let sum = 0;
  let present = 0;
  for (let label = 0; label < classCount; label += 1) {
    if (metric === 'balancedAccuracy') {
      if (support[label] === 0) continue;
      sum += found[label]! / support[label]!;
      present += 1;
    } else if (support[label]! + answered[label]! > 0) {
      sum += (2 * found[label]!) / (support[label]! + answered[label]!);
      present += 1;
    }
  }
  return sum / present;
}

function weightedLoss({ losses }: AnsweredRun, weights: ArrayLike<number>): number {
  if (losses === null) return Number.NaN;
  let sum = 0;
  let total = 0;
  for (let example = 0; example < losses.length; example += 1) {
    sum += weights[example]! * losses[example]!;
    total += weights[example]!;
  }
  return sum / total;
}
