// The range test's arithmetic, on curves whose answers are known.
import { describe, expect, it } from 'vitest';
import { LearningRateCurve, geometricRates, suggestRates } from '../../src/shared/learning-rate-test.ts';

/** A curve with a smoothed loss for each power of ten from 10^-6 on, `perDecade` points each. */
function curveOf(losses: readonly number[], perDecade = 10): Parameters<typeof suggestRates>[0] {
  return losses.map((smoothed, index) => ({ learningRate: 10 ** (-6 + index / perDecade), loss: smoothed, smoothed }));
}

/** Flat at 10, then falling by so much from point to point, then rising. */
function valley(flat: number, falls: readonly number[], rise: number): number[] {
  const losses = Array<number>(flat).fill(10);
  let loss = 10;
  for (const fall of falls) losses.push((loss -= fall));
  for (let index = 0; index < rise; index++) losses.push((loss += 0.5));
  return losses;
}

describe('learning-rate range test', () => {
  it('goes through rates that are equally far apart on a logarithmic axis', () => {
    const rates = geometricRates(1e-6, 1, 7);
    for (const [index, rate] of rates.entries()) expect(rate).toBeCloseTo(10 ** (index - 6), 12);
    expect(geometricRates(0.1, 1, 1)).toEqual([0.1]);
  });

  it('smooths without a bias towards 0, and ends at four times the lowest loss', () => {
    const curve = new LearningRateCurve();
    expect(curve.add(1e-3, 2)).toBe(true);
    expect(curve.add(1e-2, 1)).toBe(true);
    const [first, second] = curve.result().points;
    expect(first?.smoothed).toBeCloseTo(2, 12);
    expect(second?.smoothed).toBeCloseTo((0.9 * 2 + 1) / 1.9, 12); // weights 0.9 and 1
    let steps = 0;
    while (curve.add(1, 12)) steps++;
    const { points, diverged } = curve.result();
    const losses = points.map(({ smoothed }) => smoothed ?? NaN);
    const lowest = Math.min(...losses);
    expect(diverged).toBe(true);
    expect(losses.at(-1)).toBeGreaterThan(4 * lowest);
    expect(losses.slice(0, -1).every((loss) => loss <= 4 * lowest)).toBe(true);
    expect(steps).toBeGreaterThan(0);
  });

  it('ends at a loss that is no number, and keeps it apart from the others', () => {
    const curve = new LearningRateCurve();
    curve.add(1e-3, 2);
    expect(curve.add(1e-2, NaN)).toBe(false);
    expect(curve.result()).toMatchObject({ diverged: true, points: [{ smoothed: 2 }, { loss: null, smoothed: null }] });
  });

  it('suggests the middle of the fall, its steepest place and a tenth of the bottom', () => {
    const falls = [...Array<number>(10).fill(0.05), 0.4, 0.4, ...Array<number>(8).fill(0.05)];
    const losses = valley(20, falls, 20); // 60 points, of which 6 at the beginning and 3 at the end are not read
    const [middle, steepest, minimum] = suggestRates(curveOf(losses));
    // The fall goes from the flat part's last point, number 19, to number 39; which flat point it begins with does not matter to it.
    expect(middle?.kind).toBe('valley');
    expect(Math.log10(middle?.learningRate ?? NaN)).toBeGreaterThan(-6 + 2.2);
    expect(Math.log10(middle?.learningRate ?? NaN)).toBeLessThan(-6 + 3);
    // The largest fall over two points has the two of 0.4 before and after number 30.
    expect(steepest?.kind).toBe('steepest');
    expect(Math.log10(steepest?.learningRate ?? NaN)).toBeCloseTo(-3, 9);
    expect(minimum?.kind).toBe('minimum');
    expect(Math.log10(minimum?.learningRate ?? NaN)).toBeCloseTo(-6 + 3.9 - 1, 9);
  });

  it('suggests nothing where the loss does not fall', () => {
    expect(suggestRates(curveOf(Array<number>(50).fill(3)))).toEqual([]);
    expect(suggestRates(curveOf(Array.from({ length: 50 }, (_, index) => 3 + index / 10)))).toEqual([]);
    expect(suggestRates([])).toEqual([]);
  });
});
