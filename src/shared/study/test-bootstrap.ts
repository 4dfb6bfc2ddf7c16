/**
 * The bootstrap over test examples: how much would a metric change if other examples of the same kind had been tested? Every
 * resample is drawn once and applied to all runs, so that differences between runs are paired by example (B. Efron and
 * R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 8).
 */
import { randomStream } from '../random.ts';
import type { AnsweredRun } from './answered-run.ts';
import { answeredExamples, weightedMetricOf } from './answered-run.ts';

export interface ResampledMetric {
  /** The metric of each resample, the same resamples for every run. */
  readonly values: Float64Array;
}

/** Weighted labels that one bootstrap may read: about a second of work. */
const MOST_READ = 1e8;
const MOST_RESAMPLES = 1000;
const LEAST_RESAMPLES = 100;

/**
 * The metric of every run in every resample of the examples, which all runs must have answered in the same order; nothing for a
 * metric that cannot be computed from answers.
 * @throws RangeError when the runs answered different numbers of examples.
 */
export function resampleMetric(
  runs: readonly AnsweredRun[],
  metric: string,
  options: { readonly resamples?: number; readonly seed?: number } = {},
): ResampledMetric[] {
  const [first] = runs;
  if (!first) return [];
  const count = answeredExamples(first);
  if (runs.some((run) => answeredExamples(run) !== count)) {
    throw new RangeError('Runs that are compared by example have answered the same examples.');
  }
  const metrics = runs.map((run) => weightedMetricOf(run, metric)).filter((one) => one !== undefined);
  if (count === 0 || metrics.length < runs.length) return [];
  const affordable = Math.floor(MOST_READ / Math.max(1, first.labels.length * runs.length));
  const { resamples = Math.min(MOST_RESAMPLES, Math.max(LEAST_RESAMPLES, affordable)), seed = 0 } = options;
  const result = runs.map(() => ({ values: new Float64Array(resamples) }));
  const weights = new Uint32Array(count);
  const stream = randomStream(seed, count, resamples);
  for (let resample = 0; resample < resamples; resample += 1) {
    weights.fill(0);
    for (let draw = 0; draw < count; draw += 1) weights[stream.integer(count)]! += 1;
    for (const [index, weigh] of metrics.entries()) result[index]!.values[resample] = weigh(weights);
  }
  return result;
}
