/** What differs between runs: in their specs and in their results, with the best of each result marked. */
import { bestOf } from '../../../shared/best-result.ts';
import type { ComparedRuns } from '../../../shared/contract/compare.ts';
import type { RunWithSpec } from '../run-fields.ts';
import { fieldTitle, specFields } from '../run-fields.ts';
import { selectionOf } from '../store/run-store.ts';

type Direction = 'minimise' | 'maximise';

export function compareTable(entries: readonly RunWithSpec[]): ComparedRuns {
  const fields = [...specFields(entries)];
  const differing = fields.filter(([, values]) => new Set(values).size > 1);
  const metrics = [...new Set(entries.flatMap(({ run }) => Object.keys(run.metrics)))].sort();
  return {
    runs: entries.map(({ run }) => run),
    differences: differing.map(([field, values]) => ({ field, title: fieldTitle(field), values })),
    same: fields.length - differing.length,
    results: metrics.map((metric) => {
      const direction = metricDirection(entries, metric);
      const values = entries.map(({ run }) => run.metrics[metric] ?? null);
      return { metric, direction, values, best: bestOf(values, direction) };
    }),
  };
}

/** Of the task's own metric as the task says; of others by their names, and nothing where the name says nothing. */
export function metricDirection(entries: readonly RunWithSpec[], metric: string): Direction | null {
  const name = metric.replace(/^.*\./, '');
  const own = entries.map(({ record }) => selectionOf(record)).find((selection) => selection.metric === name);
  if (own) return own.direction;
  if (/loss|perplexity|error|bitsper/i.test(name)) return 'minimise';
  return /accuracy|f1|precision|recall|auc|correlation|top\d/i.test(name) ? 'maximise' : null;
}
