/**
 * The gain of one arm of a study over another, and how sure it is. Two things make a gain uncertain: which labels, initial weights
 * and order a run happened to have (its seed), and which examples happened to be in the test. Seeds and examples are crossed:
 * every run of a study answers the same test examples. With d(s, i) = gain + a(s) + b(i) + e(s, i) the mean over S seeds and N
 * examples has the variance σa²/S + σb²/N + σe²/(S·N), whose parts are estimated from the spread over seeds, σa²/S + σe²/(S·N), and
 * from a bootstrap over examples, σb²/N + σe²/(S·N); what is in both is counted once.
 */
import type { Interval } from '../stats.ts';
import { mean, studentCdf, studentQuantile, studentTwoSided, variance, quantile } from '../stats.ts';
import type { ResampledMetric } from './test-bootstrap.ts';

export interface SeedPair {
  readonly first: number;
  readonly second: number;
  /** Both metrics in the same resamples of the test examples, where answers were kept. */
  readonly resampled?: { readonly first: ResampledMetric; readonly second: ResampledMetric } | undefined;
}

export interface GainOptions {
  /** Number of examples in the test; only its order of magnitude matters. */
  readonly testExamples?: number | undefined;
  /**
   * For seeds whose splits differ: the share of all examples that a test has. Their tests and trainings overlap, so seeds are no
   * independent repetitions (C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine Learning 52, 2003).
   */
  readonly testFraction?: number | undefined;
  readonly confidence?: number;
}

export interface Gain {
  /** mean(first) − mean(second). */
  readonly gain: number;
  /** Over seeds: what other labels, weights and orders would change, on these test examples. Null with one seed. */
  readonly overSeeds: Interval | null;
  /** Over test examples: what other examples would change, with these networks. Null where answers were not kept. */
  readonly overExamples: Interval | null;
  /** Over both, which is what a claim needs; over seeds alone where answers were not kept. Null with one seed. */
  readonly interval: Interval | null;
  readonly pValue: number | null;
  readonly uncertainty: Uncertainty | null;
}

/** The parts of a gain's variance; `seeds` falls with their number, `examples` does not. */
export interface Uncertainty {
  readonly seedCount: number;
  /** Of a single seed: σa² + σe²/N, times the correction for splits that differ. */
  readonly oneSeed: number;
  /** σb²/N. */
  readonly examples: number;
  readonly testExamples: number;
}

/** @throws RangeError without pairs. */
export function pairedGain(pairs: readonly SeedPair[], options: GainOptions = {}): Gain {
  const { testExamples = Number.POSITIVE_INFINITY, testFraction, confidence = 0.95 } = options;
  if (pairs.length === 0) throw new RangeError('A gain needs at least one pair of runs.');
  const differences = pairs.map(({ first, second }) => first - second);
  const gain = mean(differences);
  const count = pairs.length;
  const resampled = resampledDifferences(pairs);
  const overExamples = resampled && percentiles(resampled.together, confidence);
  if (count < 2) return { gain, overSeeds: null, overExamples, interval: null, pValue: null, uncertainty: null };

  // (1/J + n₂/n₁) s² instead of s²/J.
  const correction = testFraction === undefined ? 1 : 1 + (count * testFraction) / (1 - testFraction);
  const oneSeed = variance(differences) * correction;
  const seeds = { variance: oneSeed / count, degrees: count - 1 };
  // Splits that differ have other test examples as well: their chance is among that of the seeds already.
  const examples = resampled && testFraction === undefined ? examplesAlone(resampled, count) : 0;
  const overSeeds = studentInterval(gain, Math.sqrt(seeds.variance), seeds.degrees, confidence);
  const degrees = freedom(seeds, { variance: examples, degrees: Math.max(1, testExamples - 1) });
  const standardError = Math.sqrt(seeds.variance + examples);
  // With more degrees of freedom the interval over both could be the narrower one, which few seeds do not justify.
  const interval = widerOf(studentInterval(gain, standardError, degrees, confidence), overSeeds);
  return {
    gain,
    overSeeds,
    overExamples,
    interval,
    pValue: Math.max(
      studentTwoSided(gain, standardError, degrees),
      studentTwoSided(gain, Math.sqrt(seeds.variance), seeds.degrees),
    ),
    uncertainty: { seedCount: count, oneSeed, examples, testExamples },
  };
}

