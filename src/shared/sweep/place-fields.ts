/** Where values of a swept field lie between 0 and 1: for axes, and for the forest that measures importance. */
import type { FieldScale } from '../spec/sweep.ts';

/** The cell of a value of a list, or its place on the scale of a range; null for what is neither. */
export function placeOf({ values, range }: FieldScale, value: unknown): number | null {
  if (values) {
    const index = indexOf(values, value);
    return index < 0 ? null : (index + 0.5) / values.length;
  }
  if (!range || typeof value !== 'number') return null;
  const { from, to, scale } = range;
  const place = scale === 'log' ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
  return Math.min(1, Math.max(0, place));
}

/** Values of lists may be objects, such as a schedule. */
function indexOf(values: readonly unknown[], value: unknown): number {
  const text = JSON.stringify(value);
  return values.findIndex((one) => JSON.stringify(one) === text);
}
