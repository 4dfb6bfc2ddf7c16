/**
 * Metrics of predicted probabilities: how surprised the model is (log loss, perplexity) and whether it knows how often it is
 * right (calibration). Probabilities are row-major [examples, classes]; labels are class indices.
 */

/** Smallest probability that log loss takes seriously, so that one confident error does not make it infinite. */
const SMALLEST_PROBABILITY = 2 ** -52;

/** One interval of confidence and what happened in it. */
export interface CalibrationBin {
  /** The interval (low, high] of confidence. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Mean confidence of the examples in it; NaN without any. */
  readonly confidence: number;
  /** Share of right answers among them; NaN without any. */
  readonly accuracy: number;
}

export interface Calibration {
  /** Expected calibration error: the mean distance of confidence and accuracy, in [0, 1]; NaN without examples. */
  readonly error: number;
  /** The bins, for a reliability diagram. */
  readonly bins: readonly CalibrationBin[];
}

/** The most probable class of each row of probabilities or logits; the first of equals. */
export function mostProbable(scores: ArrayLike<number>, classCount: number): Int32Array {
  const predictions = new Int32Array(requireRows(scores, classCount));
  for (let row = 0; row < predictions.length; row += 1) {
    let best = 0;
    for (let column = 1; column < classCount; column += 1) {
      if ((scores[row * classCount + column] ?? 0) > (scores[row * classCount + best] ?? 0)) best = column;
    }
    predictions[row] = best;
  }
  return predictions;
}

/** Softmax of each row of logits, in float64, safe for large logits. */
export function softmaxRows(logits: ArrayLike<number>, classCount: number): Float64Array {
  const rows = requireRows(logits, classCount);
  const probabilities = new Float64Array(logits.length);
  for (let row = 0; row < rows; row += 1) {
    const start = row * classCount;
    let largest = Number.NEGATIVE_INFINITY;
    for (let column = 0; column < classCount; column += 1) largest = Math.max(largest, logits[start + column] ?? 0);
    let sum = 0;
    for (let column = 0; column < classCount; column += 1) {
      const value = Math.exp((logits[start + column] ?? 0) - largest);
      probabilities[start + column] = value;
      sum += value;
    }
    for (let column = 0; column < classCount; column += 1) {
      probabilities[start + column] = (probabilities[start + column] ?? 0) / sum;
    }
  }
  return probabilities;
}

/** Mean negative natural logarithm of the probability of the true class, in nats. NaN without examples. */
export function logLoss(probabilities: ArrayLike<number>, labels: ArrayLike<number>, classCount: number): number {
  return logLosses(probabilities, labels, classCount).reduce((sum, loss) => sum + loss, 0) / labels.length;
}

/** The same of each example. */
export function logLosses(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
): Float64Array {
  requireLabels(probabilities, labels, classCount);
  return Float64Array.from(
    labels,
    (label, row) => -Math.log(Math.max(probabilities[row * classCount + label] ?? 0, SMALLEST_PROBABILITY)),
  );
}

/** e to the mean negative log likelihood (nats) per token: the number of equally likely tokens that would be as surprising. */
export function perplexity(meanNegativeLogLikelihood: number): number {
  return Math.exp(meanNegativeLogLikelihood);
}

/** Share of examples whose true class is among the k most probable. A tie with the k-th counts against the model. */
export function topAccuracy(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  k: number,
): number {
  requireLabels(scores, labels, classCount);
  let right = 0;
  for (let row = 0; row < labels.length; row += 1) {
    const label = labels[row] ?? 0;
    const own = scores[row * classCount + label] ?? 0;
    let better = 0;
    for (let column = 0; column < classCount; column += 1) {
      if (column !== label && (scores[row * classCount + column] ?? 0) >= own) better += 1;
    }
    if (better < k) right += 1;
  }
  return right / labels.length;
}

/**
 * Expected calibration error with bins of equal width over the confidence, the probability of the predicted class:
 * C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks", ICML 2017, equation 5.
 */
export function calibration(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  binCount = 15,
): Calibration {
  requireLabels(probabilities, labels, classCount);
  const predictions = mostProbable(probabilities, classCount);
  const counts = new Float64Array(binCount);
  const confidences = new Float64Array(binCount);
  const right = new Float64Array(binCount);
  for (const [row, prediction] of predictions.entries()) {
    const confidence = probabilities[row * classCount + prediction] ?? 0;
    const bin = Math.min(Math.max(Math.ceil(confidence * binCount) - 1, 0), binCount - 1);
    counts[bin] = (counts[bin] ?? 0) + 1;
    confidences[bin] = (confidences[bin] ?? 0) + confidence;
    if (prediction === labels[row]) right[bin] = (right[bin] ?? 0) + 1;
  }
  let error = 0;
  const bins: CalibrationBin[] = [];
  for (const [bin, count] of counts.entries()) {
    const confidence = (confidences[bin] ?? 0) / count;
    const accuracy = (right[bin] ?? 0) / count;
    if (count > 0) error += (count / labels.length) * Math.abs(accuracy - confidence);
    bins.push({ low: bin / binCount, high: (bin + 1) / binCount, count, confidence, accuracy });
  }
  return { error: labels.length === 0 ? Number.NaN : error, bins };
}

function requireRows(scores: ArrayLike<number>, classCount: number): number {
  const rows = scores.length / classCount;
  if (!Number.isInteger(rows)) throw new RangeError(`${scores.length} scores are not rows of ${classCount} classes.`);
  return rows;
}

function requireLabels(scores: ArrayLike<number>, labels: ArrayLike<number>, classCount: number): void {
  if (scores.length !== labels.length * classCount) {
    throw new RangeError(`${scores.length} scores for ${labels.length} labels of ${classCount} classes.`);
  }
  for (let row = 0; row < labels.length; row += 1) {
    const label = labels[row] ?? -1;
    if (!Number.isInteger(label) || label < 0 || label >= classCount) {
      throw new RangeError(`The label ${label} of example ${row} is not one of ${classCount} classes.`);
    }
  }
}
