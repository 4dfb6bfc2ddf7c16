/**
 * Histograms of weights and gradients, over bins that are the same for all: those of the leading bits of a float32, that is its sign,
 * its exponent and three bits of its fraction. There are eight to an octave, so that a bin is an eighth as wide as the power of two below it,
 * whatever the size of the values: nothing is outside, outliers widen nothing, and the same bin means the same at every step.
 */
import { z } from 'zod';
import type { ValueRange } from './linear-scale.ts';

/** Bins of the values on one side of zero; values nearer to zero than the lower end of bin 1, 2⁻¹²⁹, count as zero. */
export const magnitudeBins = 2040;
const binsPerOctave = 8;
const exponentBias = 127;
/** Float32 has no values nearer to zero with all their bits. */
const smallestExponent = 1 - exponentBias;

const count = z.int().min(0);

/** Counts of neighbouring bins, from the first one that has values to the last. */
const side = z.object({ from: count, counts: z.array(count) });
export type HistogramSide = z.infer<typeof side>;

export const histogram = z.object({
  /** Values that are numbers: as many as all bins have together. */
  count,
  nan: count,
  infinite: count,
  /** Of those that are numbers; null where there are none. */
  minimum: z.number().nullable(),
  maximum: z.number().nullable(),
  mean: z.number().nullable(),
  /** Of all of them: squared deviations are divided by their number. */
  std: z.number().nullable(),
  zero: count,
  /** By magnitude, from zero outwards. */
  negative: side,
  positive: side,
});
export type Histogram = z.infer<typeof histogram>;

/** What was recorded of a parameter at a step. */
export const parameterHistograms = z.object({
  step: count,
  parameter: z.string(),
  weights: histogram,
  /** Of one batch, the first that follows; left out before the training. */
  gradients: histogram.optional(),
});
export type ParameterHistograms = z.infer<typeof parameterHistograms>;

/** The lower end of a bin of magnitudes; that of `magnitudeBins` is the upper end of the last one, 2¹²⁸. */
export function magnitudeEdge(bin: number): number {
  const exponent = Math.floor(bin / binsPerOctave);
  const fraction = (bin % binsPerOctave) / binsPerOctave;
  return exponent === 0 ? fraction * 2 ** smallestExponent : (1 + fraction) * 2 ** (exponent - exponentBias);
}

