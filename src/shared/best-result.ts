/** Which of several results of one metric is best. */

/** The index of the first of the best; null where nothing says which way is better, or nothing is known. */
export function bestOf(values: readonly (number | null)[], direction: 'minimise' | 'maximise' | null): number | null {
  if (direction === null) return null;
  const known = values.filter((value) => value !== null);
  const best = direction === 'maximise' ? Math.max(...known) : Math.min(...known);
  const place = values.indexOf(best);
  return place < 0 ? null : place;
}

/** Several may be as good as the best. */
export function isBest(
  { values, best }: { readonly values: readonly unknown[]; readonly best: number | null },
  index: number,
): boolean {
  return best !== null && values[index] === values[best];
}
