/** A sweep in tables: its trials with the best first, and what each field explains. */
import { formatNumber, formatPercent } from '../../../shared/display.ts';
import type { SweepResult } from '../../../shared/spec/sweep.ts';
import { settingWords } from '../../../shared/study/verdict.ts';
import { inOrder } from '../../../shared/sweep/order-trials.ts';
import type { Column } from './output.ts';
import { table } from './output.ts';

export function describeTrials(result: SweepResult): string {
  const { fields, metric, rungs } = result;
  const right = (title: string): Column => ({ title, align: 'right' });
  return table(
    [
      right('Trial'),
      ...fields.map(({ path }) => right(path)),
      ...(rungs.length > 1 ? [right('steps')] : []),
      right(metric),
    ],
    inOrder(result).map(({ number, settings, rungs: reached }) => {
      const [last] = reached.slice(-1);
      return [
        String(number),
        ...fields.map(({ path }) => settingWords(settings[path])),
        ...(rungs.length > 1 ? [String(rungs[reached.length - 1]?.steps ?? '–')] : []),
        last ? (last.value === null ? 'diverged' : formatNumber(last.value)) : '–',
      ];
    }),
  );
}

export function describeImportance({ importance: { fields, interactions, sentence } }: SweepResult): string {
  if (!fields) return sentence;
  const rows = [
    ...fields.map(({ path, share }) => [path, formatPercent(share, 0)]),
    ...(fields.length > 1 ? [['together', formatPercent(interactions ?? 0, 0)]] : []),
  ];
  return `${table([{ title: 'Importance' }, { title: 'of the variance', align: 'right' }], rows)}\n${sentence}`;
}
