// The place that charts show together, and the curves of pinned runs.
import { describe, expect, it } from 'vitest';
import type { ChartLine } from '../../../src/renderer/src/charts/chart-line.ts';
import { neighbouringPlace, valuesAt } from '../../../src/renderer/src/charts/crosshair.ts';
import { lineStyle } from '../../../src/renderer/src/charts/palette.ts';
import { referenceLines } from '../../../src/renderer/src/features/runs/reference-lines.ts';
import type { Series } from '../../../src/shared/contract/series.ts';

function line(label: string, x: readonly number[], values: readonly (number | null)[]): ChartLine {
  return { key: label, label, style: lineStyle(0), x, values, breaks: [] };
}

describe('the crosshair of charts', () => {
  const lines = [line('training', [1, 2, 3, 4], [4, 3, null, 1]), line('validation', [2, 4], [5, 6])];

  it('tells the nearest measured values of the lines that reach it', () => {
    expect(valuesAt([...lines, line('empty', [], [])], 3.1)).toEqual([
      { label: 'training', value: 1 },
      { label: 'validation', value: 6 },
    ]);
    expect(valuesAt(lines, 1.4)).toEqual([{ label: 'training', value: 4 }]);
    expect(valuesAt(lines, -5)).toEqual([]);
  });

  it('goes from point to point, and stays at the ends', () => {
    expect(neighbouringPlace(lines, null, 1)).toBe(1);
    expect(neighbouringPlace(lines, null, -1)).toBe(4);
    expect(neighbouringPlace(lines, 2.5, 1)).toBe(3);
    expect(neighbouringPlace(lines, 3, -1)).toBe(2);
    expect(neighbouringPlace(lines, 4, 1)).toBe(4);
    expect(neighbouringPlace([], null, 1)).toBeNull();
  });
});

describe('pinned runs', () => {
  const series = (run: string, metric: string): Series => ({
    ...{ run, metric, steps: [1, 2], times: [10, 20], relative: [0, 5], values: [1, 0.5], total: 2, restarts: [] },
  });
  const all = [series('a', 'training.loss'), series('b', 'training.loss'), series('b', 'validation.loss')];

  it('have their curves on the charts of others, dashed, but not by the time of day', () => {
    const found = referenceLines([{ id: 'b', name: 'before' }], all, ['training.loss', 'validation.loss'], 'relative');
    expect(found.map(({ label, x }) => [label, x])).toEqual([
      ['★ before training', [0, 5]],
      ['★ before validation', [0, 5]],
    ]);
    expect(found.every(({ style }) => style.dash.length > 0)).toBe(true);
    expect(referenceLines([{ id: 'b', name: 'before' }], all, ['training.loss'], 'wall')).toEqual([]);
  });
});
