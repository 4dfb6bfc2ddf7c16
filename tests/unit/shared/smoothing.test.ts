import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smooth } from '../../../src/shared/smoothing.ts';

/** By its definition: at each finite value, the weighted least squares line through all of them, within what was measured. */
function slowSmooth(values: readonly number[], weight: number): number[] {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  let rank = -1;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    rank += 1;
    const own = rank;
    const total = (of: (distance: number, y: number) => number): number =>
      finite.reduce((sum, y, index) => sum + weight ** Math.abs(index - own) * of(index - own, y), 0);
    const [s0, s1, s2] = [total(() => 1), total((d) => d), total((d) => d * d)];
    const fitted = (s2 * total((_, y) => y) - s1 * total((d, y) => d * y)) / (s0 * s2 - s1 * s1);
    return Math.min(high, Math.max(low, fitted));
  });
}

describe('smooth', () => {
  it('agrees with the definition on any series, with gaps', () => {
    const value = fc.oneof(
      { weight: 9, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) },
      { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity) },
    );
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 40 }).filter((values) => values.filter(Number.isFinite).length > 2),
        fc.double({ min: 0.05, max: 0.97, noNaN: true }),
        (values, weight) => {
          const expected = slowSmooth(values, weight);
          for (const [index, smoothed] of smooth(values, weight).entries()) {
            const reference = expected[index] ?? 0;
            if (Number.isFinite(reference)) expect(smoothed).toBeCloseTo(reference, 5);
            else expect(smoothed).toBe(reference);
          }
        },
      ),
    );
  });

  it('does not lag: an even fall stays where it is, to both ends', () => {
    const falling = Array.from({ length: 30 }, (_, index) => 9 - 0.25 * index);
    for (const [index, value] of smooth(falling, 0.9).entries()) expect(value).toBeCloseTo(falling[index]!, 9);
  });

  it('lies among the values of a noisy fall, and not above most of them', () => {
    const noise = (index: number): number => (((index * 7919) % 13) - 6) / 20;
    const loss = Array.from({ length: 200 }, (_, index) => 1 + 6 * Math.exp(-index / 40));
    const smoothed = smooth(
      loss.map((value, index) => value + noise(index)),
      0.6,
    );
    const excess = smoothed.map((value, index) => value - loss[index]!);
    expect(Math.abs(excess.reduce((sum, value) => sum + value, 0) / excess.length)).toBeLessThan(0.02);
    expect(Math.max(...excess.map(Math.abs))).toBeLessThan(0.3); // noise alone is up to 0.3
  });

  it('passes gaps through and fits over them', () => {
    expect([...smooth([2, Number.NaN, 2, Infinity, 2])]).toEqual([2, Number.NaN, 2, Infinity, 2]);
  });

  it('leaves values alone at weight 0 and where there are two, a constant line at any weight, and refuses 1', () => {
    expect([...smooth([3, 1, 2], 0)]).toEqual([3, 1, 2]);
    expect([...smooth([3, Number.NaN, 1], 0.9)]).toEqual([3, Number.NaN, 1]);
    expect(new Set(smooth(new Array<number>(100).fill(0.1), 0.97))).toEqual(new Set([0.1]));
    expect(() => smooth([1, 2, 3], 1)).toThrow(RangeError);
    expect(smooth([]).length).toBe(0);
  });
});
