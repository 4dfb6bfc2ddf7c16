/**
 * The statistics behind every comparison: what a difference between two sets of runs or predictions is, and how sure one may
 * be of it. An interval is `null` where the data cannot give one (a single run has no spread).
 */
import { normalQuantile } from './normal-distribution.ts';
import { logGamma, regularisedBeta } from './special-functions.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
  /** Probability that the procedure covers the true value, e.g. 0.95. */
  readonly confidence: number;
}

export interface Comparison {
  /** Number of values, or of pairs. */
  readonly count: number;
  /** The estimate of the difference. */
  readonly difference: number;
  readonly standardError: number | null;
  readonly degreesOfFreedom: number | null;
  readonly interval: Interval | null;
  /** Two-sided probability of a difference at least as large if there were none. */
  readonly pValue: number | null;
}

/** Arithmetic mean; NaN for no values. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) sum += values[index] ?? 0;
  return sum / values.length;
}

/** Unbiased sample variance (divided by n − 1), by two passes; NaN for fewer than two values. */
export function variance(values: ArrayLike<number>): number {
  if (values.length < 2) return Number.NaN;
  const centre = mean(values);
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) sum += ((values[index] ?? 0) - centre) ** 2;
  return sum / (values.length - 1);
}

/**
 * The quantile of a sample, interpolated between order statistics (type 7 of R. J. Hyndman and Y. Fan, "Sample quantiles in
 * statistical packages", 1996: the default of NumPy and R). NaN for no values.
 */
export function quantile(values: ArrayLike<number>, probability: number): number {
  return sortedQuantile(Float64Array.from(values).sort(), probability);
}

export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

function sortedQuantile(sorted: Float64Array, probability: number): number {
  if (!(probability >= 0 && probability <= 1) || sorted.length === 0) return Number.NaN;
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN;
  return low + (position - below) * (high - low);
}

/** P(T ≤ t) of Student's distribution with the given, possibly fractional, degrees of freedom. */
export function studentCdf(t: number, degreesOfFreedom: number): number {
  if (!(degreesOfFreedom > 0) || Number.isNaN(t)) return Number.NaN;
  const upper = studentTail(Math.abs(t), degreesOfFreedom);
  return t > 0 ? 1 - upper : upper;
}

/** P(T > t) for t ≥ 0, accurate for small probabilities. */
function studentTail(t: number, degreesOfFreedom: number): number {
  if (t === Number.POSITIVE_INFINITY) return 0;
  const square = t * t;
  return square < degreesOfFreedom
    ? 0.5 - regularisedBeta(square / (degreesOfFreedom + square), 0.5, degreesOfFreedom / 2) / 2
    : regularisedBeta(degreesOfFreedom / (degreesOfFreedom + square), degreesOfFreedom / 2, 0.5) / 2;
}

/** The t with P(T ≤ t) = probability: Newton's method on the tail probability, kept inside a shrinking bracket. */
export function studentQuantile(probability: number, degreesOfFreedom: number): number {
  if (!(probability >= 0 && probability <= 1) || !(degreesOfFreedom > 0)) return Number.NaN;
  if (probability === 0.5) return 0;
  if (probability < 0.5) return -studentUpperQuantile(probability, degreesOfFreedom);
  return studentUpperQuantile(1 - probability, degreesOfFreedom);
}

/** The t ≥ 0 with P(T > t) = tail, for tail in [0, 0.5). */
function studentUpperQuantile(tail: number, degreesOfFreedom: number): number {
  if (tail === 0) return Number.POSITIVE_INFINITY;
  const half = degreesOfFreedom / 2;
  const logScale = logGamma(half + 0.5) - logGamma(half) - 0.5 * Math.log(degreesOfFreedom * Math.PI);
  const density = (t: number): number => Math.exp(logScale - (half + 0.5) * Math.log1p((t * t) / degreesOfFreedom));
  let low = 0;
  let high = 1;
  while (studentTail(high, degreesOfFreedom) > tail) {
    low = high;
    high *= 2;
  }
  let t = Math.min(Math.max(-normalQuantile(tail), low), high);
  for (let iteration = 0; iteration < 200; iteration += 1) {
    const error = studentTail(t, degreesOfFreedom) - tail;
    if (error > 0) low = t;
    else high = t;
    const newton = t + error / density(t);
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - t) <= 1e-15 * t) return next;
    t = next;
  }
  return t;
}

/** The interval of a mean from a small, roughly normal sample: mean ± t · s / √n. `null` for fewer than two values. */
export function meanInterval(values: ArrayLike<number>, confidence = 0.95): Interval | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  const margin = studentQuantile((1 + confidence) / 2, values.length - 1) * Math.sqrt(variance(values) / values.length);
  return { low: centre - margin, high: centre + margin, confidence };
}

