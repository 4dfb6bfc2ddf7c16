import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smooth } from '../../../src/shared/smoothing.ts';

/** The debiased average by its definition: the weighted mean Σ w^(n−i) x_i / Σ w^(n−i) over the finite values so far. */
function slowSmooth(values: number[], weight: number): number[] {
  return values.map((value, last) => {
    if (!Number.isFinite(value)) return value;
    const past = values.slice(0, last + 1).filter(Number.isFinite);
    const weights = past.map((_, index) => weight ** (past.length - 1 - index));
    const total = weights.reduce((sum, share) => sum + share, 0);
    return past.reduce((sum, x, index) => sum + (x * (weights[index] ?? 0)) / total, 0);
  });
}

describe('smooth', () => {
  it('starts at the first value and is the weighted mean of the past', () => {
    const [first, second, third] = smooth([1, 2, 4], 0.6);
    expect(first).toBe(1);
    expect(second).toBeCloseTo((0.6 * 1 + 2) / 1.6, 14);
    expect(third).toBeCloseTo((0.36 * 1 + 0.6 * 2 + 4) / 1.96, 14);
  });

  it('agrees with the definition on any series, with gaps', () => {
    const value = fc.oneof(
      { weight: 9, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) },
      { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity) },
    );
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 60 }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (values, weight) => {
          const expected = slowSmooth(values, weight);
          for (const [index, smoothed] of smooth(values, weight).entries()) {
            const reference = expected[index] ?? 0;
            if (Number.isFinite(reference)) expect(smoothed).toBeCloseTo(reference, 8);
            else expect(smoothed).toBe(reference);
          }
        },
      ),
    );
  });

  it('passes gaps through and continues behind them with the old average', () => {
    const smoothed = smooth([2, Number.NaN, 2, Infinity, 2]);
    expect([...smoothed]).toEqual([2, Number.NaN, 2, Infinity, 2]);
  });

  it('leaves values alone at weight 0, a constant line at any, and refuses 1', () => {
    expect([...smooth([3, 1, 2], 0)]).toEqual([3, 1, 2]);
    expect(new Set(smooth(new Array<number>(100).fill(0.1), 0.97))).toEqual(new Set([0.1]));
    expect(() => smooth([1], 1)).toThrow(RangeError);
    expect(smooth([]).length).toBe(0);
  });
});
