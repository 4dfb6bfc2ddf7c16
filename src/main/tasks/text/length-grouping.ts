/**
 * Training batches of texts of similar length: of the examples of a few batches, the shortest come together, and so on, and these
 * batches follow each other in random order. A batch is a function of the seed and its number still: the examples that it is
 * chosen from are those that would come at this time anyway.
 */
import { hash32, permutation } from '../../../shared/random.ts';
import { purpose } from './purposes.ts';

/** Batches that are sorted together: many enough for lengths to be alike, few enough to stay random. */
const batchesInGroup = 16;

/**
 * The examples of a batch.
 *
 * @param exampleAt the example that comes at a place of the training, in random order
 * @param lengthOf its tokens
 */
export function groupedByLength(
  exampleAt: (seed: number, counter: number) => number,
  lengthOf: (example: number) => number,
): (seed: number, step: number, batchSize: number) => readonly number[] {
  let cached: { seed: number; group: number; batchSize: number; examples: readonly number[] } | undefined;
  return (seed, step, batchSize) => {
    const group = Math.floor(step / batchesInGroup);
    if (cached?.seed !== seed || cached.group !== group || cached.batchSize !== batchSize) {
      const first = group * batchesInGroup * batchSize;
      const drawn = Array.from({ length: batchesInGroup * batchSize }, (_, place) => exampleAt(seed, first + place));
      // Sorting keeps the order of equals, which is random.
      cached = { seed, group, batchSize, examples: drawn.toSorted((a, b) => lengthOf(a) - lengthOf(b)) };
    }
    const shuffled = permutation(batchesInGroup, hash32(seed, purpose.lengthGroups, group));
    const start = shuffled(step - group * batchesInGroup) * batchSize;
    return cached.examples.slice(start, start + batchSize);
  };
}
