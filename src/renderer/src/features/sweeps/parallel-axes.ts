/** Parallel coordinates of a sweep: an axis for each field and one for the metric, and a line through them for each trial. */
import { formatNumber } from '../../../../shared/display.ts';
import { metricOf } from '../../../../shared/metrics.ts';
import type { FieldScale, SweepResult } from '../../../../shared/spec/sweep.ts';
import { rangeOf } from '../../../../shared/linear-scale.ts';
import { settingWords } from '../../../../shared/sweep/order-trials.ts';
import { placeOf } from '../../../../shared/sweep/place-fields.ts';
import { valueTicks } from '../../../../shared/value-ticks.ts';

export interface Axis {
  readonly key: string;
  /** The last part of a path is what people call a setting. */
  readonly title: string;
  /** From 0 below to 1 above. */
  readonly ticks: readonly { readonly place: number; readonly text: string }[];
  /** How far an arrow key moves the end of a range. */
  readonly step: number;
  /** The value at a place, in words. */
  readonly words: (place: number) => string;
}

export interface TrialLine {
  readonly number: number;
  /** On each axis; null where the trial has no place there. */
  readonly places: readonly (number | null)[];
  /** 0 for the best of those that are drawn, 1 for the worst, and for those that diverged. */
  readonly rank: number;
  readonly diverged: boolean;
}

/** By axis, what is shown of it: from a place to another one. */
export type Brushes = ReadonlyMap<string, { readonly low: number; readonly high: number }>;

const metricKey = 'metric';
const mostTicks = 6;

export function axesOf(result: SweepResult, rung: number): readonly Axis[] {
  return [...result.fields.map(fieldAxis), metricAxis(result, rung)];
}

function fieldAxis(field: FieldScale): Axis {
  const { path, values, range } = field;
  const common = { key: path, title: path.split('.').at(-1) ?? path };
  if (values) {
    const wordsOf = (place: number): string =>
      settingWords(values[Math.min(values.length - 1, Math.floor(place * values.length))]);
    const ticks = values.map((value) => ({ place: placeOf(field, value) ?? 0, text: settingWords(value) }));
    return { ...common, ticks, step: 1 / values.length, words: wordsOf };
  }
  const { from, to, scale } = range ?? { from: 0, to: 1, scale: 'linear' };
  const valueAt = (place: number): number =>
    scale === 'log' ? from * (to / from) ** place : from + place * (to - from);
  const wanted = scale === 'log' ? roundBetween(from, to) : valueTicks(from, to, mostTicks);
  return {
    ...common,
    ticks: wanted.map((value) => ({ place: placeOf(field, value) ?? 0, text: String(value) })),
    step: 0.05,
    words: (place) => String(Number(valueAt(place).toPrecision(3))),
  };
}

/** Powers of ten, with twice and five times these where there are few. */
function roundBetween(from: number, to: number): readonly number[] {
  const powers = Array.from(
    { length: Math.floor(Math.log10(to)) - Math.floor(Math.log10(from)) + 1 },
    (_, index) => Math.floor(Math.log10(from)) + index,
  );
  const factors = powers.length > 3 ? [1] : [1, 2, 5];
  const all = powers.flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)));
  return all.filter((value) => value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9));
}

function valuesAt({ trials }: SweepResult, rung: number): readonly number[] {
  return trials.flatMap(({ rungs }) => rungs[rung]?.value ?? []);
}

function metricRange(result: SweepResult, rung: number): ReturnType<typeof rangeOf> {
  const values = valuesAt(result, rung);
  return values.length === 0 ? { low: 0, high: 1 } : rangeOf(values, 0.03, 0.02);
}

function metricAxis(result: SweepResult, rung: number): Axis {
  const { low, high } = metricRange(result, rung);
  return {
    key: metricKey,
    title: metricOf(result.metric).title,
    ticks: valueTicks(low, high, mostTicks).map((value) => ({ place: (value - low) / (high - low), text: String(value) })),
    step: 0.05,
    words: (place) => formatNumber(low + place * (high - low)),
  };
}

/** Trials that are over on a rung, the worst first, so that the best are drawn over them. */
export function linesOf(result: SweepResult, rung: number): readonly TrialLine[] {
  const { low, high } = metricRange(result, rung);
  const minimises = result.direction === 'minimise';
  const over = result.trials.flatMap(({ number, settings, rungs }) => {
    const reached = rungs[rung];
    return reached ? [{ number, settings, value: reached.value }] : [];
  });
  const worst = minimises ? Infinity : -Infinity;
  const sorted = over.toSorted((a, b) => {
    const difference = (a.value ?? worst) - (b.value ?? worst);
    return Number.isNaN(difference) ? 0 : minimises ? difference : -difference;
  });
  const known = sorted.filter(({ value }) => value !== null).length;
  return sorted
    .map(({ number, settings, value }, index) => ({
      number,
      places: [
        ...result.fields.map((field) => placeOf(field, settings[field.path])),
        value === null ? Number(minimises) : (value - low) / (high - low),
      ],
      rank: Math.min(1, index / Math.max(1, known - 1)),
      diverged: value === null,
    }))
    .reverse();
}

export function isWithin({ places }: TrialLine, axes: readonly Axis[], brushes: Brushes): boolean {
  return axes.every(({ key }, index) => {
    const brush = brushes.get(key);
    const place = places[index] ?? null;
    return !brush || (place !== null && place >= brush.low - 1e-9 && place <= brush.high + 1e-9);
  });
}

/** With one end of a range moved; a range of everything is none. */
export function withEnd(brushes: Brushes, axis: string, end: 'low' | 'high', place: number): Brushes {
  const { low = 0, high = 1 } = brushes.get(axis) ?? {};
  const within = Math.min(1, Math.max(0, place));
  const moved = end === 'low' ? { low: Math.min(within, high), high } : { low, high: Math.max(within, low) };
  const changed = new Map(brushes);
  if (moved.low <= 0 && moved.high >= 1) changed.delete(axis);
  else changed.set(axis, moved);
  return changed;
}
