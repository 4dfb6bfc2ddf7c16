/** Which points are asked for when a chart is zoomed. */
import type { ChartRow } from './csv.ts';
import type { Range } from './value-range.ts';

/** What is asked for beyond the left end, as a share of the range: the past that smoothed values are averages of. */
const past = 0.5;

/** The steps and the number of points to ask for, so that what is seen has `maximumPoints`. */
export function zoomedSteps(
  range: Range | null,
  maximumPoints: number,
): { readonly maximumPoints: number; readonly fromStep?: number; readonly toStep?: number } {
  if (!range) return { maximumPoints };
  return {
    maximumPoints: Math.ceil(maximumPoints * (1 + past)),
    fromStep: Math.max(0, Math.floor(range.low - past * (range.high - range.low))),
    toStep: Math.max(0, Math.ceil(range.high)),
  };
}

/** Of the rows behind a chart those that are seen. */
export function rowsWithin(rows: readonly ChartRow[], range: Range | null): readonly ChartRow[] {
  return range ? rows.filter(({ x }) => x >= range.low && x <= range.high) : rows;
}
