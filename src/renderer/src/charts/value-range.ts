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

/** From the first to the last position, and on to `until`, what is still to come; null without points. */
export function positionRange(lines: readonly (readonly Point[])[], until = -Infinity): Range | null {
  let low = Infinity;
  let high = -Infinity;
  for (const line of lines) {
    for (const { x } of line) {
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
  }
  if (low > high) return null;
  high = Math.max(high, until);
  return low === high ? { low: low - 0.5, high: high + 0.5 } : { low, high };
}

/**
 * The range of the values within `x`, a little wider so that lines don't touch the frame. Outliers are values farther beyond the
 * 5th and 95th percentile than twice those are from each other: a spike, but not the steep beginning of a loss. The percentiles are of
 * `measured`, where the lines are smoothed: the tail of one smoothed spike is many values. With few values nothing is an outlier,
 * and the newest value of a line never is.
 * Null without values, or, for a logarithmic axis, without positive ones.
 */
export function valueRange(
  lines: readonly (readonly Point[])[],
  options: {
    readonly x?: Range | null;
    readonly ignoreOutliers: boolean;
    readonly logarithmic: boolean;
    readonly measured?: readonly (readonly Point[])[];
  },
): Range | null {
  const values = valuesWithin(lines, options);
  if (values.length === 0) return null;
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const usual = options.measured === undefined ? values : valuesWithin(options.measured, options);
  if (options.ignoreOutliers && usual.length >= fewest) {
    const [lower, upper] = [quantile(usual, outlierShare), quantile(usual, 1 - outlierShare)];
    // All but a few values may be the same; the percentiles then say nothing.
    const far = 2 * (upper - lower);
    const [least, most] = [Math.max(low, lower - far), Math.min(high, upper + far)];
    // Strongly smoothed, a line may be far from all that was measured.
    if (upper > lower && least < most) [low, high] = [least, most];
    // What a run does now is what it is watched for, and never an outlier.
    for (const line of lines) {
      const newest = valuesWithin([line], options).at(-1);
      if (newest !== undefined) [low, high] = [Math.min(low, newest), Math.max(high, newest)];
    }
  }
  if (options.logarithmic) {
    const factor = high === low ? 1.1 : (high / low) ** margin;
    return { low: low / factor, high: high * factor };
  }
  const room = high > low ? (high - low) * margin : high === 0 ? 1 : Math.abs(high) * 0.1;
  return { low: low - room, high: high + room };
}

function valuesWithin(
  lines: readonly (readonly Point[])[],
  { x: range, logarithmic }: { readonly x?: Range | null; readonly logarithmic: boolean },
): number[] {
  return lines.flatMap((line) =>
    line.flatMap(({ x, y }) => {
      if (!Number.isFinite(y) || (logarithmic && y <= 0)) return [];
      return range && (x < range.low || x > range.high) ? [] : [y];
    }),
  );
}
