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

/** From the first to the last position; null without points. */
export function positionRange(lines: readonly (readonly Point[])[]): Range | null {
  let low = Infinity;
  let high = -Infinity;
  for (const line of lines) {
    for (const { x } of line) {
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
  }
  if (low > high) return null;
  return low === high ? { low: low - 0.5, high: high + 0.5 } : { low, high };
}

/**
 * The range of the values within `x`, a little wider so that lines don't touch the frame. Outliers are values farther beyond the
 * 5th and 95th percentile than those are from each other: a spike, but not the steep beginning of a loss. With few values
 * nothing is an outlier. Null without values, or, for a logarithmic axis, without positive ones.
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
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (options.ignoreOutliers && values.length >= fewest) {
    const [lower, upper] = [quantile(values, outlierShare), quantile(values, 1 - outlierShare)];
    // All but a few values may be the same; the percentiles then say nothing.
    if (upper > lower) {
      low = Math.max(low, lower - (upper - lower));
      high = Math.min(high, upper + (upper - lower));
    }
  }
  if (options.logarithmic) {
    const factor = high === low ? 1.1 : (high / low) ** margin;
    return { low: low / factor, high: high * factor };
  }
  const room = high === low ? Math.max(Math.abs(high) * 0.1, 1e-6) : (high - low) * margin;
  return { low: low - room, high: high + room };
}
