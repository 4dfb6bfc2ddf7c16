/** Counts values into the bins of `shared/histogram`: one pass over them, whose bins are the leading bits of their float32s. */
import type { Histogram, HistogramSide } from '../../shared/histogram.ts';
import { magnitudeBins } from '../../shared/histogram.ts';

/** Sign, exponent and three bits of the fraction. */
const leadingBits = 12;
const signBit = 1 << (leadingBits - 1);

/**
 * Exact in number, minimum, maximum and all bins; mean and standard deviation are summed in float64. NaN and infinite values are counted
 * apart and take part in nothing else.
 */
export function histogramOf(values: Float32Array): Histogram {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const counts = new Uint32Array(1 << leadingBits);
  const shift = Number.isFinite(values[0]) ? values[0]! : 0; // sums of differences to one of them lose fewer digits
  let [sum, squares, minimum, maximum] = [0, 0, Infinity, -Infinity];
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]!;
    const difference = value - shift;
    counts[bits[index]! >>> (32 - leadingBits)]! += 1;
    sum += difference;
    squares += difference * difference;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  if (notFinite(counts) > 0) {
    const finite = values.filter((value) => Number.isFinite(value));
    const nan = values.reduce((found, value) => found + Number(Number.isNaN(value)), 0);
    return { ...histogramOf(finite), nan, infinite: values.length - finite.length - nan };
  }
  const length = values.length;
  const mean = shift + sum / length;
  return {
    count: length,
    nan: 0,
    infinite: 0,
    minimum: length === 0 ? null : minimum,
    maximum: length === 0 ? null : maximum,
    mean: length === 0 ? null : mean,
    std: length === 0 ? null : Math.sqrt(varianceOf(values, sum, squares, mean)),
    zero: counts[0]! + counts[signBit]!,
    negative: sideOf(counts.subarray(signBit, signBit + magnitudeBins)),
    positive: sideOf(counts.subarray(0, magnitudeBins)),
  };
}

/** What of the squares may be left after the mean was taken off, before so many digits are lost that they are summed anew. */
const digitsLeft = 1e-6;

function varianceOf(values: Float32Array, sum: number, squares: number, mean: number): number {
  const spread = squares - (sum * sum) / values.length;
  if (squares === 0 || spread > digitsLeft * squares) return spread / values.length;
  let about = 0;
  for (let index = 0; index < values.length; index += 1) about += (values[index]! - mean) ** 2;
  return about / values.length;
}

function notFinite(counts: Uint32Array): number {
  let found = 0;
  for (const side of [0, signBit]) {
    for (let bin = side + magnitudeBins; bin < side + signBit; bin += 1) found += counts[bin]!;
  }
  return found;
}

/** @param counts by magnitude; the first are those of zero */
function sideOf(counts: Uint32Array): HistogramSide {
  const first = counts.findIndex((count, bin) => bin > 0 && count > 0);
  if (first < 0) return { from: 0, counts: [] };
  return { from: first, counts: Array.from(counts.subarray(first, counts.findLastIndex((count) => count > 0) + 1)) };
}
