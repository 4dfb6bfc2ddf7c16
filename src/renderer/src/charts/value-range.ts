/** From where to where the values of a chart go, with or without outliers. */
import { quantile } from '../../../shared/stats.ts';
import type { Point } from './chart-line.ts';

export interface Range {
  readonly low: number;
  readonly high: number;
}

const outlierShare = 0.05;
const margin = 0.05;
const fewest = 20;

/**
 * The range of the values within `x`, a little wider so that lines don't touch the frame. Without outliers it goes from the 5th to
 * the 95th percentile, as TensorBoard does it; with few values nothing is an outlier. Null without values, or, for a
 * logarithmic axis, without positive ones.
 */
export function valueRange(
  lines: readonly (readonly Point[])[],
  options: { readonly x?: Range | null; readonly ignoreOutliers: boolean; readonly logarithmic: boolean },
): Range | null {
  const values: number[] = [];
  for (const line of lines) {
    for (const { x, y } of line) {
      if (!Number.isFinite(y) || (options.logarithmic && y <= 0)) continue;
      if (options.x && (x < options.x.low || x > options.x.high)) continue;
      values.push(y);
    }
  }
  if (values.length === 0) return null;
  let low = Infinity;
  let high = -Infinity;
  if (options.ignoreOutliers && values.length >= fewest) {
    low = quantile(values, outlierShare);
    high = quantile(values, 1 - outlierShare);
  } else {
    for (const value of values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (options.logarithmic) {
    const factor = high === low ? 1.1 : (high / low) ** margin;
    return { low: low / factor, high: high * factor };
  }
  const room = high === low ? Math.max(Math.abs(high) * 0.1, 1e-6) : (high - low) * margin;
  return { low: low - room, high: high + room };
}
