// Counting by the leading bits of floats, against a slow version that compares every value with the edges of every bin; and what is
// made of the counts for pictures.
import { describe, expect, it } from 'vitest';
import { histogramOf } from '../../../src/main/training/histogram.ts';
import type { Histogram } from '../../../src/shared/histogram.ts';
import {
  filledBins,
  intervalsOf,
  linearEdges,
  magnitudeBins,
  magnitudeEdge,
  quantileOf,
  rebin,
  robustRange,
  signedLogEdges,
  signedLogScale,
} from '../../../src/shared/histogram.ts';
import { randomStream } from '../../../src/shared/random.ts';

/** Normal numbers of several sizes, with zeros. */
function values(count: number, seed: number): Float32Array {
  const random = randomStream(seed, 0);
  return Float32Array.from({ length: count }, () =>
    random.integer(10) === 0 ? 0 : random.normal() * 10 ** (random.integer(12) - 8),
  );
}

function slowly(all: Float32Array): Histogram {
  const numbers = [...all].filter(Number.isFinite);
  const counted = (inside: (value: number, low: number, high: number) => boolean) => {
    const counts = Array.from({ length: magnitudeBins }, (_, bin) =>
      bin === 0 ? 0 : numbers.filter((value) => inside(value, magnitudeEdge(bin), magnitudeEdge(bin + 1))).length,
    );
    const from = Math.max(
      0,
      counts.findIndex((count) => count > 0),
    );
    return { from, counts: counts.slice(from, counts.findLastIndex((count) => count > 0) + 1) };
  };
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numbers.length;
  return {
    count: numbers.length,
    nan: [...all].filter(Number.isNaN).length,
    infinite: [...all].filter((value) => Math.abs(value) === Infinity).length,
    minimum: Math.min(...numbers),
    maximum: Math.max(...numbers),
    mean,
    std: Math.sqrt(variance),
    zero: numbers.filter((value) => Math.abs(value) < magnitudeEdge(1)).length,
    negative: counted((value, low, high) => -value >= low && -value < high),
    positive: counted((value, low, high) => value >= low && value < high),
  };
}

function expectSame(found: Histogram, expected: Histogram): void {
  const { mean, std, ...exact } = found;
  const { mean: expectedMean, std: expectedStd, ...expectedExact } = expected;
  expect(exact).toEqual(expectedExact);
  expect(Math.abs(mean! - expectedMean!)).toBeLessThanOrEqual(1e-9 * expectedStd!);
  expect(std! / expectedStd!).toBeCloseTo(1, 9);
}

const total = (found: Histogram): number => filledBins(found).reduce((sum, { count }) => sum + count, 0);

