import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimateLargestTriangle, decimateMinMax } from '../../../src/shared/decimate.ts';

const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe('decimateMinMax', () => {
  it('stays in the budget, ascends, keeps the ends and the extremes', () => {
    fc.assert(
      fc.property(
        fc.array(finite, { minLength: 1, maxLength: 500 }),
        fc.integer({ min: 5, max: 100 }),
        (values, budget) => {
          const kept = decimateMinMax(values, budget);
          expect(kept.length).toBeLessThanOrEqual(Math.max(budget, 0));
          expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
          expect(kept[0]).toBe(0);
          expect(kept.at(-1)).toBe(values.length - 1);
          const shown = kept.map((index) => values[index] ?? 0);
          expect(Math.max(...shown)).toBe(Math.max(...values));
          expect(Math.min(...shown)).toBe(Math.min(...values));
        },
      ),
    );
  });

  it('keeps a single spike and a single gap of a million values', () => {
    const values = Float64Array.from({ length: 1_000_000 }, (_, index) => Math.sin(index / 1e4));
    values[123_457] = 50;
    values[700_001] = Number.NaN;
    const kept = decimateMinMax(values, 1000);
    expect(kept).toContain(123_457);
    expect(kept).toContain(700_001);
    expect(kept.length).toBeLessThanOrEqual(1000);
  });

  it('returns short series whole and works with hardly any room', () => {
    expect(decimateMinMax([3, 1, 2], 3)).toEqual([0, 1, 2]);
    expect(decimateMinMax([3, 1, 2, 5], 2)).toEqual([0, 3]);
    expect(decimateMinMax([], 2)).toEqual([]);
    expect(() => decimateMinMax([1], 1)).toThrow(RangeError);
  });
});

describe('decimateLargestTriangle', () => {
  it('keeps exactly as many points as there is room for, ascending, with the ends', () => {
    fc.assert(
      fc.property(
        fc.array(finite, { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 2, max: 60 }),
        (values, budget) => {
          const x = values.map((_, index) => index * index);
          const kept = decimateLargestTriangle(x, values, budget);
          expect(kept.length).toBe(Math.min(budget, values.length));
          expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
          expect(kept[0]).toBe(0);
          expect(kept.at(-1)).toBe(values.length - 1);
        },
      ),
    );
  });

  it('chooses the largest triangle, computed by hand', () => {
    // Buckets {1, 2} and {3, 4}. From (0, 0) towards the mean (3.5, 0.5): areas |3.5·1 − 1·0.5| = 3 and |3.5·(−1) − 2·0.5| = 4.5.
    // From (2, −1) towards (5, 0): |3·(1 + 1) − 1·1| = 5 and |3·(0 + 1) − 2·1| = 1.
    expect(decimateLargestTriangle([0, 1, 2, 3, 4, 5], [0, 1, -1, 1, 0, 0], 4)).toEqual([0, 2, 3, 5]);
  });

  it('refuses positions and values of different number', () => {
    expect(() => decimateLargestTriangle([0, 1], [1], 5)).toThrow(RangeError);
  });
});
