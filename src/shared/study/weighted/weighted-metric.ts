/** A metric when example i counts `weights[i]` times, as a bootstrap resample has it. NaN where it is not defined. */
export type WeightedMetric = (weights: ArrayLike<number>) => number;

/** Mean of the values of examples; NaN without examples. */
export function weightedMean(values: ArrayLike<number>): WeightedMetric {
  return (weights) => {
    let sum = 0;
    let total = 0;
    for (let example = 0; example < values.length; example += 1) {
      sum += weights[example]! * values[example]!;
      total += weights[example]!;
    }
    return sum / total;
  };
}

export function weightedSum(values: ArrayLike<number>, weights: ArrayLike<number>): number {
  let sum = 0;
  for (let example = 0; example < values.length; example += 1) sum += weights[example]! * values[example]!;
  return sum;
}

/** Mean of the values that are defined. */
export function meanOfDefined(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}
