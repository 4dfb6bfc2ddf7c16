/** The place on the horizontal axis that charts beside each other show together: what one points at, all tell the values of. */
import type { InjectionKey, Ref } from 'vue';
import { inject, provide, ref } from 'vue';
import type { ChartLine } from './chart-line.ts';

const key: InjectionKey<Ref<number | null>> = Symbol('crosshair');

/** Called by what holds the charts. They must have the same axis. */
export function provideCrosshair(): Ref<number | null> {
  const at = ref<number | null>(null);
  provide(key, at);
  return at;
}

/** Of the charts around; a chart that stands alone has its own. */
export function useCrosshair(): Ref<number | null> {
  return inject(key, () => ref(null), true);
}

/** Index of the value that is nearest to a place; undefined for a line that does not reach it. */
function nearestIndex({ x, values }: Pick<ChartLine, 'x' | 'values'>, at: number): number | undefined {
  const [low, high] = [Math.min(...x), Math.max(...x)];
  if (at < low || at > high) return undefined;
  let best: number | undefined;
  x.forEach((position, index) => {
    if ((values[index] ?? undefined) === undefined) return; // null where a line has no value
    if (best === undefined || Math.abs(position - at) < Math.abs(x[best]! - at)) best = index;
  });
  return best;
}

/** What lines have at a place, by their labels, as they were measured. */
export function valuesAt(lines: readonly ChartLine[], at: number): readonly { label: string; value: number }[] {
  return lines.flatMap((line) => {
    const index = nearestIndex(line, at);
    const value = index === undefined ? null : (line.values[index] ?? null);
    return value === null ? [] : [{ label: line.label, value }];
  });
}

/** The measured place that is next to the right (1) or left (−1) of a place; the first or the last one without it. */
export function neighbouringPlace(lines: readonly ChartLine[], at: number | null, step: 1 | -1): number | null {
  const places = [...new Set(lines.flatMap(({ x }) => [...x]))].sort((a, b) => a - b);
  if (at === null) return (step === 1 ? places[0] : places.at(-1)) ?? null;
  const next = step === 1 ? places.find((place) => place > at) : places.findLast((place) => place < at);
  return next ?? at;
}