/** The two-sided probability of a difference at least as large, in standard errors, if there were none. */
export function studentTwoSided(difference: number, standardError: number, degreesOfFreedom: number): number {
  if (standardError === 0) return difference === 0 ? 1 : 0;
  return 2 * studentTail(Math.abs(difference / standardError), degreesOfFreedom);
}

/**
 * The difference of two independent means, mean(first) − mean(second), without assuming equal variances: B. L. Welch, "The
 * generalization of Student's problem when several different population variances are involved", Biometrika 34 (1947).
 */
export function welchDifference(first: ArrayLike<number>, second: ArrayLike<number>, confidence = 0.95): Comparison {
  const count = first.length + second.length;
  const difference = mean(first) - mean(second);
  if (first.length < 2 || second.length < 2) {
    return { count, difference, standardError: null, degreesOfFreedom: null, interval: null, pValue: null };
  }
  const a = variance(first) / first.length;
  const b = variance(second) / second.length;
  const standardError = Math.sqrt(a + b);
  // With no spread at all the degrees of freedom are 0/0; any value gives the same, empty, interval.
  const degreesOfFreedom =
    a + b === 0 ? count - 2 : (a + b) ** 2 / (a ** 2 / (first.length - 1) + b ** 2 / (second.length - 1));
  const margin = studentQuantile((1 + confidence) / 2, degreesOfFreedom) * standardError;
  return {
    count,
    difference,
    standardError,
    degreesOfFreedom,
    interval: { low: difference - margin, high: difference + margin, confidence },
    pValue: studentTwoSided(difference, standardError, degreesOfFreedom),
  };
}

/**
 * The score interval of a proportion, such as an accuracy on a small test set: E. B. Wilson, "Probable inference, the law of
 * succession, and statistical inference", JASA 22 (1927). Unlike p ± z·s it is sound near 0 and 1. `null` without trials.
 */
export function wilsonInterval(successes: number, trials: number, confidence = 0.95): Interval | null {
  if (!(successes >= 0 && successes <= trials)) {
    throw new RangeError(`${successes} successes in ${trials} trials is not a proportion.`);
  }
  if (trials === 0) return null;
  const z = normalQuantile((1 + confidence) / 2);
  const proportion = successes / trials;
  const denominator = 1 + z ** 2 / trials;
  const centre = (proportion + z ** 2 / (2 * trials)) / denominator;
  const margin = (z / denominator) * Math.sqrt((proportion * (1 - proportion)) / trials + z ** 2 / (4 * trials ** 2));
  return {
    low: successes === 0 ? 0 : Math.max(0, centre - margin),
    high: successes === trials ? 1 : Math.min(1, centre + margin),
    confidence,
  };
}

/**
 * The exact two-sided sign test: the probability, if both outcomes were equally likely, of a split at least as uneven.
 * Of paired predictions, with the pairs in which only the first or only the second is right, it is McNemar's exact test.
 */
export function signTest(first: number, second: number): number {
  const fewer = Math.min(first, second);
  const count = first + second;
  if (fewer * 2 === count) return 1;
  // P(X ≤ k) of a binomial variable with n trials and p = 1/2 is I_½(n − k, k + 1).
  return Math.min(1, 2 * regularisedBeta(0.5, count - fewer, fewer + 1));
}

export interface PairedPredictions {
  readonly bothRight: number;
  readonly onlyFirstRight: number;
  readonly onlySecondRight: number;
  readonly bothWrong: number;
  /** Accuracy of the first minus accuracy of the second. */
  readonly difference: number;
  /** McNemar's exact two-sided test that both are equally accurate. */
  readonly pValue: number;
}

/**
 * Compares two classifiers on the same examples by Q. McNemar's test ("Note on the sampling error of the difference between
 * correlated proportions", Psychometrika 12, 1947), exact.
 * @throws RangeError when the three arrays differ in length.
 */
export function comparePredictions(
  labels: ArrayLike<number>,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): PairedPredictions {
  if (first.length !== labels.length || second.length !== labels.length) {
    throw new RangeError(`Predictions and labels pair up: ${first.length}, ${second.length} and ${labels.length}.`);
  }
  const counts = [0, 0, 0, 0];
  for (let index = 0; index < labels.length; index += 1) {
    const cell = (first[index] === labels[index] ? 0 : 2) + (second[index] === labels[index] ? 0 : 1);
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  const [bothRight = 0, onlyFirstRight = 0, onlySecondRight = 0, bothWrong = 0] = counts;
  return {
    bothRight,
    onlyFirstRight,
    onlySecondRight,
    bothWrong,
    difference: (onlyFirstRight - onlySecondRight) / labels.length,
    pValue: signTest(onlyFirstRight, onlySecondRight),
  };
}
