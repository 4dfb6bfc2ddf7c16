/**
 * Whether a classifier is right as often as it says (C. Guo et al., “On Calibration of Modern Neural Networks”, 2017): the
 * reliability diagram, the expected calibration error, and the temperature that mends it.
 */
import { mostProbable } from './probabilistic.ts';

/** Bins of the confidence, as in the paper. */
const RELIABILITY_BINS = 15;

export interface ReliabilityBin {
  /** Confidences above `from`, up to `to`. */
  readonly from: number;
  readonly to: number;
  readonly examples: number;
  /** Means over the examples; NaN without any. */
  readonly confidence: number;
  readonly accuracy: number;
}

/**
 * Examples by the probability of the class that was answered, in bins of equal width.
 * @param probabilities row-major [labels, classes]
 */
export function reliability(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  classCount: number,
  bins = RELIABILITY_BINS,
): ReliabilityBin[] {
  const examples = new Float64Array(bins);
  const confidences = new Float64Array(bins);
  const right = new Float64Array(bins);
  const predicted = mostProbable(probabilities, classCount);
  for (const [example, answer] of predicted.entries()) {
    const confidence = probabilities[example * classCount + answer]!;
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1));
    examples[bin]! += 1;
    confidences[bin]! += confidence;
    if (answer === labels[example]) right[bin]! += 1;
  }
  return Array.from(examples, (count, bin) => ({
    from: bin / bins,
    to: (bin + 1) / bins,
    examples: count,
    confidence: confidences[bin]! / count,
    accuracy: right[bin]! / count,
  }));
}

/** Mean distance between confidence and accuracy over the examples, bin by bin. NaN without examples. */
export function calibrationError(bins: readonly ReliabilityBin[]): number {
  const total = bins.reduce((sum, { examples }) => sum + examples, 0);
  const distance = bins.reduce(
    (sum, { examples, confidence, accuracy }) =>
      examples === 0 ? sum : sum + examples * Math.abs(confidence - accuracy),
    0,
  );
  return distance / total;
}

/** Probabilities that were rounded to 0 still have an order. */
const SMALLEST = 1e-300;
const [COLDEST, HOTTEST] = [0.01, 100];
/** Each halves the interval of the inverse temperature. */
const HALVINGS = 60;

/** The probabilities of logits divided by a temperature: above 1 less sure, below 1 surer; the answers stay the same. */
export function atTemperature(probabilities: ArrayLike<number>, classCount: number, temperature: number): Float64Array {
  const result = new Float64Array(probabilities.length);
  for (let start = 0; start < result.length; start += classCount) {
    let largest = 0;
    for (let column = start; column < start + classCount; column += 1) {
      largest = Math.max(largest, probabilities[column]!);
    }
    let sum = 0;
    for (let column = start; column < start + classCount; column += 1) {
      const ratio = Math.max(probabilities[column]!, SMALLEST) / Math.max(largest, SMALLEST);
      result[column] = ratio ** (1 / temperature);
      sum += result[column]!;
    }
    for (let column = start; column < start + classCount; column += 1) result[column]! /= sum;
  }
  return result;
}

/**
 * The temperature with the least log loss, between 0.01 and 100. The loss is convex in its inverse, so the place where the slope
 * changes its sign is found by halving. 1 without examples.
 */
export function fitTemperature(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  classCount: number,
): number {
  if (labels.length === 0) return 1;
  const logits = Float64Array.from({ length: probabilities.length }, (_, place) =>
    Math.log(Math.max(probabilities[place]!, SMALLEST)),
  );
  let [low, high] = [1 / HOTTEST, 1 / COLDEST];
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const middle = Math.sqrt(low * high);
    if (slopeOfLoss(labels, logits, classCount, middle) > 0) high = middle;
    else low = middle;
  }
  return 1 / Math.sqrt(low * high);
}

/** Of the summed log loss by the inverse temperature: the expected logit minus that of the true class. */
function slopeOfLoss(labels: ArrayLike<number>, logits: Float64Array, classCount: number, inverse: number): number {
  let slope = 0;
  for (let example = 0; example < labels.length; example += 1) {
    const start = example * classCount;
    let largest = -Infinity;
    for (let column = start; column < start + classCount; column += 1) largest = Math.max(largest, logits[column]!);
    let [sum, expected] = [0, 0];
    for (let column = start; column < start + classCount; column += 1) {
      const weight = Math.exp(inverse * (logits[column]! - largest));
      sum += weight;
      expected += weight * logits[column]!;
    }
    slope += expected / sum - logits[start + labels[example]!]!;
  }
  return slope;
}
