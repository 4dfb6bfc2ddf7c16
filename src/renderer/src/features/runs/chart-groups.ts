/** Which series of a run share a chart, and in which order charts come. */
import type { Series } from '../../../../shared/contract/runs.ts';

export interface ChartGroup {
  /** The metric without its split: `loss`, `accuracy`, `learningRate`. */
  readonly name: string;
  readonly title: string;
  readonly metrics: readonly string[];
}

const titles: Readonly<Record<string, string>> = {
  loss: 'Loss',
  accuracy: 'Accuracy',
  macroF1: 'Macro F1',
  balancedAccuracy: 'Balanced accuracy',
  perplexity: 'Perplexity',
  learningRate: 'Learning rate',
  gradientNorm: 'Gradient norm',
  examplesPerSecond: 'Examples per second',
};

const first = ['loss'];
/** How the machine works, rather than what is learnt. */
const last = ['learningRate', 'gradientNorm', 'examplesPerSecond'];

/** `validation.accuracy` → `accuracy`; a name without a split is its own. */
export function metricName(metric: string): string {
  const dot = metric.indexOf('.');
  return dot < 0 ? metric : metric.slice(dot + 1);
}

export function splitName(metric: string): string {
  const dot = metric.indexOf('.');
  return dot < 0 ? '' : metric.slice(0, dot);
}

/** `maskedWordsAccuracy` → `Masked words accuracy`. */
export function titleOf(name: string): string {
  const known = titles[name];
  if (known !== undefined) return known;
  const words = name.replace(
    /([a-z\d])([A-Z])/g,
    (_, before: string, after: string) => `${before} ${after.toLowerCase()}`,
  );
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * Training and validation of the same metric share a chart. Loss first, then the metric that checkpoints are chosen by, then the
 * others as they come, then what tells of the machine.
 */
export function chartGroups(metrics: readonly string[], chief?: string): ChartGroup[] {
  const groups = new Map<string, string[]>();
  for (const metric of metrics) {
    const name = metricName(metric);
    groups.set(name, [...(groups.get(name) ?? []), metric]);
  }
  const order = [...first, ...(chief === undefined ? [] : [chief])];
  const rank = (name: string): number => {
    const early = order.indexOf(name);
    if (early >= 0) return early - order.length;
    return last.includes(name) ? 1 + last.indexOf(name) : 0;
  };
  return [...groups.entries()]
    .map(([name, members]) => ({ name, title: titleOf(name), metrics: members.toSorted() }))
    .sort((a, b) => rank(a.name) - rank(b.name));
}

/** The last value that is a number. */
export function latestValue(series: Pick<Series, 'values'>): number | null {
  return series.values.findLast((value) => value !== null) ?? null;
}
