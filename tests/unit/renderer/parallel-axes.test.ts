// Lines and ranges of parallel coordinates.
import { describe, expect, it } from 'vitest';
import type { SweepResult } from '../../../src/shared/spec/sweep.ts';
import type { Brushes } from '../../../src/renderer/src/features/sweeps/parallel-axes.ts';
import { axesOf, isWithin, linesOf, withEnd } from '../../../src/renderer/src/features/sweeps/parallel-axes.ts';

const trial = (number: number, rate: number, cell: string, ...values: (number | null)[]) => ({
  ...{ number, settings: { 'training.learningRate': rate, 'pipeline.options.cell': cell } },
  rungs: values.map((value) => ({ run: `run-${number}`, value })),
});
const result: SweepResult = {
  ...{ formatVersion: 1, name: 'rates', method: 'halving', metric: 'loss', direction: 'minimise', best: 2, finished: false },
  fields: [
    { path: 'training.learningRate', range: { from: 1e-4, to: 1, scale: 'log' } },
    { path: 'pipeline.options.cell', values: ['gru', 'lstm'] },
  ],
  rungs: [
    { steps: 10, trials: 4 },
    { steps: 20, trials: 2 },
  ],
  trials: [trial(1, 1e-2, 'gru', 3), trial(2, 1e-3, 'lstm', 1, 0.5), trial(3, 1, 'gru', null), trial(4, 1e-4, 'gru')],
  importance: { trials: 3, foretold: null, fields: null, interactions: null, sentence: '' },
};

describe('parallel coordinates', () => {
  it('have an axis for each field and the metric, with marks on the scale of each', () => {
    const axes = axesOf(result, 0);
    expect(axes.map(({ title }) => title)).toEqual(['learningRate', 'cell', 'Loss']);
    expect(axes[0]?.ticks.map(({ text }) => text)).toEqual(['0.0001', '0.001', '0.01', '0.1', '1']);
    const places = axes[0]?.ticks.map(({ place }) => place) ?? [];
    for (const [index, place] of places.entries()) expect(place).toBeCloseTo(index / 4, 9);
    expect(axes[1]?.ticks).toEqual([
      { place: 0.25, text: 'gru' },
      { place: 0.75, text: 'lstm' },
    ]);
    expect([axes[0]?.words(0.5), axes[1]?.words(1), axes[1]?.words(0)]).toEqual(['0.01', 'lstm', 'gru']);
  });

  it('draw the trials of a rung, the best last, and those that diverged at the worse end', () => {
    const lines = linesOf(result, 0);
    expect(lines.map(({ number, rank, diverged }) => [number, rank, diverged])).toEqual([
      [3, 1, true],
      [1, 1, false],
      [2, 0, false],
    ]);
    expect(lines[0]?.places).toEqual([1, 0.25, 1]);
    expect(lines[2]?.places[0]).toBeCloseTo(0.25, 9);
    expect(linesOf(result, 1).map(({ number }) => number)).toEqual([2]);
  });

  it('show what runs through all ranges', () => {
    const axes = axesOf(result, 0);
    const shown = (brushes: Brushes): number[] =>
      linesOf(result, 0).filter((line) => isWithin(line, axes, brushes)).map(({ number }) => number);
    expect(shown(new Map())).toEqual([3, 1, 2]);
    const upper = withEnd(new Map(), 'training.learningRate', 'low', 0.4);
    expect(shown(upper)).toEqual([3, 1]);
    expect(shown(withEnd(upper, 'training.learningRate', 'high', 0.9))).toEqual([1]);
    expect(shown(withEnd(upper, 'pipeline.options.cell', 'low', 0.5))).toEqual([]);
  });

  it('move an end no further than the other one, and forget a range of everything', () => {
    const from = withEnd(new Map(), 'rate', 'low', 0.7);
    expect(withEnd(from, 'rate', 'high', 0.2).get('rate')).toEqual({ low: 0.7, high: 0.7 });
    expect(withEnd(from, 'rate', 'low', -1).has('rate')).toBe(false);
  });
});
