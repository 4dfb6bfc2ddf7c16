import { describe, expect, it } from 'vitest';
import { linearScale, rangeOf } from '../../../src/shared/linear-scale.ts';

describe('the range of values', () => {
  it('goes from the smallest to the largest, with room beyond both', () => {
    expect(rangeOf([3, -1, 2])).toEqual({ low: -1, high: 3 });
    expect(rangeOf([0, 10], 0.1)).toEqual({ low: -1, high: 11 });
  });

  it('has a length where all values are the same', () => {
    expect(rangeOf([2, 2])).toEqual({ low: 1.5, high: 2.5 });
    expect(rangeOf([2], 0.1, 0.5)).toEqual({ low: 1.75, high: 2.25 });
  });

  it('takes more values than a call takes arguments', () => {
    expect(rangeOf(Array.from({ length: 300_000 }, (_, index) => index))).toEqual({ low: 0, high: 299_999 });
  });
});

it('places values in both directions, and beyond the ends', () => {
  const right = linearScale({ low: 2, high: 4 }, 100, 200);
  expect([2, 3, 4, 5].map(right)).toEqual([100, 150, 200, 250]);
  const up = linearScale({ low: 0, high: 1 }, 50, 10);
  expect([0, 0.25, 1].map(up)).toEqual([50, 40, 10]);
});
