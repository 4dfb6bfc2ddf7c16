/** The examples of next sentence and of sentence order, as sources of the pretext sampler. */
import { LabError } from '../../../shared/errors.ts';
import type { DataDescription } from '../task.ts';
import type { Section } from './corpus-source.ts';
import type { TextMaterial } from './material.ts';
import { sourcesOf } from './material.ts';
import type { ExampleSource } from './pretext-sampler.ts';
import type { SpanPair } from './sentence-pairs.ts';
import { indexChunks, truncatePair } from './sentence-pairs.ts';
import { writePair } from './token-batch.ts';

/** What label 1 does to a pair: its second span is another document's, or the spans are swapped. Label 0 is the text as it is. */
export type PairKind = 'next-sentence' | 'sentence-order';

export const pairClasses = {
  'next-sentence': ['IsNextSentence', 'NotNext'],
  'sentence-order': ['InOrder', 'Swapped'],
} as const;

/** Other documents are needed by next sentence alone. */
/** Whether a corpus has pairs of sentences enough for training and validation: lists of lines and symbols have none. */
export function hasPairs(kind: PairKind, { examples, sentences = 0, isSequences }: DataDescription): boolean {
  const { minimumDocuments, minimumSentences } = pairNeeds(kind);
  return !isSequences && examples >= 2 * minimumDocuments && sentences >= minimumSentences * examples;
}

export function pairNeeds(kind: PairKind): { minimumDocuments: number; minimumSentences: number } {
  return { minimumDocuments: kind === 'next-sentence' ? 2 : 1, minimumSentences: 2 };
}

interface PairSettings {
  readonly length: number;
  readonly shortSequenceProbability: number;
  readonly validationFraction: number;
  readonly testFraction: number;
}

/** Throws `LabError('bad-input')` for a side of the split that has no pair of sentences. */
export function pairSources(
  material: TextMaterial,
  kind: PairKind,
  settings: PairSettings,
  splitSeed: number,
): ReturnType<typeof sourcesOf> {
  return sourcesOf(material, settings, (side) => pairSource(material, kind, material.split[side], settings, splitSeed));
}

function pairSource(
  { corpus }: TextMaterial,
  kind: PairKind,
  sections: readonly Section[],
  { length, shortSequenceProbability }: PairSettings,
  splitSeed: number,
): ExampleSource {
  const { special } = corpus.tokenizer;
  const capacity = length - 3;
  const chunks = indexChunks(corpus, sections, { capacity, shortProbability: shortSequenceProbability, splitSeed });
  if (kind === 'next-sentence' && chunks.documentCount === 1) {
    throw new LabError('internal', 'a side of the split has one document with pairs of sentences');
  }
  return {
    count: chunks.count,
    write(batch, row, index, label, stream) {
      const isUnrelated = kind === 'next-sentence' && label === 1;
      const pair: SpanPair = isUnrelated ? chunks.unrelated(index, stream) : chunks.consecutive(index, stream);
      truncatePair(pair, capacity, stream);
      const isSwapped = kind === 'sentence-order' && label === 1;
      const [a, b] = isSwapped ? [pair.b, pair.a] : [pair.a, pair.b];
      return writePair(batch, row, corpus.tokens(a.offset, a.length), corpus.tokens(b.offset, b.length), special);
    },
  };
}
