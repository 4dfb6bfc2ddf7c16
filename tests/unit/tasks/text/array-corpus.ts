/** A corpus in arrays, for tests of what samples from one: documents of sentences of token ids. */
import type { CorpusSource } from '../../../../src/main/tasks/text/corpus-source.ts';
import { randomStream } from '../../../../src/shared/random.ts';

export function arrayCorpus(documents: readonly (readonly (readonly number[])[])[]): CorpusSource {
  const sentences = documents.flat();
  const stream = Uint32Array.from(sentences.flat());
  const firsts = [0];
  for (const document of documents) firsts.push(firsts.at(-1)! + document.length);
  return {
    documentCount: documents.length,
    sentenceCount: sentences.length,
    tokenCount: stream.length,
    documentSentences: (document) => ({ first: firsts[document]!, end: firsts[document + 1]! }),
    sentenceLength: (sentence) => sentences[sentence]!.length,
    tokens: (offset, length) => stream.slice(offset, offset + length),
  };
}

/**
 * Documents in which every token tells where it is from: token = 1000 · document + its place in the document, so that
 * spans can be traced back. Lengths are random.
 */
export function tracedDocuments(count: number, seed: number, longest = { sentences: 30, tokens: 25 }): number[][][] {
  const stream = randomStream(seed);
  return Array.from({ length: count }, (_, document) => {
    let place = 0;
    return Array.from({ length: 2 + stream.integer(longest.sentences - 1) }, () =>
      Array.from({ length: 1 + stream.integer(longest.tokens) }, () => 1000 * document + place++),
    );
  });
}

export const documentOf = (token: number): number => Math.floor(token / 1000);
