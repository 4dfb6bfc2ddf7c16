/**
 * The baseline without input: always the most frequent class, with the training examples' class frequencies as its probabilities.
 */

export interface MajorityClass {
  /** The most frequent class of the training labels; the first of equals. */
  readonly label: number;
  /** Probabilities of the classes: (count + 1) / (examples + classes), Laplace's rule, so that no class is impossible. */
  readonly probabilities: Float64Array;
}

/** @throws RangeError for a label that is not a class, or without labels. */
export function fitMajorityClass(labels: ArrayLike<number>, classCount: number): MajorityClass {
  if (labels.length === 0) throw new RangeError('There are no labels to find the most frequent of.');
  const counts = new Float64Array(classCount);
  for (let index = 0; index < labels.length; index += 1) {
    const label = labels[index]!;
    if (!(Number.isInteger(label) && label >= 0 && label < classCount)) {
      throw new RangeError(`The label ${label} of example ${index} is not one of ${classCount} classes.`);
    }
    counts[label]! += 1;
  }
  return {
    label: counts.indexOf(Math.max(...counts)),
    probabilities: counts.map((count) => (count + 1) / (labels.length + classCount)),
  };
}

/** The model's probabilities for a number of examples: the same row again and again, row-major [examples, classes]. */
export function majorityProbabilities(model: MajorityClass, examples: number): Float64Array {
  const classCount = model.probabilities.length;
  const rows = new Float64Array(examples * classCount);
  for (let example = 0; example < examples; example += 1) rows.set(model.probabilities, example * classCount);
  return rows;
}
