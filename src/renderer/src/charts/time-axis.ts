/** Ticks and labels of axes: steps, time of training, time of day. */
import { formatCount, formatPercent } from '../../../shared/display.ts';
import type { XAxis } from './chart-line.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const intervals = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  ...[1, 2, 7, 14, 28].map((count) => count * day),
];

/** Times between low and high at which a clock shows round numbers; `offset`: minutes that the clock is behind UTC. */
export function timeTicks(low: number, high: number, most: number, offset = 0): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const interval = intervals.find((candidate) => span / candidate <= most) ?? Math.ceil(span / most / day) * day;
  const shift = offset * minute;
  const ticks: number[] = [];
  for (let tick = Math.ceil((low - shift) / interval) * interval + shift; tick <= high; tick += interval) {
    ticks.push(tick);
  }
  return ticks;
}

/** Round steps between low and high: multiples of 1, 2 or 5 times a power of ten. */
export function stepTicks(low: number, high: number, most: number): number[] {
  const least = Math.max(1, (high - low) / most);
  const power = 10 ** Math.floor(Math.log10(least));
  const interval = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= least) ?? least;
  const first = Math.ceil(low / interval);
  return Array.from(
    { length: Math.max(0, Math.floor(high / interval) - first + 1) },
    (_, index) => (first + index) * interval,
  );
}

/** A length of time in two parts at most: "45 s", "3 min 20 s", "2 h 5 min". */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds) || milliseconds < 0) return '–';
  if (milliseconds < 10 * second) return `${Number((milliseconds / second).toFixed(1))} s`;
  const seconds = Math.round(milliseconds / second);
  if (seconds < 60) return `${seconds} s`;
  const parts: [number, string][] =
    seconds < 3600
      ? [
          [Math.floor(seconds / 60), 'min'],
          [seconds % 60, 's'],
        ]
      : seconds < 86_400
        ? [
            [Math.floor(seconds / 3600), 'h'],
            [Math.floor((seconds % 3600) / 60), 'min'],
          ]
        : [
            [Math.floor(seconds / 86_400), 'd'],
            [Math.floor((seconds % 86_400) / 3600), 'h'],
          ];
  return parts
    .filter(([count], index) => index === 0 || count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** A position on the axis in words. `span`: what the axis shows in all, which decides how exact a time of day is. */
export function formatPosition(axis: XAxis, value: number, span: number): string {
  if (axis === 'step') return Number.isInteger(value) ? formatCount(value) : '';
  if (axis === 'relative') return formatDuration(value);
  const moment = new Date(value);
  if (span > 2 * day) return moment.toLocaleDateString(undefined, { month: 'short', day: 'numeric' });
  return moment.toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(span < 5 * minute ? { second: '2-digit' } : {}),
  });
}

/** A value with as many digits as it needs: four significant ones, or a power of ten. */
export function formatValue(value: number | null): string {
  if (value === null || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(2).replace('e+', 'e').replaceAll('-', '−');
  return String(Number(value.toPrecision(4))).replace('-', '−');
}

/** A tick of an axis of shares, with the decimals by which it differs from the others. */
export function formatPercentTick(value: number, ticks: readonly number[]): string {
  const [first = 0, second = 1] = ticks;
  const decimals = Math.max(0, Math.min(6, -Math.floor(Math.log10(Math.abs(second - first) || 1) + 2 + 1e-9)));
  return formatPercent(value, decimals);
}

/** A tick of a vertical axis: with the digits by which it differs from the others, where four do not tell them apart. */
export function formatTick(value: number, ticks: readonly number[]): string {
  const usual = ticks.map(formatValue);
  if (new Set(usual).size === usual.length) return formatValue(value);
  const [first = value, second = value] = ticks;
  const decimals = Math.max(0, Math.min(12, 1 - Math.floor(Math.log10(Math.abs(second - first) || 1))));
  return value.toFixed(decimals).replace('-', '−');
}
