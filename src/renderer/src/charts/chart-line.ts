/** Lines of a chart: from the series that the lab answers with to what is drawn, smoothed and cut at restarts. */
import type { Series } from '../../../shared/contract/series.ts';
import { smooth } from '../../../shared/smoothing.ts';
import type { LineStyle } from './palette.ts';

export type XAxis = 'step' | 'relative' | 'wall';

export const xAxisTitles: Readonly<Record<XAxis, string>> = {
  step: 'Step',
  relative: 'Time of training',
  wall: 'Time of day',
};

export interface ChartLine {
  /** Lines with the same key belong together: they are brought forward together. */
  readonly key: string;
  readonly label: string;
  readonly style: LineStyle;
  readonly x: readonly number[];
  /** As measured; null leaves a gap. */
  readonly values: readonly (number | null)[];
  /** Indices at which a new piece begins. */
  readonly breaks: readonly number[];
  /** Evaluations are few and far between: they are drawn with their points. */
  readonly points?: boolean;
  /** Never smoothed. */
  readonly exact?: boolean;
  /** A word or two that stand at the line's end. */
  readonly endLabel?: string | undefined;
}

export interface ChartBand {
  readonly key: string;
  readonly label: string;
  readonly style: LineStyle;
  readonly x: readonly number[];
  readonly mean: readonly (number | null)[];
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  /** Never smoothed. */
  readonly exact?: boolean;
  /** A word or two that stand at the end of its mean. */
  readonly endLabel?: string | undefined;
}

/** A line across the chart: a baseline (`y`), the best checkpoint or a restart (`x`). */
export interface ChartMark {
  readonly label: string;
  readonly axis: 'x' | 'y';
  readonly value: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export function xOf(series: Series, axis: XAxis): readonly number[] {
  if (axis === 'step') return series.steps;
  return axis === 'relative' ? series.relative : series.times;
}

/**
 * The pieces of a line between its restarts, smoothed each on its own: what was learnt after a restart is not an average with
 * what was lost. `weight` 0 gives the line as measured. On a logarithmic axis there is no place for zero and less: such values
 * are gaps, and enter no average.
 */
export function piecesOf(
  { x, values, breaks }: Pick<ChartLine, 'x' | 'values' | 'breaks'>,
  weight: number,
  logarithmic = false,
): Point[][] {
  const starts = [0, ...breaks.filter((index) => index > 0 && index < values.length), values.length];
  return starts.slice(0, -1).flatMap((start, piece) => {
    const measured = values.slice(start, starts[piece + 1]).map((value) => placed(value, logarithmic));
    if (measured.length === 0) return [];
    const smoothed = weight === 0 ? measured : smooth(measured, weight);
    return [measured.map((_, index) => ({ x: x[start + index] ?? 0, y: smoothed[index] ?? Number.NaN }))];
  });
}

function placed(value: number | null, logarithmic: boolean): number {
  return value === null || (logarithmic && value <= 0) ? Number.NaN : value;
}

/** How many values have no place on a logarithmic axis, and how many there are. */
export function withoutLogarithm(
  lines: readonly Pick<ChartLine, 'values'>[],
  bands: readonly Pick<ChartBand, 'mean'>[],
): { readonly count: number; readonly of: number } {
  const values = [...lines.map((line) => line.values), ...bands.map((band) => band.mean)]
    .flat()
    .filter((value) => value !== null);
  return { count: values.filter((value) => value <= 0).length, of: values.length };
}

/**
 * Runs of the same group as one line: the place of a value, whatever kind it is.
 */
export function groupLabel(key: readonly (string | number | boolean | null)[], titles: readonly string[]): string {
  return key
    .map((value, index) => {
      const title = titles[index];
      return title === undefined ? String(value ?? 'none') : `${title}: ${value ?? 'none'}`;
    })
    .join(', ');
}
