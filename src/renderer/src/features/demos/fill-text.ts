/** Texts with gaps, as a person edits them in a demo. */
const mask = /\[MASK\d*\]/gu;

export function countMasks(text: string): number {
  return text.match(mask)?.length ?? 0;
}

/** Puts a word into the gap with this index; the rest of a piece ("##on") is joined to the word before it. */
export function fillMask(text: string, index: number, word: string): string {
  let seen = -1;
  return text
    .replace(mask, (gap) => {
      seen += 1;
      return seen === index ? word : gap;
    })
    .replace(/\s+##(?=\S)/gu, '');
}

/** Continues a text: pieces are joined, signs stand at their word, everything else after a space. */
export function appendWord(text: string, word: string): string {
  if (word.startsWith('##')) return text + word.slice(2);
  if (text === '' || /\s$/u.test(text) || /^[\s.,;:!?)\]}’']/u.test(word)) return text + word;
  return `${text} ${word}`;
}
