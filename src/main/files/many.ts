/** Workspaces with thousands of runs: looking into many folders at the same time, and finding names among many. */

/** A process may have a thousand files open. */
const usual = 32;

/**
 * Does something for each of many items, a number of them at a time, and answers in the order of the items. Throws the first error, when
 * nothing is under way any more.
 */
export async function someAtOnce<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  most = usual,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const remaining = items.entries();
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (const [index, item] of remaining) {
      try {
        results[index] = await work(item);
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
  return results;
}

/** The names that begin with something, sorted; each search is short, however many names there are. */
export function namesByBeginning(names: readonly string[]): (beginning: string) => readonly string[] {
  const sorted = names.toSorted(); // by code units, as they are compared below
  return (beginning) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? '') < beginning) low = middle + 1;
      else high = middle;
    }
    let end = low;
    while (sorted[end]?.startsWith(beginning)) end += 1;
    return sorted.slice(low, end);
  };
}
