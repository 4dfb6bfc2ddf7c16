// Importance of fields against functions whose shares of variance are known, and against the slow integral over a fine grid.
import { describe, expect, it } from 'vitest';
import type { FieldScale } from '../../../../src/shared/spec/sweep.ts';
import { randomStream } from '../../../../src/shared/random.ts';
import { mean } from '../../../../src/shared/stats.ts';
import type { MeasuredTrial } from '../../../../src/shared/sweep/importance.ts';
import { importanceOf, sharesOf } from '../../../../src/shared/sweep/importance.ts';
import type { Box } from '../../../../src/shared/sweep/regression-forest.ts';
import { growForest, predict } from '../../../../src/shared/sweep/regression-forest.ts';

const range = (path: string): FieldScale => ({ path, range: { from: 0, to: 1, scale: 'linear' } });

function trialsOf(
  fields: readonly FieldScale[],
  count: number,
  metric: (at: readonly number[]) => number | null,
): MeasuredTrial[] {
  return Array.from({ length: count }, (_, index) => {
    const random = randomStream(5, index);
    const at = fields.map(() => random.uniform());
    const settings = Object.fromEntries(fields.map(({ path }, axis) => [path, at[axis]]));
    return { settings, value: metric(at) };
  });
}

function sharesBy(found: ReturnType<typeof importanceOf>): Record<string, number> {
  return Object.fromEntries((found.fields ?? []).map(({ path, share }) => [path, share]));
}

describe('importance', () => {
  it('finds the shares of 2x + y, which are 4/5, 1/5 and 0', () => {
    const fields = ['x', 'y', 'z'].map(range);
    const found = importanceOf(
      fields,
      trialsOf(fields, 200, ([x = 0, y = 0]) => 2 * x + y),
      'minimise',
    );
    const shares = sharesBy(found);
    expect(Math.abs(shares.x! - 0.8)).toBeLessThan(0.08);
    expect(Math.abs(shares.y! - 0.2)).toBeLessThan(0.08);
    expect(shares.z).toBeLessThan(0.03);
    expect(found.foretold).toBeGreaterThan(0.9);
    expect(found.fields?.map(({ path }) => path)).toEqual(['x', 'y', 'z']);
    expect(found.sentence).toMatch(/^x alone explains 8\d %|^x alone explains 7\d %/);
  });

  it('finds what fields do together: of (x − ½)(y − ½) none explains anything alone', () => {
    const fields = ['x', 'y'].map(range);
    const found = importanceOf(
      fields,
      trialsOf(fields, 400, ([x = 0, y = 0]) => (x - 0.5) * (y - 0.5)),
      'minimise',
    );
    expect(found.interactions).toBeGreaterThan(0.8);
    for (const share of Object.values(sharesBy(found))) expect(share).toBeLessThan(0.15);
  });

  it('reads a logarithmic range on its scale, and words in the order of their trials', () => {
    const fields: FieldScale[] = [
      { path: 'rate', range: { from: 1e-4, to: 1, scale: 'log' } },
      { path: 'cell', values: ['a', 'b', 'c', 'd'] },
    ];
    const good: Readonly<Record<string, number>> = { a: 1, b: 0, c: 1, d: 0 };
    const trials = Array.from({ length: 160 }, (_, index): MeasuredTrial => {
      const random = randomStream(6, index);
      const place = random.uniform();
      const cell = ['a', 'b', 'c', 'd'][random.integer(4)]!;
      return { settings: { rate: 10 ** (4 * place - 4), cell }, value: place + good[cell]! };
    });
    // Variances: 1/12 of the place, 1/4 of the cell.
    const shares = sharesBy(importanceOf(fields, trials, 'maximise'));
    expect(Math.abs(shares.cell! - 0.75)).toBeLessThan(0.08);
    expect(Math.abs(shares.rate! - 0.25)).toBeLessThan(0.08);
  });

  it('counts a trial that diverged as the worst', () => {
    const fields = ['x', 'y'].map(range);
    const found = importanceOf(
      fields,
      trialsOf(fields, 100, ([x = 0]) => (x > 0.7 ? null : 1 + x)),
      'minimise',
    );
    expect(sharesBy(found).x).toBeGreaterThan(0.9);
  });

  it('says when it cannot tell', () => {
    const fields = ['x', 'y', 'z'].map(range);
    const noise = randomStream(9);
    const at = (count: number, metric: (at: readonly number[]) => number | null): string => {
      const found = importanceOf(fields, trialsOf(fields, count, metric), 'minimise');
      expect(found).toMatchObject({ fields: null, interactions: null });
      return found.sentence;
    };
    expect(at(11, ([x = 0]) => x)).toBe('11 trials are too few to tell which field matters: it takes 12 for 3 fields.');
    expect(at(1, ([x = 0]) => x)).toMatch(/^1 trial is too few/);
    expect(at(60, () => 1)).toMatch(/came out the same/);
    expect(at(60, () => null)).toMatch(/diverged/);
    expect(at(60, () => noise.normal())).toMatch(/do not tell which field matters/);
  });
});

describe('a tree', () => {
  const points = Array.from({ length: 60 }, (_, index) => {
    const random = randomStream(8, index);
    return [random.uniform(), random.uniform()];
  });
  const values = points.map(([x = 0, y = 0]) => Math.sin(5 * x) + x * y);
  const [tree] = growForest(points, values);

  it('has boxes that fill the cube and hold the mean of what fell into them', () => {
    const volume = (box: Box): number => box.low.reduce((product, low, axis) => product * (box.high[axis]! - low), 1);
    expect(tree!.boxes.reduce((sum, box) => sum + volume(box), 0)).toBeCloseTo(1, 12);
    expect(tree!.boxes.length).toBeGreaterThan(5);
  });

  it('has the shares of variance that a fine grid gives', () => {
    const side = 400;
    const grid = Array.from({ length: side }, (_, index) => (index + 0.5) / side);
    const at = grid.map((x) => grid.map((y) => predict(tree!, [x, y])));
    const all = at.flat();
    const centre = mean(all);
    const total = mean(all.map((value) => (value - centre) ** 2));
    const alongX = mean(at.map((row) => (mean(row) - centre) ** 2)) / total;
    const alongY = mean(grid.map((_, y) => (mean(at.map((row) => row[y]!)) - centre) ** 2)) / total;
    const [x = 0, y = 0] = sharesOf(tree!.boxes, 2) ?? [];
    expect(x).toBeCloseTo(alongX, 2);
    expect(y).toBeCloseTo(alongY, 2);
  });
});
