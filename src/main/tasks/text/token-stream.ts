/**
 * The text of one side of a split as one long stream for language models: each document begins with the separator token, as
 * does every text that a trained model continues.
 */
import type { CorpusSource, Section } from './corpus-source.ts';

export interface TokenStream {
  /** Tokens, separators included. */
  readonly length: number;
  /** `count` tokens from `start` on; after the last one comes the first again. */
  read(start: number, count: number): Uint32Array;
}

/** The index holds a number a section, and no token. */
export function openTokenStream(corpus: CorpusSource, sections: readonly Section[], separator: number): TokenStream {
  const starts = new Float64Array(sections.length + 1);
  sections.forEach(({ tokenCount }, index) => (starts[index + 1] = starts[index]! + tokenCount + 1));
  const length = starts[sections.length]!;

  /** The last section that starts at or before a place. */
  function sectionAt(place: number): number {
    let low = 0;
    let high = sections.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle]! <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  return {
    length,
    read(start, count) {
      const tokens = new Uint32Array(count);
      let written = 0;
      for (let place = start % length; written < count; place = (start + written) % length) {
        const index = sectionAt(place);
        const inside = place - starts[index]!; // 0 is the separator
        if (inside === 0) {
          tokens[written++] = separator;
          continue;
        }
        const { tokenOffset, tokenCount } = sections[index]!;
        const part = Math.min(count - written, tokenCount + 1 - inside);
        tokens.set(corpus.tokens(tokenOffset + inside - 1, part), written);
        written += part;
      }
      return tokens;
    },
  };
}
