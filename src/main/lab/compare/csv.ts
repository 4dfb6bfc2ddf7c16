/** Comparisons as CSV (RFC 4180), for spreadsheets and scripts. */
import type { ComparedRuns } from '../../../shared/contract/compare.ts';
import type { Series } from '../../../shared/contract/series.ts';
import type { CsvCell } from '../../../shared/csv.ts';
import { csvText } from '../../../shared/csv.ts';

/** A row for each run: what it is, what differs in its spec, and its results. */
export function resultsCsv({ runs, differences, results }: ComparedRuns, metrics?: readonly string[]): string {
  const wanted = results.filter(({ metric }) => !metrics || metrics.includes(metric));
  const common = ['run', 'name', 'state', 'task', 'data', 'seed'];
  const settings = differences.filter(({ title }) => !common.includes(title)); // the seed is there already
  const header = [...common, ...settings.map(({ title }) => title), ...wanted.map(({ metric }) => metric)];
  const rows = runs.map((run, index): CsvCell[] => [
    run.id,
    run.name,
    run.state,
    run.task,
    run.data,
    run.seed,
    ...settings.map(({ values }) => values[index] ?? null),
    ...wanted.map(({ values }) => values[index] ?? null),
  ]);
  return csvText([header, ...rows]);
}

/** A row for each point. */
export function seriesCsv(series: readonly Series[]): string {
  const rows = series.flatMap(({ run, metric, steps, times, relative, values }) =>
    steps.map((step, index): CsvCell[] => [
      run,
      metric,
      step,
      new Date(times[index]!).toISOString(),
      (relative[index]! / 1000).toFixed(3),
      values[index] ?? null,
    ]),
  );
  return csvText([['run', 'metric', 'step', 'time', 'seconds', 'value'], ...rows]);
}
