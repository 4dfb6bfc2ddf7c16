/**
 * Edit distance and the error rates built on it, for sequences read by a recognizer (CTC): characters or words.
 */

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
