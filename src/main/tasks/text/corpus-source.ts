/**
 * What sampling needs of a corpus: lengths of sentences and windows of tokens. A `TextCorpus` is one; so is anything a
 * test makes up. Documents, sentences and tokens are numbered from 0 in the order of the corpus, without gaps, so that
 * consecutive sentences are consecutive tokens.
 */
export interface CorpusSource {
  readonly documentCount: number;
  readonly sentenceCount: number;
  readonly tokenCount: number;
  documentSentences(document: number): { readonly first: number; readonly end: number };
  /** In tokens. */
  sentenceLength(sentence: number): number;
  tokens(offset: number, length: number): Uint32Array;
}

/** The special tokens that the tasks write or leave alone. */
export interface SpecialTokens {
  readonly pad: number;
  readonly unknown: number;
  readonly classify: number;
  readonly separate: number;
  readonly mask: number;
}

/** Consecutive sentences of one document, with the place of their tokens in the corpus. */
export interface Section {
  readonly document: number;
  readonly firstSentence: number;
  readonly endSentence: number;
  readonly tokenOffset: number;
  readonly tokenCount: number;
}

/** Every document as one section, in order. Reads the lengths of all sentences, none of their tokens. */
export function documentSections(corpus: CorpusSource): Section[] {
  let tokenOffset = 0;
  return Array.from({ length: corpus.documentCount }, (_, document) => {
    const { first, end } = corpus.documentSentences(document);
    let tokenCount = 0;
    for (let sentence = first; sentence < end; sentence += 1) tokenCount += corpus.sentenceLength(sentence);
    const section = { document, firstSentence: first, endSentence: end, tokenOffset, tokenCount };
    tokenOffset += tokenCount;
    return section;
  });
}
