// The report of a comparison: what is drawn, and how many runs are told apart in it.
import { describe, expect, it } from 'vitest';
import { comparisonReport } from '../../../src/main/lab/compare/report.ts';
import type { Series } from '../../../src/shared/contract/runs.ts';

function line(run: string, metric: string, values: readonly (number | null)[]): Series {
  const steps = values.map((_, index) => index);
  return { run, metric, steps, times: steps, relative: steps, values: [...values], total: values.length, restarts: [] };
}

function figuresOf(series: readonly Series[]): { html: string; figures: string[] } {
  const table = { runs: [], differences: [], same: 0, results: [] };
  const html = comparisonReport({ title: 'Two runs', notes: '', table, series });
  return { html, figures: Array.from(html.matchAll(/<svg[^>]* aria-label="([^"]+)"/g), ([, metric]) => metric ?? '') };
}

describe('the report of a comparison', () => {
  it('draws courses, and not what was measured once', () => {
    const { figures } = figuresOf([
      line('a', 'training.loss', [3, 2, 1]),
      line('a', 'test.loss', [1]),
      line('b', 'validation.loss', [null, 2, null]),
    ]);
    expect(figures).toEqual(['training.loss']);
  });

  it('draws more points than a function takes arguments', () => {
    const values = Array.from({ length: 20_000 }, (_, index) => index);
    const { html } = figuresOf(Array.from({ length: 10 }, (_, run) => line(String(run), 'training.loss', values)));
    expect(html).toContain('>19999<');
  });
});
