/**
 * Cuts documents into passages for tasks that compare passages: of each document at least two, of equal size, which do not
 * overlap. The index holds twelve bytes a document and no token.
 */
import type { Section } from './corpus-source.ts';

/** Shorter passages say too little of their document. */
export const fewestTokens = 16;

export interface DocumentPassages {
  /** Over all documents. */
  readonly count: number;
  readonly documentCount: number;
  /** The document that a passage is from, as numbered here. */
  document(passage: number): number;
  /** The first passage of a document, and the one after its last. */
  passages(document: number): { readonly first: number; readonly end: number };
  /** Place of a passage's tokens in the corpus. */
  offset(passage: number): number;
  length(passage: number): number;
}

/**
 * Documents with fewer than 2 · `fewestTokens` tokens are left out.
 * @param capacity tokens of text that fit into a sequence, special tokens not counted
 */
export function cutPassages(sections: readonly Section[], capacity: number): DocumentPassages {
  const used = sections.filter(({ tokenCount }) => tokenCount >= 2 * fewestTokens);
  const firsts = new Uint32Array(used.length + 1);
  const sizes = new Uint32Array(used.length);
  used.forEach(({ tokenCount }, index) => {
    const count = Math.max(2, Math.floor(tokenCount / capacity));
    firsts[index + 1] = firsts[index]! + count;
    sizes[index] = Math.min(capacity, Math.floor(tokenCount / count));
  });
  const documentOf = (passage: number): number => {
    let [low, high] = [0, used.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (firsts[middle]! <= passage) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return {
    count: firsts[used.length]!,
    documentCount: used.length,
    document: documentOf,
    passages: (document) => ({ first: firsts[document]!, end: firsts[document + 1]! }),
    offset: (passage) => {
      const document = documentOf(passage);
      return used[document]!.tokenOffset + (passage - firsts[document]!) * sizes[document]!;
    },
    length: (passage) => sizes[documentOf(passage)]!,
  };
}
