import { describe, expect, it } from 'vitest';
import { secondsToLoss } from '../../../bench/lib/loss-curve.ts';

describe('seconds to a loss', () => {
  const points = [
    { steps: 200, seconds: 20, loss: 5 },
    { steps: 100, seconds: 10, loss: 6 },
    { steps: 400, seconds: 80, loss: 4.5 },
  ];

  it('lie between two trainings, along the logarithm', () => {
    expect(secondsToLoss(points, 5.5)).toBeCloseTo(Math.sqrt(10 * 20), 10);
    expect(secondsToLoss(points, 4.75)).toBeCloseTo(40, 10);
    expect(secondsToLoss(points, 5)).toBeCloseTo(20, 10);
  });

  it('are those of the shortest training where it reached the loss, and none where no training did', () => {
    expect(secondsToLoss(points, 6.5)).toBe(10);
    expect(secondsToLoss(points, 4.4)).toBeUndefined();
    expect(secondsToLoss([], 4)).toBeUndefined();
  });
});
