/**
 * Edit distance and the error rates built on it, for sequences read by a recognizer (CTC): characters or words.
 */

export interface EditCounts {
  readonly substitutions: number;
  /** Items of the hypothesis that the reference does not have. */
  readonly insertions: number;
  /** Items of the reference that the hypothesis lacks. */
  readonly deletions: number;
  /** Their sum: the Levenshtein distance. */
  readonly distance: number;
  /** Number of items of the reference. */
  readonly length: number;
}

/** The Levenshtein distance of two sequences of items compared by ===, in memory of one row. */
export function editDistance(first: ArrayLike<unknown>, second: ArrayLike<unknown>): number {
  const row = new Uint32Array(second.length + 1);
  for (let column = 0; column <= second.length; column += 1) row[column] = column;
  for (let index = 0; index < first.length; index += 1) {
    let diagonal = row[0] ?? 0;
    let left = index + 1;
    row[0] = left;
    for (let column = 1; column <= second.length; column += 1) {
      const above = row[column] ?? 0;
      left = Math.min(above + 1, left + 1, diagonal + (first[index] === second[column - 1] ? 0 : 1));
      row[column] = left;
      diagonal = above;
    }
  }
  return row[second.length] ?? 0;
}

/**
 * The edits that turn the reference into the hypothesis, counted by kind along one cheapest alignment (where several edits
 * are equally cheap, a substitution comes before a deletion, and that before an insertion). Memory is the product of the two lengths.
 */
export function countEdits(reference: ArrayLike<unknown>, hypothesis: ArrayLike<unknown>): EditCounts {
  const width = hypothesis.length + 1;
  const costs = new Uint32Array((reference.length + 1) * width);
  const cost = (row: number, column: number): number => costs[row * width + column] ?? 0;
  for (let row = 0; row <= reference.length; row += 1) {
    for (let column = 0; column < width; column += 1) {
      if (row === 0 || column === 0) costs[row * width + column] = row + column;
      else {
        const same = reference[row - 1] === hypothesis[column - 1];
        costs[row * width + column] = Math.min(
          cost(row - 1, column - 1) + (same ? 0 : 1),
          cost(row - 1, column) + 1,
          cost(row, column - 1) + 1,
        );
      }
    }
  }
  let substitutions = 0;
  let insertions = 0;
  let deletions = 0;
  let row = reference.length;
  let column = hypothesis.length;
  while (row > 0 || column > 0) {
    const here = cost(row, column);
    const same = row > 0 && column > 0 && reference[row - 1] === hypothesis[column - 1];
    if (row > 0 && column > 0 && here === cost(row - 1, column - 1) + (same ? 0 : 1)) {
      if (!same) substitutions += 1;
      row -= 1;
      column -= 1;
    } else if (row > 0 && here === cost(row - 1, column) + 1) {
      deletions += 1;
      row -= 1;
    } else {
      insertions += 1;
      column -= 1;
    }
  }
  return {
    substitutions,
    insertions,
    deletions,
    distance: substitutions + insertions + deletions,
    length: reference.length,
  };
}

/** The characters of a text, as Unicode code points of its composed form (NFC): é is one, however it was typed. */
export function charactersOf(text: string): string[] {
  return Array.from(text.normalize('NFC'));
}

/** The words of a text: what white space separates, in its composed form (NFC). */
export function wordsOf(text: string): string[] {
  return text
    .normalize('NFC')
    .split(/\s+/u)
    .filter((word) => word !== '');
}

/** A reference and what was recognised instead. */
export interface TextPair {
  readonly reference: string;
  readonly hypothesis: string;
}

/**
 * Character error rate over all pairs: the sum of the edit distances over the sum of the reference lengths (not the mean of
 * the rates, in which short lines would weigh too much). Above 1 if there are many insertions; NaN without reference characters.
 */
export function characterErrorRate(pairs: Iterable<TextPair>): number {
  return errorRate(pairs, charactersOf);
}

/** Word error rate over all pairs, as `characterErrorRate` but of words. */
export function wordErrorRate(pairs: Iterable<TextPair>): number {
  return errorRate(pairs, wordsOf);
}

function errorRate(pairs: Iterable<TextPair>, split: (text: string) => string[]): number {
  let edits = 0;
  let length = 0;
  for (const { reference, hypothesis } of pairs) {
    const expected = split(reference);
    edits += editDistance(expected, split(hypothesis));
    length += expected.length;
  }
  return length === 0 ? Number.NaN : edits / length;
}
