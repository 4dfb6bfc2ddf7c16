/**
 * Metrics of predicted probabilities: how surprised the model is (log loss, perplexity) and whether it knows how often it is
 * right (calibration). Probabilities are row-major [examples, classes]; labels are class indices.
 */

/** Smallest probability that log loss takes seriously, so that one confident error does not make it infinite. */
const SMALLEST_PROBABILITY = 2 ** -52;

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