describe('a histogram', () => {
  it.each([1, 3, 8])('of %d hundred values is that of comparing each with each edge', (hundreds) => {
    const all = values(hundreds * 100, hundreds);
    const found = histogramOf(all);
    expectSame(found, slowly(all));
    expect(total(found)).toBe(all.length);
  });

  it('counts what is no number apart, and nothing else of it', () => {
    const all = values(500, 7);
    const numbers = all.slice();
    const spoilt = Float32Array.from([NaN, ...all, Infinity, -Infinity, NaN, Infinity]);
    const found = histogramOf(spoilt);
    expectSame(found, slowly(spoilt));
    expect(found).toEqual({ ...histogramOf(numbers), nan: 2, infinite: 3 });
  });

  it('of nothing, and of what is no number, says so', () => {
    const nothing = { count: 0, minimum: null, maximum: null, mean: null, std: null, zero: 0 };
    expect(histogramOf(new Float32Array(0))).toMatchObject(nothing);
    expect(histogramOf(Float32Array.of(NaN, Infinity))).toMatchObject({ ...nothing, nan: 1, infinite: 1 });
    expect(intervalsOf(histogramOf(new Float32Array(0)))).toEqual([]);
    expect(robustRange([histogramOf(new Float32Array(0))])).toBeUndefined();
  });

  it('has exact ends of its bins, from the smallest float to the largest', () => {
    const largest = (2 - 2 ** -23) * 2 ** 127;
    const found = histogramOf(Float32Array.of(0, -0, 2 ** -149, 1, -1, 1.125, -1.1249999, largest, -largest));
    expect(found.zero).toBe(3);
    expect(found.positive.from).toBe(127 * 8);
    expect(found.positive.counts.slice(0, 2)).toEqual([1, 1]);
    expect(found.negative.counts[0]).toBe(2);
    expect(found.positive.from + found.positive.counts.length).toBe(magnitudeBins);
    expect([magnitudeEdge(127 * 8), magnitudeEdge(magnitudeBins)]).toEqual([1, 2 ** 128]);
    expect(found).toMatchObject({ minimum: -largest, maximum: largest });
  });

  it('keeps the digits of a small deviation from a large mean, and of values beside one far away', () => {
    const random = randomStream(5, 1);
    const near = Float32Array.from({ length: 500 }, () => 1000 + random.uniform());
    const far = Float32Array.from([1e6, ...Array.from({ length: 500 }, () => random.uniform())]);
    for (const all of [near, far]) expectSame(histogramOf(all), slowly(all));
    expect(histogramOf(new Float32Array(64).fill(0.1)).std).toBe(0);
  });
});

describe('what is drawn of a histogram', () => {
  const found = histogramOf(values(4000, 11));

  it('adds up to all values between and beyond any edges', () => {
    const range = robustRange([found])!;
    for (const edges of [linearEdges(range, 64), linearEdges({ low: -1e-6, high: 3 }, 7), [5e3, 6e3]]) {
      const { below, counts, above } = rebin(found, edges);
      expect(below + above + counts.reduce((sum, count) => sum + count, 0)).toBeCloseTo(found.count, 6);
    }
    const scale = signedLogScale([found])!;
    const { below, counts, above } = rebin(found, signedLogEdges(scale));
    expect(below + above).toBe(0);
    expect(counts.length % 2).toBe(1);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeCloseTo(found.count, 6);
  });

  it('has whole bins where edges lie on theirs, and single values in one bin', () => {
    const two = histogramOf(Float32Array.of(1, 1.05, 2, 2.1, -3));
    expect(rebin(two, [-4, -3, 0, 1, 2, 3])).toEqual({ below: 0, counts: [0, 1, 0, 2, 2], above: 0 });
    const zeros = histogramOf(new Float32Array(10));
    expect(rebin(zeros, [-1, 0, 1])).toEqual({ below: 0, counts: [0, 10], above: 0 });
    expect(rebin(zeros, [-1, -0.5, 0])).toEqual({ below: 0, counts: [0, 10], above: 0 });
    expect(rebin(zeros, [1, 2])).toEqual({ below: 10, counts: [0], above: 0 });
    expect(rebin(zeros, [-2, -1])).toEqual({ below: 0, counts: [0], above: 10 });
    expect(robustRange([zeros])).toEqual({ low: -1, high: 1 });
    expect(signedLogScale([zeros])).toBeUndefined();
  });

  it('leaves single values far away out of the range, and few at any end', () => {
    const random = randomStream(9, 2);
    const most = Array.from({ length: 10_000 }, () => random.uniform());
    const range = robustRange([histogramOf(Float32Array.from([...most, 1e9, -1e9]))])!;
    expect(range.high).toBeLessThan(1.01);
    expect(range.low).toBeGreaterThanOrEqual(-0.01);
    const sorted = most.toSorted((a, b) => a - b);
    const all = histogramOf(Float32Array.from(most));
    for (const share of [0.1, 0.5, 0.9]) {
      const exact = sorted[Math.ceil(share * most.length) - 1]!;
      expect(quantileOf(all, share)! / exact).toBeGreaterThanOrEqual(1 - 1e-6);
      expect(quantileOf(all, share)! / exact).toBeLessThan(1.13);
    }
  });
});