export interface CountedInterval {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** The bins that have values, from the smallest on. */
export function filledBins({ zero, negative, positive }: Histogram): readonly CountedInterval[] {
  const below = negative.counts.map((counted, index) => {
    const bin = negative.from + index;
    return { from: -magnitudeEdge(bin + 1), to: -magnitudeEdge(bin), count: counted };
  });
  const above = positive.counts.map((counted, index) => {
    const bin = positive.from + index;
    return { from: magnitudeEdge(bin), to: magnitudeEdge(bin + 1), count: counted };
  });
  const middle = { from: -magnitudeEdge(1), to: magnitudeEdge(1), count: zero };
  return [...below.reverse(), middle, ...above].filter(({ count: counted }) => counted > 0);
}

/** The same within the minimum and the maximum, and the zeros at zero. */
export function intervalsOf(values: Histogram): readonly CountedInterval[] {
  const { minimum, maximum } = values;
  if (minimum === null || maximum === null) return [];
  const clip = (value: number): number => Math.min(maximum, Math.max(minimum, value));
  return filledBins(values).map(({ from, to, count: counted }) => {
    const isZero = from < 0 && to > 0;
    return { from: isZero ? 0 : clip(from), to: isZero ? 0 : clip(to), count: counted };
  });
}

/** Counts between `edges`, and beyond them. They add up to all values, and are shares of what was counted where edges cut a bin. */
export interface Rebinned {
  readonly below: number;
  readonly counts: readonly number[];
  readonly above: number;
}

/** @param edges ascending, at least two */
export function rebin(values: Histogram, edges: readonly number[]): Rebinned {
  const [low, high] = [edges[0] ?? 0, edges.at(-1) ?? 0];
  const counts = edges.slice(1).map(() => 0);
  let [below, above] = [0, 0];
  for (const { from, to, count: counted } of intervalsOf(values)) {
    /** The share of this interval up to a value. */
    const upTo = (value: number): number => (to > from ? clamp((value - from) / (to - from)) : value > from ? 1 : 0);
    below += counted * upTo(low);
    above += counted * (from === to ? Number(from > high) : 1 - upTo(high));
    if (to < low || from > high) continue;
    for (let index = 0; index < counts.length; index += 1) {
      const [start, end] = [edges[index] ?? 0, edges[index + 1] ?? 0];
      if (end < from || start > to) continue;
      const isLast = index === counts.length - 1;
      const share =
        from === to ? Number(start <= from && (from < end || (isLast && from === end))) : upTo(end) - upTo(start);
      counts[index] = (counts[index] ?? 0) + counted * share;
    }
  }
  return { below, counts, above };
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/** The end of the first interval up to which so large a share of the values lies: at most a bin above the quantile. Null without values. */
export function quantileOf(values: Histogram, share: number): number | null {
  const intervals = intervalsOf(values);
  let seen = 0;
  for (const { from, to, count: counted } of intervals) {
    seen += counted;
    if (seen >= share * values.count) return share === 0 ? from : to;
  }
  return intervals.at(-1)?.to ?? null;
}

/** Of the values of each histogram, so large a share on either side may lie outside of what is shown. */
const outside = 0.001;

/** From where to where values go, but for a few far away; undefined without any values. A single value gets room on both sides. */
export function robustRange(histograms: readonly Histogram[]): ValueRange | undefined {
  const lows = histograms.flatMap((one) => lowerQuantile(one, outside) ?? []);
  const highs = histograms.flatMap((one) => quantileOf(one, 1 - outside) ?? []);
  if (lows.length === 0) return undefined;
  const [low, high] = [Math.min(...lows), Math.max(...highs)];
  if (high > low) return { low, high };
  const room = low === 0 ? 1 : Math.abs(low) / 2;
  return { low: low - room, high: high + room };
}

/** As `quantileOf`, the beginning of the interval. */
function lowerQuantile(values: Histogram, share: number): number | null {
  const intervals = intervalsOf(values);
  let seen = 0;
  for (const { from, count: counted } of intervals) {
    seen += counted;
    if (seen > share * values.count) return from;
  }
  return intervals.at(-1)?.from ?? null;
}

/** Bins of equal width. */
export function linearEdges({ low, high }: ValueRange, bins: number): readonly number[] {
  return Array.from({ length: bins + 1 }, (_, index) => (index === bins ? high : low + ((high - low) * index) / bins));
}

/** A scale that is logarithmic on both sides of zero, down to `least`; what is nearer to zero stands together in the middle. */
export interface SignedLogScale {
  readonly least: number;
  /** Octaves above `least` that are shown, at least one. */
  readonly octaves: number;
}

/** At most so many octaves: what is smaller by far says nothing more. */
const mostOctaves = 24;

/** Undefined where no value is other than zero. */
export function signedLogScale(histograms: readonly Histogram[]): SignedLogScale | undefined {
  const sizes = histograms.flatMap(({ minimum, maximum }) => [Math.abs(minimum ?? 0), Math.abs(maximum ?? 0)]);
  const most = Math.max(0, ...sizes);
  if (most === 0) return undefined;
  const smallest = Math.min(...histograms.flatMap((one) => smallMagnitude(one) ?? []));
  const top = Math.ceil(Math.log2(most));
  const octaves = Math.min(mostOctaves, Math.max(1, top - Math.floor(Math.log2(smallest))));
  return { least: 2 ** (top - octaves), octaves };
}

/** The lower end of the bin below which a thousandth of the values other than zero lies; undefined where all are zero. */
function smallMagnitude({ count: all, zero, negative, positive }: Histogram): number | undefined {
  if (all === zero) return undefined;
  const first = Math.min(...[negative, positive].filter(({ counts }) => counts.length > 0).map(({ from }) => from));
  let seen = 0;
  for (let bin = first; bin < magnitudeBins; bin += 1) {
    seen += (negative.counts[bin - negative.from] ?? 0) + (positive.counts[bin - positive.from] ?? 0);
    if (seen > (all - zero) * outside) return Math.max(magnitudeEdge(bin), magnitudeEdge(1));
  }
  return undefined;
}

/** Four bins an octave on each side, and one in the middle: an odd number. */
export function signedLogEdges({ least, octaves }: SignedLogScale): readonly number[] {
  const finer = 4;
  const above = Array.from({ length: octaves * finer + 1 }, (_, index) => least * 2 ** (index / finer));
  return [...above.map((edge) => -edge).reverse(), ...above];
}
