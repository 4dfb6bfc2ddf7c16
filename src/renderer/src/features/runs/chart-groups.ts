/** Which series of a run share a chart, and in which order charts come. */
import type { Series } from '../../../../shared/contract/series.ts';
import { metricName, metricOf } from '../../../../shared/metrics.ts';

export interface ChartGroup {
  /** The metric without its split: `loss`, `accuracy`, `learningRate`. */
  readonly name: string;
  readonly title: string;
  readonly metrics: readonly string[];
}

const first = ['loss'];
/** How the machine works, rather than what is learnt. */
const last = ['learningRate', 'gradientNorm', 'lossScale', 'examplesPerSecond'];

/**
 * Training and validation of the same metric share a chart. Loss first, then the metric that checkpoints are chosen by, then the
 * others as they come, then what tells of the machine.
 */
export function chartGroups(metrics: readonly string[], selected?: string): ChartGroup[] {
  const groups = new Map<string, string[]>();
  for (const metric of metrics) {
    const name = metricName(metric);
    groups.set(name, [...(groups.get(name) ?? []), metric]);
  }
  const order = [...first, ...(selected === undefined ? [] : [selected])];
  const rank = (name: string): number => {
    const early = order.indexOf(name);
    if (early >= 0) return early - order.length;
    return last.includes(name) ? 1 + last.indexOf(name) : 0;
  };
  return [...groups.entries()]
    .map(([name, members]) => ({ name, title: metricOf(name).title, metrics: members.toSorted() }))
    .sort((a, b) => rank(a.name) - rank(b.name));
}

/** The last value that is a number. */
export function latestValue(series: Pick<Series, 'values'>): number | null {
  return series.values.findLast((value) => value !== null) ?? null;
}
