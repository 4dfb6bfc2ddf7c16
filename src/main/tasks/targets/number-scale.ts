/** Numbers on a scale where each target has mean 0 and deviation 1 over the training examples: networks learn them there. */
import type { TargetScale } from './facts.ts';

/** @param values row-major [examples, targets] */
export function fitScale(names: readonly string[], values: Float64Array, training: Uint32Array): TargetScale {
  const count = names.length;
  const means = names.map((_, target) => {
    let sum = 0;
    for (const example of training) sum += values[example * count + target]!;
    return sum / training.length;
  });
  const deviations = names.map((_, target) => {
    let squares = 0;
    for (const example of training) squares += (values[example * count + target]! - means[target]!) ** 2;
    const deviation = Math.sqrt(squares / training.length);
    return deviation > 1e-12 * Math.abs(means[target]!) ? deviation : 1; // a constant stays one
  });
  return { names: [...names], means, deviations };
}

/** The rows of some examples on the scale; undefined stands for none. */
export function standardisedRows(
  { names, means, deviations }: TargetScale,
  values: Float64Array,
  examples: readonly (number | undefined)[],
): Float32Array {
  const count = names.length;
  const rows = new Float32Array(examples.length * count);
  for (const [row, example] of examples.entries()) {
    if (example === undefined) continue;
    for (let target = 0; target < count; target += 1) {
      rows[row * count + target] = (values[example * count + target]! - means[target]!) / deviations[target]!;
    }
  }
  return rows;
}

/** The way back of one number. */
export function inUnits({ means, deviations }: TargetScale, value: number, target: number): number {
  return value * deviations[target]! + means[target]!;
}
