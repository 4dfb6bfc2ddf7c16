/** The axes of charts: from where to where values go, and at which place of the picture each of them stands. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

/**
 * From the smallest to the largest value, both finite. Values that are all the same get half of `least` on either side.
 *
 * @param values at least one; any number of them
 * @param room beyond both ends, as a share of the length
 * @param least length of the range of a single value
 */
export function rangeOf(values: Iterable<number>, room = 0, least = 1): ValueRange {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const beyond = high > low ? (high - low) * room : least / 2;
  return { low: low - beyond, high: high + beyond };
}

/** The place of a value: `low` stands at `from` and `high` at `to`, whichever of the two is larger. */
export function linearScale({ low, high }: ValueRange, from: number, to: number): (value: number) => number {
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}
