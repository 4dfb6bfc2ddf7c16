// The trials of a sweep over parallel coordinates.
import { describe, expect, it } from 'vitest';
import type { SweepResult } from '../../../src/shared/spec/sweep.ts';
import { passes } from '../../../src/renderer/src/charts/parallel/axis-brush.ts';
import { trialChart } from '../../../src/renderer/src/features/sweeps/trial-axes.ts';

const trial = (number: number, rate: number, cell: string, ...values: (number | null)[]) => ({
  ...{ number, settings: { 'training.learningRate': rate, 'pipeline.options.cell': cell } },
  rungs: values.map((value) => ({ run: `run-${number}`, value })),
});
const result: SweepResult = {
  ...{
    formatVersion: 1,
    name: 'rates',
    method: 'halving',
    metric: 'loss',
    direction: 'minimise',
    best: 2,
    finished: false,
  },
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

describe('the chart of a sweep', () => {
  const { axes, trials } = trialChart(result, 0);

  it('has an axis for each field and the metric, with marks on the scale of each', () => {
    expect(axes.map(({ title }) => title)).toEqual(['learningRate', 'cell', 'Loss']);
    expect(axes[0]?.ticks.map(({ label }) => label)).toEqual(['0.0001', '0.001', '0.01', '0.1', '1']);
    const places = axes[0]?.ticks.map(({ place }) => place) ?? [];
    for (const [index, place] of places.entries()) expect(place).toBeCloseTo(index / 4, 9);
    expect(axes[1]?.ticks).toEqual([
      { place: 0.25, label: 'gru' },
      { place: 0.75, label: 'lstm' },
    ]);
  });

  it('draws the trials of a rung, the best last, and those that diverged at the worse end', () => {
    expect(trials).toEqual([
      { number: 3, value: null, rank: 1 },
      { number: 1, value: 3, rank: 1 },
      { number: 2, value: 1, rank: 0 },
    ]);
    expect(axes.map(({ places }) => places[0])).toEqual([1, 0.25, 1]);
    expect(axes.map(({ labels }) => labels[0])).toEqual(['1', 'gru', 'diverged']);
    expect(axes[0]?.places[2]).toBeCloseTo(0.25, 9);
    expect(trialChart(result, 1).trials.map(({ number }) => number)).toEqual([2]);
    const maximised = trialChart({ ...result, metric: 'accuracy', direction: 'maximise' }, 0);
    expect(maximised.trials.map(({ number }) => number)).toEqual([3, 2, 1]);
    expect(maximised.axes[2]?.places[0]).toBe(0);
  });

  it('shows what runs through all ranges', () => {
    const shown = (...ranges: readonly [key: string, low: number, high: number][]): number[] => {
      const brushes = new Map(ranges.map(([key, low, high]) => [key, { low, high }]));
      return trials.flatMap(({ number }, place) => (passes(axes, brushes, place) ? [number] : []));
    };
    expect(shown()).toEqual([3, 1, 2]);
    expect(shown(['training.learningRate', 0.4, 1])).toEqual([3, 1]);
    expect(shown(['training.learningRate', 0.4, 0.9])).toEqual([1]);
    expect(shown(['training.learningRate', 0.4, 1], ['pipeline.options.cell', 0.5, 1])).toEqual([]);
  });
});
