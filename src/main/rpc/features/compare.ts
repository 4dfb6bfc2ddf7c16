/** Comparing runs. */
import type { compareContract } from '../../../shared/contract/compare.ts';
import { compareTable } from '../../lab/compare/compare-table.ts';
import { resultsCsv, seriesCsv } from '../../lab/compare/csv.ts';
import { comparisonReport } from '../../lab/compare/report.ts';
import { comparePaired } from '../../lab/compare/paired.ts';
import type { Lab } from '../../lab/lab.ts';
import { groupRuns } from '../../lab/run-fields.ts';
import { bandOf, readSeries } from '../../lab/run-series.ts';
import type { HandlersOf } from '../dispatcher.ts';
import { entry } from './runs.ts';

export function compareHandlers(lab: Lab): HandlersOf<typeof compareContract> {
  const { runs } = lab;
  const entries = (ids: readonly string[]) => ids.map((id) => entry(lab, id));
  return {
    table: ({ ids }) => compareTable(entries(ids)),
    async series(input, { signal }) {
      const series = await readSeries(runs, input, signal);
      if (input.groupBy.length === 0) return { series, bands: [] };
      const metrics = [...new Set(series.map(({ metric }) => metric))];
      const bands = groupRuns(entries(input.ids), input.groupBy).flatMap(({ key, ids }) => {
        const lines = series.filter(({ run }) => ids.includes(run));
        return metrics.flatMap((metric) => bandOf(key, lines, metric, input.x, input.band) ?? []);
      });
      return { series, bands };
    },
    paired: ({ first, second, metric, confidence }) =>
      comparePaired(entries(first), entries(second), metric, confidence),
    async report({ ids, title, notes, metrics }, { signal }) {
      const series = await readSeries(runs, { ids, metrics, maximumPoints: 400 }, signal);
      return {
        fileName: `${fileNameOf(title)}.html`,
        html: comparisonReport({ title, notes, table: compareTable(entries(ids)), series }),
      };
    },
    async csv({ ids, content, metrics }, { signal }) {
      if (content === 'results') {
        return { fileName: 'results.csv', text: resultsCsv(compareTable(entries(ids)), metrics) };
      }
      return {
        fileName: 'series.csv',
        text: seriesCsv(await readSeries(runs, { ids, metrics, maximumPoints: 20_000 }, signal)),
      };
    },
  };
}

function fileNameOf(title: string): string {
  return (
    title
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'comparison'
  );
}