interface ResampledDifferences {
  readonly single: readonly Float64Array[];
  /** Mean over the seeds, resample by resample. */
  readonly together: Float64Array;
}

/** Undefined unless every seed has its answers. */
function resampledDifferences(pairs: readonly SeedPair[]): ResampledDifferences | null {
  const single: Float64Array[] = [];
  for (const { resampled } of pairs) {
    if (!resampled) return null;
    const { first, second } = resampled;
    single.push(first.values.map((value, index) => value - (second.values[index] ?? Number.NaN)));
  }
  const together = Float64Array.from(single[0] ?? [], (_, index) => mean(single.map((values) => values[index] ?? 0)));
  return together.some(Number.isNaN) ? null : { single, together };
}

/**
 * σb²/N: the variance of the mean over seeds less what single seeds add to it. One seed's variance is (σb² + σe²)/N, the mean's
 * σb²/N + σe²/(S·N).
 */
function examplesAlone({ single, together }: ResampledDifferences, count: number): number {
  const ofMean = variance(together);
  const ofOne = mean(single.map((values) => variance(values)));
  return Math.max(0, ofMean - Math.max(0, ofOne - ofMean) / (count - 1));
}

/** Welch's and Satterthwaite's approximation for a sum of two estimated variances. */
function freedom(
  first: { readonly variance: number; readonly degrees: number },
  second: { readonly variance: number; readonly degrees: number },
): number {
  const sum = first.variance + second.variance;
  if (sum === 0) return first.degrees;
  const rest = second.degrees === Number.POSITIVE_INFINITY ? 0 : second.variance ** 2 / second.degrees;
  const own = first.variance ** 2 / first.degrees;
  return own + rest === 0 ? second.degrees : sum ** 2 / (own + rest);
}

function studentInterval(centre: number, standardError: number, degrees: number, confidence: number): Interval {
  const margin = standardError === 0 ? 0 : studentQuantile((1 + confidence) / 2, degrees) * standardError;
  return { low: centre - margin, high: centre + margin, confidence };
}

function widerOf(one: Interval, other: Interval): Interval {
  return one.high - one.low >= other.high - other.low ? one : other;
}

function percentiles(values: Float64Array, confidence: number): Interval {
  return {
    low: quantile(values, (1 - confidence) / 2),
    high: quantile(values, (1 + confidence) / 2),
    confidence,
  };
}

/** More would be another study. */
const MOST_SEEDS = 1e5;
const POWER = 0.8;

/**
 * How many seeds would show a gain of this size with a probability of 80 %, at the spread that was found. Null where no number of
 * seeds would: the test has too few examples.
 */
export function seedsToShow(gain: number, uncertainty: Uncertainty, confidence = 0.95): number | null {
  const { oneSeed, examples, testExamples } = uncertainty;
  const shows = (seeds: number): boolean => {
    const part = { variance: oneSeed / seeds, degrees: seeds - 1 };
    const degrees = freedom(part, { variance: examples, degrees: Math.max(1, testExamples - 1) });
    const needed = studentQuantile((1 + confidence) / 2, degrees) + studentQuantile(POWER, degrees);
    return needed * Math.sqrt(part.variance + examples) <= gain;
  };
  if (!shows(MOST_SEEDS)) return null;
  let [low, high] = [1, MOST_SEEDS]; // low does not show it, high does
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (shows(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * The chance that a study shows a difference, either way, once it has this many seeds: further ones are taken to scatter around the gain
 * so far as the first ones did (conditional power under the current trend: J. M. Lachin, "A review of methods for futility
 * stopping based on conditional power", Statistics in Medicine 24, 2005).
 */
export function chanceToShow(gain: number, uncertainty: Uncertainty, seeds: number, confidence = 0.95): number {
  const { seedCount, oneSeed, examples, testExamples } = uncertainty;
  const part = { variance: oneSeed / seeds, degrees: seeds - 1 };
  const degrees = freedom(part, { variance: examples, degrees: Math.max(1, testExamples - 1) });
  const margin = studentQuantile((1 + confidence) / 2, degrees) * Math.sqrt(part.variance + examples);
  // Of the mean over all seeds, only those that are still to come are unknown.
  const spread = Math.sqrt((seeds - seedCount) * oneSeed) / seeds;
  if (spread === 0) return Math.abs(gain) > margin ? 1 : 0;
  const below = (value: number): number => studentCdf((value - gain) / spread, seedCount - 1);
  return 1 - below(margin) + below(-margin);
}
