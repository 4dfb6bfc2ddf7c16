/** What a chart shows as a table, and as CSV (RFC 4180). */
import { csvText } from '../../../shared/csv.ts';
import type { ChartBand, ChartLine, XAxis } from './chart-line.ts';
import { formatPosition } from './time-axis.ts';

export interface ChartRow {
  readonly line: string;
  readonly x: number;
  readonly value: number | null;
  /** Of bands. */
  readonly low?: number | null;
  readonly high?: number | null;
}

export function chartRows(lines: readonly ChartLine[], bands: readonly ChartBand[]): ChartRow[] {
  return [
    ...bands.flatMap((band) =>
      band.x.map((x, index) => ({
        line: band.label,
        x,
        value: band.mean[index] ?? null,
        low: band.low[index] ?? null,
        high: band.high[index] ?? null,
      })),
    ),
    ...lines.flatMap((line) => line.x.map((x, index) => ({ line: line.label, x, value: line.values[index] ?? null }))),
  ];
}

/** Rows for reading: an even choice of at most `most`, with the first and the last. */
export function chosenRows(rows: readonly ChartRow[], most: number): readonly ChartRow[] {
  if (rows.length <= most) return rows;
  return Array.from({ length: most }, (_, index) => rows[Math.round((index * (rows.length - 1)) / (most - 1))]!);
}

export function csvOf(rows: readonly ChartRow[], axis: XAxis): string {
  const withBands = rows.some(({ low }) => low !== undefined);
  const header = ['line', axis === 'step' ? 'step' : axis === 'wall' ? 'time' : 'milliseconds', 'value'];
  const table = rows.map(({ line, x, value, low, high }) => [
    line,
    axis === 'wall' ? new Date(x).toISOString() : String(x),
    String(value ?? ''),
    ...(withBands ? [String(low ?? ''), String(high ?? '')] : []),
  ]);
  return csvText([withBands ? [...header, 'low', 'high'] : header, ...table]);
}

export function positionOf(axis: XAxis, x: number): string {
  return axis === 'wall' ? new Date(x).toLocaleString() : formatPosition(axis, Math.round(x), 0);
}
