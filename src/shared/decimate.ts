/**
 * Fewer points for long lines: a chart a thousand pixels wide cannot show a million steps. Both methods return indices
 * into the series, ascending and always with the first and the last, so that tooltips show measured values.
 */

/**
 * Keeps the minimum and the maximum of every bucket of neighbouring values: no spike is lost, which is what a loss curve is
 * watched for. Of values that are not finite, the first of each bucket is kept, so that gaps and divergence stay visible.
 * @param maximumPoints at least 2; shorter series are returned whole
 */
export function decimateMinMax(values: ArrayLike<number>, maximumPoints: number): number[] {
  requireBudget(maximumPoints);
  const count = values.length;
  if (count <= maximumPoints) return Array.from({ length: count }, (_, index) => index);
  const indices = [0];
  const buckets = Math.floor((maximumPoints - 2) / 3);
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const start = 1 + Math.floor((bucket * (count - 2)) / buckets);
    const end = 1 + Math.floor(((bucket + 1) * (count - 2)) / buckets);
    indices.push(...extremes(values, start, end));
  }
  indices.push(count - 1);
  return indices;
}

function extremes(values: ArrayLike<number>, start: number, end: number): number[] {
  let lowest = -1;
  let highest = -1;
  let gap = -1;
  for (let index = start; index < end; index += 1) {
    const value = values[index] ?? Number.NaN;
    if (!Number.isFinite(value)) {
      if (gap < 0) gap = index;
      continue;
    }
    if (lowest < 0 || value < (values[lowest] ?? 0)) lowest = index;
    if (highest < 0 || value > (values[highest] ?? 0)) highest = index;
  }
  return [...new Set([lowest, highest, gap])].filter((index) => index >= 0).sort((a, b) => a - b);
}

/**
 * Largest triangle, three buckets: of every bucket the point that spans the largest triangle with the point kept before and the
 * mean of the next bucket. S. Steinarsson, "Downsampling time series for visual representation", University of Iceland, 2013.
 * Looks most like the original line, but may drop a spike; all values must be finite.
 * @param x ascending positions, as many as values
 * @param maximumPoints at least 2; shorter series are returned whole
 */
export function decimateLargestTriangle(
  x: ArrayLike<number>,
  values: ArrayLike<number>,
  maximumPoints: number,
): number[] {
  requireBudget(maximumPoints);
  if (x.length !== values.length) throw new RangeError(`${x.length} positions for ${values.length} values.`);
  const count = values.length;
  if (count <= maximumPoints) return Array.from({ length: count }, (_, index) => index);
  const indices = [0];
  const buckets = maximumPoints - 2;
  const boundary = (bucket: number): number => 1 + Math.floor((bucket * (count - 2)) / buckets);
  let previous = 0;
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const nextStart = boundary(bucket + 1);
    const nextEnd = bucket + 1 === buckets ? count : boundary(bucket + 2);
    let meanX = 0;
    let meanY = 0;
    for (let index = nextStart; index < nextEnd; index += 1) {
      meanX += (x[index] ?? 0) / (nextEnd - nextStart);
      meanY += (values[index] ?? 0) / (nextEnd - nextStart);
    }
    const previousX = x[previous] ?? 0;
    const previousY = values[previous] ?? 0;
    let best = boundary(bucket);
    let bestArea = -1;
    for (let index = boundary(bucket); index < nextStart; index += 1) {
      const area = Math.abs(
        (previousX - meanX) * ((values[index] ?? 0) - previousY) - (previousX - (x[index] ?? 0)) * (meanY - previousY),
      );
      if (area > bestArea) {
        bestArea = area;
        best = index;
      }
    }
    indices.push(best);
    previous = best;
  }
  indices.push(count - 1);
  return indices;
}

function requireBudget(maximumPoints: number): void {
  if (!Number.isInteger(maximumPoints) || maximumPoints < 2) {
    throw new RangeError(`A line has room for at least 2 points, not ${maximumPoints}.`);
  }
}
