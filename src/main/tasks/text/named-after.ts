import { metricNames } from '../../../shared/metrics.ts';

const known = new Set<string>(metricNames);

/** Metrics of a task that has two losses: `loss` of masked words becomes `maskedWordsLoss`, and so on; those without a name of their own are left out. */
export function namedAfter(prefix: string, metrics: Readonly<Record<string, number>>): Record<string, number> {
  const renamed = Object.entries(metrics).map(
    ([name, value]) => [`${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`, value] as const,
  );
  return Object.fromEntries(renamed.filter(([name]) => known.has(name)));
}
