/** Curves of pinned runs on the charts of another run: dashed, in colours of their own, beside the run's own lines. */
import type { Run } from '../../../../shared/contract/runs.ts';
import type { Series } from '../../../../shared/contract/series.ts';
import { splitName } from '../../../../shared/metrics.ts';
import type { ChartLine, XAxis } from '../../charts/chart-line.ts';
import { xOf } from '../../charts/chart-line.ts';
import type { LineStyle } from '../../charts/palette.ts';
import { lineStyle } from '../../charts/palette.ts';

/** Colours of the splits come before those of references. */
const ownColours = 3;

export function referenceStyle(index: number): LineStyle {
  return { ...lineStyle(ownColours + index), dash: [5, 4] };
}

/**
 * @param references pinned runs, in order
 * @param series of all runs on the page
 * @param metrics of one chart
 * @param axis times of day of another run are elsewhere: on that axis there are no references
 */
export function referenceLines(
  references: readonly Pick<Run, 'id' | 'name'>[],
  series: readonly Series[],
  metrics: readonly string[],
  axis: XAxis,
): ChartLine[] {
  if (axis === 'wall') return [];
  return references.flatMap(({ id, name }, index) =>
    series
      .filter(({ run, metric }) => run === id && metrics.includes(metric))
      .map((member) => ({
        key: `${id}:${member.metric}`,
        label: `★ ${name} ${splitName(member.metric)}`.trim(),
        style: referenceStyle(index),
        x: xOf(member, axis),
        values: member.values,
        breaks: member.restarts,
        exact: splitName(member.metric) !== 'training',
      })),
  );
}
