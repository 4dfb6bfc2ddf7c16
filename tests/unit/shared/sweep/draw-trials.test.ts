// Draws of a sweep: reproducible, distinct, and distributed as they are said to be.
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../../src/shared/random.ts';
import type { Domain, NumberRange } from '../../../../src/shared/sweep/draw-trials.ts';
import { countValues, drawTrials, drawValue, gridValues } from '../../../../src/shared/sweep/draw-trials.ts';

const rate: NumberRange = { path: 'rate', from: 1e-4, to: 1e-1, scale: 'log', whole: false };
const size: NumberRange = { path: 'size', from: 1, to: 8, scale: 'linear', whole: true };

const draws = (domain: Domain, count: number): number[] =>
  Array.from({ length: count }, (_, index) => Number(drawValue(domain, randomStream(3, index))));

describe('a draw', () => {
  it('is uniform in the logarithm: Kolmogorov–Smirnov at one in a thousand', () => {
    const count = 4000;
    const places = draws(rate, count)
      .map((value) => Math.log(value / rate.from) / Math.log(rate.to / rate.from))
      .sort((a, b) => a - b);
    const distance = Math.max(...places.map((place, index) => Math.abs(place - (index + 0.5) / count)));
    expect(distance).toBeLessThan(1.95 / Math.sqrt(count));
  });

  it('gives whole numbers the share of the reals from them to the next', () => {
    const count = 8000;
    const shares = (range: NumberRange): number[] => {
      const values = draws(range, count);
      return Array.from({ length: 8 }, (_, index) => values.filter((value) => value === index + 1).length / count);
    };
    for (const share of shares(size)) expect(share).toBeCloseTo(1 / 8, 1.5);
    const logarithmic = shares({ ...size, scale: 'log' });
    for (const [index, share] of logarithmic.entries()) {
      expect(Math.abs(share - Math.log((index + 2) / (index + 1)) / Math.log(9))).toBeLessThan(0.02);
    }
  });

  it('stays within its ends', () => {
    for (const range of [rate, size, { ...size, from: 3, to: 4, scale: 'log' } as const]) {
      const values = draws(range, 500);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(range.from);
      expect(Math.max(...values)).toBeLessThanOrEqual(range.to);
    }
  });
});

describe('trials', () => {
  const fields: Domain[] = [rate, size, { path: 'cell', values: ['lstm', 'gru'] }];

  it('are a function of the seed, and more of them begin with the same', () => {
    expect(drawTrials(fields, 6, 1)).toEqual(drawTrials(fields, 20, 1).slice(0, 6));
    expect(drawTrials(fields, 6, 1)).not.toEqual(drawTrials(fields, 6, 2));
  });

  it('are all different, down to the last combination', () => {
    const few: Domain[] = [
      { path: 'cell', values: ['lstm', 'gru'] },
      { ...size, to: 3 },
    ];
    expect(countValues(few[0]!) * countValues(few[1]!)).toBe(6);
    const trials = drawTrials(few, 6, 0).map((trial) => JSON.stringify(trial));
    expect(new Set(trials).size).toBe(6);
  });
});

it('lays a grid over a range with both ends, in even ratios on a logarithmic one', () => {
  expect(gridValues(rate, 4)).toEqual([1e-4, 1e-3, 1e-2, 1e-1]);
  expect(gridValues(size, 3)).toEqual([1, 5, 8]); // 4.5 is no whole number
  expect(gridValues({ ...size, to: 2 }, 5)).toEqual([1, 2]);
});
