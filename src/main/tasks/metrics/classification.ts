/**
 * Metrics of hard predictions: everything follows from the confusion matrix, so it is counted once, batch by batch if need be,
 * and the rest is derived. Where a ratio is 0/0 (a class never predicted, or never present) it is 0, as in scikit-learn.
 */

/** How often each true class was predicted as each class. */
export interface ConfusionMatrix {
  readonly classCount: number;
  /** Row-major [true class, predicted class]. */
  readonly counts: Float64Array;
}

export interface ClassMetrics {
  /** Of the examples predicted as this class, the share that belongs to it. */
  readonly precision: number;
  /** Of the examples of this class, the share that was found. */
  readonly recall: number;
  /** Harmonic mean of the two. */
  readonly f1: number;
  /** Number of examples of this class. */
  readonly support: number;
}

/** A confusion matrix of zeros. */
export function emptyConfusionMatrix(classCount: number): ConfusionMatrix {
  return { classCount, counts: new Float64Array(classCount * classCount) };
}

/** The confusion matrix of labels and predictions, both class indices. Errors as `addPredictions`. */
export function confusionMatrix(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  classCount: number,
): ConfusionMatrix {
  const matrix = emptyConfusionMatrix(classCount);
  addPredictions(matrix, labels, predictions);
  return matrix;
}

/**
 * Counts a batch into the matrix.
 * @throws RangeError for different numbers of labels and predictions, or a class outside 0 … classCount − 1.
 */
export function addPredictions(
  matrix: ConfusionMatrix,
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
): void {
  requireSameLength(labels, predictions);
  const { classCount, counts } = matrix;
  for (let index = 0; index < labels.length; index += 1) {
    const label = requireClass(labels[index], classCount, 'label', index);
    const prediction = requireClass(predictions[index], classCount, 'prediction', index);
    const cell = label * classCount + prediction;
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
}

/** Share of equal labels and predictions; NaN for none. */
export function accuracy(labels: ArrayLike<number>, predictions: ArrayLike<number>): number {
  requireSameLength(labels, predictions);
  let right = 0;
  for (let index = 0; index < labels.length; index += 1) if (labels[index] === predictions[index]) right += 1;
  return right / labels.length;
}

/** Share of the diagonal; NaN for an empty matrix. */
export function accuracyOf(matrix: ConfusionMatrix): number {
  const { diagonal, total } = sums(matrix);
  return diagonal.reduce((sum, count) => sum + count, 0) / total;
}

/** Precision, recall, F1 and support of every class. */
export function classMetrics(matrix: ConfusionMatrix): ClassMetrics[] {
  const { diagonal, rows, columns } = sums(matrix);
  return Array.from(rows, (support, index) => {
    const found = diagonal[index] ?? 0;
    const predicted = columns[index] ?? 0;
    return {
      precision: ratio(found, predicted),
      recall: ratio(found, support),
      f1: ratio(2 * found, support + predicted),
      support,
    };
  });
}

/**
 * The mean of the classes' F1 (each class counts the same, however rare), over the classes that occur among the labels or the
 * predictions, as scikit-learn takes it. NaN for an empty matrix.
 */
export function macroF1(matrix: ConfusionMatrix): number {
  const { rows, columns } = sums(matrix);
  const present = classMetrics(matrix).filter((_, index) => (rows[index] ?? 0) + (columns[index] ?? 0) > 0);
  return present.reduce((sum, metrics) => sum + metrics.f1, 0) / present.length;
}

/** The mean of the recalls of the classes that have examples: accuracy as if the classes were equally frequent. */
export function balancedAccuracy(matrix: ConfusionMatrix): number {
  const present = classMetrics(matrix).filter((metrics) => metrics.support > 0);
  return present.reduce((sum, metrics) => sum + metrics.recall, 0) / present.length;
}

function sums(matrix: ConfusionMatrix): {
  diagonal: Float64Array;
  rows: Float64Array;
  columns: Float64Array;
  total: number;
} {
  const { classCount, counts } = matrix;
  const diagonal = new Float64Array(classCount);
  const rows = new Float64Array(classCount);
  const columns = new Float64Array(classCount);
  let total = 0;
  for (let label = 0; label < classCount; label += 1) {
    for (let prediction = 0; prediction < classCount; prediction += 1) {
      const count = counts[label * classCount + prediction] ?? 0;
      if (label === prediction) diagonal[label] = count;
      rows[label] = (rows[label] ?? 0) + count;
      columns[prediction] = (columns[prediction] ?? 0) + count;
      total += count;
    }
  }
  return { diagonal, rows, columns, total };
}

function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}

function requireSameLength(labels: ArrayLike<number>, predictions: ArrayLike<number>): void {
  if (labels.length !== predictions.length) {
    throw new RangeError(`${labels.length} labels for ${predictions.length} predictions.`);
  }
}

function requireClass(value: number | undefined, classCount: number, what: string, index: number): number {
  if (value === undefined || !Number.isInteger(value) || value < 0 || value >= classCount) {
    throw new RangeError(`The ${what} ${value} of example ${index} is not one of ${classCount} classes.`);
  }
  return value;
}
