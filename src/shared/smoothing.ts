/**
 * Smoothing of a metric's line without a lag. An exponential average of the past, as TensorBoard draws it, stays above a loss that
 * falls, and so above the validation loss beside it, which is not smoothed: the picture of a network that generalises better than
 * it fits. Here the value at a point is that of the straight line through the values on both sides of it, fitted with weights that
 * fall as w^|distance| (local linear regression: J. Fan and I. Gijbels, "Local polynomial modelling and its applications", 1996),
 * so that a line that rises or falls evenly stays where it is, at its ends as well.
 */

/** The weight of a neighbour relative to that of the point itself: the share of the past that TensorBoard keeps by default. */
export const DEFAULT_SMOOTHING = 0.6;

/**
 * Values that are NaN or infinite are passed through, so that a gap stays visible, and do not enter. `weight` 0 leaves the values
 * alone, 1 is refused. No value leaves the range of what was measured.
 * @throws RangeError for a weight outside [0, 1).
 */
export function smooth(values: ArrayLike<number>, weight = DEFAULT_SMOOTHING): Float64Array {
  if (!(weight >= 0 && weight < 1)) throw new RangeError(`A smoothing weight is in [0, 1), not ${weight}.`);
  const smoothed = Float64Array.from(values);
  const places = Array.from(smoothed.keys()).filter((index) => Number.isFinite(smoothed[index]));
  if (weight === 0 || places.length < 3) return smoothed;
  const measured = Float64Array.from(places, (index) => smoothed[index] ?? 0);
  let [low, high] = [Infinity, -Infinity];
  for (const value of measured) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const before = weightedSums(measured, weight);
  const after = weightedSums(measured.toReversed(), weight);
  for (const [rank, place] of places.entries()) {
    const [left, right] = [before[rank]!, after[places.length - 1 - rank]!]; // one for each value
    // The point itself is in both sums; seen from behind, distances have the other sign.
    const count = left.count + right.count - 1;
    const distance = right.distance - left.distance;
    const square = left.square + right.square;
    const sum = left.sum + right.sum - measured[rank]!;
    const moment = right.moment - left.moment;
    const fitted = (square * sum - distance * moment) / (count * square - distance * distance);
    smoothed[place] = Math.min(high, Math.max(low, fitted));
  }
  return smoothed;
}

/** Over a point and all before it, each weighted with w^d, where d is its distance. */
interface WeightedSums {
  /** Σ w^d, Σ d·w^d, Σ d²·w^d. */
  readonly count: number;
  readonly distance: number;
  readonly square: number;
  /** Σ y·w^d, Σ d·y·w^d. */
  readonly sum: number;
  readonly moment: number;
}

/** For every value; from one to the next each distance grows by one. */
function weightedSums(values: Float64Array, weight: number): readonly WeightedSums[] {
  const all: WeightedSums[] = [];
  let last: WeightedSums = { count: 0, distance: 0, square: 0, sum: 0, moment: 0 };
  for (const value of values) {
    last = {
      count: 1 + weight * last.count,
      distance: weight * (last.distance + last.count),
      square: weight * (last.square + 2 * last.distance + last.count),
      sum: value + weight * last.sum,
      moment: weight * (last.moment + last.sum),
    };
    all.push(last);
  }
  return all;
}
