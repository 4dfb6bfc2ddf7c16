/** What differs between runs: in their specs and in their results, with the best of each result marked. */
import { bestOf } from '../../../shared/best-result.ts';
import { metricOf } from '../../../shared/metrics.ts';
import type { ComparedRuns } from '../../../shared/contract/compare.ts';
import type { RunWithSpec } from '../run-fields.ts';
import { fieldTitle, specFields } from '../run-fields.ts';

/** A column for each run in the order given; fields that are the same everywhere are only counted. */
export function compareTable(entries: readonly RunWithSpec[]): ComparedRuns {
  const fields = [...specFields(entries)];
  const differing = fields.filter(([, values]) => new Set(values).size > 1);
  const metrics = [...new Set(entries.flatMap(({ run }) => Object.keys(run.metrics)))].sort();
  return {
    runs: entries.map(({ run }) => run),
    differences: differing.map(([field, values]) => ({ field, title: fieldTitle(field), values })),
    same: fields.length - differing.length,
    results: metrics.map((metric) => {
      const direction = metricOf(metric).direction;
      const values = entries.map(({ run }) => run.metrics[metric] ?? null);
      return { metric, direction, values, best: bestOf(values, direction) };
    }),
  };
}
