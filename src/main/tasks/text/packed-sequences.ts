/**
 * Cuts the text of a split into sequences for masked words: consecutive whole sentences of one document, as many as fit;
 * a sentence longer than a sequence continues in the next one. The index holds eight bytes a sequence and no token.
 */
import { GrowingUint32Array } from '../../data/import/growing-array.ts';
import type { CorpusSource, Section } from './corpus-source.ts';

export interface PackedSequences {
  readonly count: number;
  /** Place of a sequence's tokens in the corpus. */
  offset(index: number): number;
  length(index: number): number;
}

/** `capacity`: tokens of text that fit into a sequence, special tokens not counted. */
export function packSequences(corpus: CorpusSource, sections: readonly Section[], capacity: number): PackedSequences {
  const offsets = new GrowingUint32Array();
  const lengths = new GrowingUint32Array();
  for (const section of sections) {
    let start = section.tokenOffset;
    let length = 0;
    const finish = (size: number): void => {
      offsets.push(start);
      lengths.push(size);
      start += size;
      length -= size;
    };
    for (let sentence = section.firstSentence; sentence < section.endSentence; sentence += 1) {
      const added = corpus.sentenceLength(sentence);
      if (length > 0 && length + added > capacity) finish(length);
      length += added;
      while (length > capacity) finish(capacity);
    }
    if (length > 0) finish(length);
  }
  const offsetOf = offsets.view();
  const lengthOf = lengths.view();
  return {
    count: offsetOf.length,
    offset: (index) => offsetOf[index]!,
    length: (index) => lengthOf[index]!,
  };
}
