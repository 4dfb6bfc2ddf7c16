/** What the head of a run's page says of it, in a word or two each. */
import type { Run } from '../../../../shared/contract/runs.ts';
import { formatCount } from '../../../../shared/display.ts';
import { formatMetric, metricWithin } from '../../../../shared/metrics.ts';
import { formatValue } from '../../charts/time-axis.ts';

export function factsOf(shown: Run): readonly { readonly term: string; readonly value: string }[] {
  return [
    { term: 'Task', value: shown.task },
    { term: 'Data', value: shown.data },
    { term: 'Starts from', value: shown.from ?? 'scratch' },
    { term: 'Seed', value: `${shown.seed}, split ${shown.splitSeed}` },
    { term: 'Parameters', value: shown.parameters ? formatCount(shown.parameters.total) : '–' },
    { term: 'Engine', value: shown.engine ? `${shown.engine.name}, ${shown.engine.device}` : '–' },
    { term: 'Training loss', value: formatValue(shown.loss) },
    {
      term: `Best ${metricWithin(shown.selection.metric)}`,
      value:
        shown.selection.best === null
          ? '–'
          : `${formatMetric(shown.selection.best, shown.selection.metric)}${shown.selection.step === null ? '' : `, step ${formatCount(shown.selection.step)}`}`,
    },
  ];
}
