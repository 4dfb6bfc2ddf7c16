/** Filters of parallel coordinates: from where to where on each axis a run has to lie. Drawn with the pointer, or chosen from lists. */
import type { ParallelAxis } from './parallel-axis.ts';

export interface AxisBrush {
  /** Places on the axis, from 0 to 1. */
  readonly low: number;
  readonly high: number;
}

export type AxisBrushes = ReadonlyMap<string, AxisBrush>;

/** Rounding in the places of values must not leave out what a list offered. */
const tolerance = 1e-9;

/** Whether a run passes all filters. A run without a value on a filtered axis does not. */
export function passes(axes: readonly ParallelAxis[], brushes: AxisBrushes, run: number): boolean {
  return axes.every(({ key, places }) => {
    const brush = brushes.get(key);
    if (!brush) return true;
    const place = places[run];
    return typeof place === 'number' && place >= brush.low - tolerance && place <= brush.high + tolerance;
  });
}

/** What was drawn between two places; nothing for a click, or for all of the axis. */
export function brushBetween(one: number, other: number): AxisBrush | undefined {
  const within = (place: number): number => Math.min(1, Math.max(0, place));
  const [low, high] = [within(Math.min(one, other)), within(Math.max(one, other))];
  return high - low < 0.02 || (low === 0 && high === 1) ? undefined : { low, high };
}

/** The values on an axis, least first, each once. */
export function stopsOf({
  places,
  labels,
}: ParallelAxis): readonly { readonly place: number; readonly label: string }[] {
  const stops = new Map<number, string>();
  for (const [run, place] of places.entries()) {
    const label = labels[run];
    if (place !== null && typeof label === 'string' && !stops.has(place)) stops.set(place, label);
  }
  return [...stops].map(([place, label]) => ({ place, label })).toSorted((one, other) => one.place - other.place);
}

/** The filter with another end, as chosen from a list; the other end gives way where they would cross. */
export function withEnd(brush: AxisBrush | undefined, end: 'low' | 'high', place: number): AxisBrush | undefined {
  const { low, high } = brush ?? { low: 0, high: 1 };
  const changed =
    end === 'low' ? { low: place, high: Math.max(place, high) } : { low: Math.min(place, low), high: place };
  return changed.low === 0 && changed.high === 1 ? undefined : changed;
}

/** The brushes with one of them replaced or taken away. */
export function withBrush(brushes: AxisBrushes, key: string, brush: AxisBrush | undefined): AxisBrushes {
  const changed = new Map(brushes);
  if (brush) changed.set(key, brush);
  else changed.delete(key);
  return changed;
}
