/**
 * The bootstrap over test examples: how much would a metric change if other examples of the same kind had been tested? Every
 * resample is drawn once and applied to all runs, so that differences between runs are paired by example (B. Efron and
 * R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 8).
 */
import { randomStream } from '../random.ts';
import type { AnsweredMetric, AnsweredRun } from './answered-run.ts';
import { weightedMetric } from './answered-run.ts';

export interface ResampledMetric {
  /** The metric of each resample, the same resamples for every run. */
  readonly values: Float64Array;
}

/** Weighted examples that one bootstrap may read: about a second of work. */
const MOST_READ = 1e8;
const MOST_RESAMPLES = 1000;
const LEAST_RESAMPLES = 100;

/**
 * The metric of every run in every resample of the examples, which all runs must have answered in the same order.
 * @throws RangeError when the runs answered different numbers of examples.
 */
export function resampleMetric(
  runs: readonly AnsweredRun[],
  metric: AnsweredMetric,
  options: { readonly resamples?: number; readonly seed?: number } = {},
): ResampledMetric[] {
  const count = runs[0]?.labels.length ?? 0;
  if (runs.some(({ labels }) => labels.length !== count)) {
    throw new RangeError('Runs that are compared by example have answered the same examples.');
  }
  const affordable = Math.floor(MOST_READ / Math.max(1, count * runs.length));
  const { resamples = Math.min(MOST_RESAMPLES, Math.max(LEAST_RESAMPLES, affordable)), seed = 0 } = options;
  const result = runs.map(() => ({ values: new Float64Array(resamples) }));
  if (count === 0) return [];
  const weights = new Uint32Array(count);
  const stream = randomStream(seed, count, resamples);
  for (let resample = 0; resample < resamples; resample += 1) {
    weights.fill(0);
    for (let draw = 0; draw < count; draw += 1) weights[stream.integer(count)]! += 1;
    for (const [index, run] of runs.entries()) result[index]!.values[resample] = weightedMetric(run, metric, weights);
  }
  return result;
}
