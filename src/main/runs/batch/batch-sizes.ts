/** How long and how many the texts of a batch are: batches of short texts have more of them. */

/** Matrices of so many rows are tall enough to be multiplied fast, and stay in a core's cache. */
const positionsTogether = 768;
const mostTogether = 64;
const shortest = 8;

/** Lengths that programs are built for, ascending: a step is an eighth to a quarter of the length, and the last is `length`. */
export function batchLengths(length: number): readonly number[] {
  const lengths: number[] = [];
  for (let power = shortest; power < length; power *= 2) {
    const step = Math.max(4, power / 4);
    for (let candidate = power; candidate < 2 * power && candidate < length; candidate += step) lengths.push(candidate);
  }
  return [...lengths, length];
}

/** Texts in a batch of that length. */
export function textsOfLength(length: number): number {
  return Math.min(mostTogether, Math.max(1, Math.floor(positionsTogether / length)));
}
