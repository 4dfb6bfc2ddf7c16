// The report of a comparison: what is drawn, and how many runs are told apart in it.
import { describe, expect, it } from 'vitest';
import { resultsCsv } from '../../../src/main/lab/compare/csv.ts';
import { comparisonReport } from '../../../src/main/lab/compare/report.ts';
import type { Run } from '../../../src/shared/contract/runs.ts';
import type { Series } from '../../../src/shared/contract/series.ts';

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

  it('marks its axes with round numbers', () => {
    const steps = Array.from({ length: 120 }, (_, index) => index + 2);
    const course = {
      ...line(
        'a',
        'training.loss',
        steps.map((step) => 4.628 - step / 75),
      ),
      steps,
    };
    const ticks = Array.from(figuresOf([course]).html.matchAll(/<text[^>]*>([^<]+)<\/text>/g), ([, text]) =>
      Number(text),
    );
    expect(ticks).toEqual([3.5, 4, 4.5, 20, 40, 60, 80, 100, 120]);
  });

  it('draws more points than a function takes arguments', () => {
    const values = Array.from({ length: 20_000 }, (_, index) => index);
    const { html } = figuresOf(Array.from({ length: 10 }, (_, run) => line(String(run), 'training.loss', values)));
    expect(html).toContain('>15000<');
  });
});

describe('results as CSV', () => {
  it('have every column once', () => {
    const run = { id: 'a-1', name: 'a', state: 'finished', task: 'masked-words', data: 'brown', seed: 3 };
    const [header, row] = resultsCsv({
      runs: [run as Run], // the rest is not written
      differences: [
        { field: 'spec.seed', title: 'seed', values: [3] },
        { field: 'spec.training.steps', title: 'training.steps', values: [100] },
      ],
      same: 10,
      results: [{ metric: 'test.loss', direction: 'minimise', values: [0.5], best: 0 }],
    }).split('\r\n');
    expect(header).toBe('run,name,state,task,data,seed,training.steps,test.loss');
    expect(row).toBe('a-1,a,finished,masked-words,brown,3,100,0.5');
  });
});
