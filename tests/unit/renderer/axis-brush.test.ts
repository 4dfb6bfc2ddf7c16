// Filters of parallel coordinates: who passes, what is drawn, and the same from lists.
import { describe, expect, it } from 'vitest';
import {
  brushBetween,
  passes,
  stopsOf,
  withBrush,
  withEnd,
} from '../../../src/renderer/src/charts/parallel/axis-brush.ts';
import { parallelAxis } from '../../../src/renderer/src/charts/parallel/parallel-axis.ts';

const rate = parallelAxis('rate', 'rate', [0.1, 0.2, 0.3, 0.1])!;
const accuracy = parallelAxis('accuracy', 'accuracy', [0.5, null, 1, 0.75])!;
const passing = (brushes: Parameters<typeof passes>[1]): number[] =>
  [0, 1, 2, 3].filter((run) => passes([rate, accuracy], brushes, run));

describe('filters of axes', () => {
  it('let through what lies within all of them, ends included, and nothing without a value', () => {
    expect(passing(new Map())).toEqual([0, 1, 2, 3]);
    expect(passing(new Map([['rate', { low: 0, high: 0.5 }]]))).toEqual([0, 1, 3]);
    const both = withBrush(new Map([['rate', { low: 0, high: 0.5 }]]), 'accuracy', { low: 0.4, high: 1 });
    expect(passing(both)).toEqual([3]);
    expect(passing(withBrush(both, 'rate', undefined))).toEqual([2, 3]);
  });

  it('are drawn in either direction, and taken away by a click or by drawing over all', () => {
    expect(brushBetween(0.7, 0.2)).toEqual({ low: 0.2, high: 0.7 });
    expect(brushBetween(0.5, 1.4)).toEqual({ low: 0.5, high: 1 });
    expect(brushBetween(0.5, 0.5)).toBeUndefined();
    expect(brushBetween(-1, 2)).toBeUndefined();
  });

  it('are chosen from the values there are, and their ends do not cross', () => {
    expect(stopsOf(rate).map(({ label }) => label)).toEqual(['0.1', '0.2', '0.3']);
    expect(stopsOf(accuracy).map(({ place }) => place)).toEqual([0, 0.5, 1]);
    for (const { place } of stopsOf(rate)) {
      const chosen = withEnd(withEnd(undefined, 'low', place), 'high', place)!;
      expect(passing(new Map([['rate', chosen]]))).toEqual([0, 1, 2, 3].filter((run) => rate.places[run] === place));
    }
    expect(withEnd({ low: 0, high: 0.5 }, 'low', 1)).toEqual({ low: 1, high: 1 });
    expect(withEnd({ low: 0.5, high: 1 }, 'low', 0)).toBeUndefined();
  });
});
