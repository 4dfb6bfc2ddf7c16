/**
 * Exponential smoothing of a metric's line, as TensorBoard draws it: debiased, so that the line does not start at zero.
 */

/** The share of the past that TensorBoard keeps by default. */
export const DEFAULT_SMOOTHING = 0.6;

/**
 * The exponential moving average of the values, each divided by the weight gathered so far (the correction of D. P. Kingma and
 * J. Ba, "Adam", 2014, section 3). Values that are NaN or infinite are passed through, so that a gap stays visible,
 * and do not enter the average. `weight` is the share of the past: 0 leaves the values alone, 1 is refused.
 * @throws RangeError for a weight outside [0, 1).
 */
export function smooth(values: ArrayLike<number>, weight = DEFAULT_SMOOTHING): Float64Array {
  if (!(weight >= 0 && weight < 1)) throw new RangeError(`A smoothing weight is in [0, 1), not ${weight}.`);
  const smoothed = new Float64Array(values.length);
  let average = 0;
  let remaining = 1; // weight ** (number of values so far): the share of the average that is still the initial zero
  let constant: number | undefined;
  let isConstant = true;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? Number.NaN;
    if (!Number.isFinite(value)) {
      smoothed[index] = value;
      continue;
    }
    constant ??= value;
    isConstant &&= value === constant;
    average = weight * average + (1 - weight) * value;
    remaining *= weight;
    // A constant line stays exactly constant: rounding would otherwise make it tremble at high zoom.
    smoothed[index] = isConstant ? constant : average / (1 - remaining);
  }
  return smoothed;
}
