/** Metrics of a task that has two losses: `loss` of masked words becomes `maskedWordsLoss`, and so on. */
export function namedAfter(prefix: string, metrics: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [`${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`, value]),
  );
}
