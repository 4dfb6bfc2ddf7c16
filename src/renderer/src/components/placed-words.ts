/** Words with blanks between them, as a tagged text is shown. */

interface Tagged {
  readonly word: string;
  readonly tag: string;
  readonly probability: number;
}

/** The text that the words make, and each with its place in it. */
export function placedWords(words: readonly Tagged[]) {
  let end = 0;
  const placed = words.map((one) => {
    const from = end;
    end += one.word.length + 1;
    return { ...one, from, to: from + one.word.length };
  });
  return { text: words.map(({ word }) => word).join(' '), words: placed };
}
