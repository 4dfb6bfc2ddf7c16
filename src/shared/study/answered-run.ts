/** What a run answered to each example of a split, and the metrics of any weighting of these examples. */
import type { AnsweredRun } from './answers.ts';
import type { WeightedMetric } from './weighted/weighted-metric.ts';
import { weightedAlignments } from './weighted/alignments.ts';
import { weightedClasses } from './weighted/classes.ts';
import { weightedLabels } from './weighted/labels.ts';
import { weightedNumbers } from './weighted/numbers.ts';
import { weightedTags } from './weighted/tags.ts';

export type * from './answers.ts';

/** What is drawn by a bootstrap: examples, not their labels or words. */
export function answeredExamples(run: AnsweredRun): number {
  if (run.kind === 'tags') return run.ends.length;
  if (run.kind === 'classes' || run.kind === 'alignments') return run.labels.length;
  return run.labels.length / (run.kind === 'numbers' ? run.deviations : run.thresholds).length;
}

/** A metric as a function of how often each example counts; undefined for one that cannot be computed from answers. */
export function weightedMetricOf(run: AnsweredRun, metric: string): WeightedMetric | undefined {
  switch (run.kind) {
    case 'classes':
      return weightedClasses(run, metric);
    case 'numbers':
      return weightedNumbers(run, metric);
    case 'several':
      return weightedLabels(run, metric);
    case 'tags':
      return weightedTags(run, metric);
    case 'alignments':
      return weightedAlignments(run, metric);
  }
}

/** Numbers went through single precision on a scale that differs from seed to seed. */
const SAME_NUMBER = 1e-4;

/** Whether two runs were asked the same examples. */
export function haveSameExamples(one: AnsweredRun, other: AnsweredRun): boolean {
  if (one.kind !== other.kind || one.labels.length !== other.labels.length) return false;
  if (one.kind === 'tags' && other.kind === 'tags' && !areEqual(one.ends, other.ends)) return false;
  if (one.kind === 'alignments' && other.kind === 'alignments' && !areEqual(one.support, other.support)) return false;
  if (one.kind !== 'numbers') return areEqual(one.labels, other.labels);
  const { deviations } = one;
  return areEqual(one.labels, other.labels, (index) => SAME_NUMBER * deviations[index % deviations.length]!);
}

function areEqual(
  one: ArrayLike<number>,
  other: ArrayLike<number>,
  tolerance: (index: number) => number = () => 0,
): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) {
    if (Math.abs(one[index]! - other[index]!) > tolerance(index)) return false;
  }
  return true;
}
