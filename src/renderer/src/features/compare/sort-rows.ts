/** Orders values of any kind; what is missing comes last either way. */
type Value = string | number | boolean | null;

/** Indices of the values in ascending or descending order; equal ones stay as they were. */
export function sortedIndices(values: readonly Value[], descending: boolean): number[] {
  const sign = descending ? -1 : 1;
  return values
    .map((_, index) => index)
    .sort((a, b) => {
      const first = values[a] ?? null;
      const second = values[b] ?? null;
      if (first === null || second === null) return Number(first === null) - Number(second === null);
      return sign * compare(first, second);
    });
}

function compare(first: string | number | boolean, second: string | number | boolean): number {
  if (typeof first === 'number' && typeof second === 'number') return first - second;
  return String(first).localeCompare(String(second), undefined, { numeric: true });
}
