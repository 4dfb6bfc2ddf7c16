import { describe, expect, it } from 'vitest';
import { isLabError } from '../../../../src/shared/errors.ts';
import { documentSections } from '../../../../src/main/tasks/text/corpus-source.ts';
import type { SectionSplit, SplitOptions } from '../../../../src/main/tasks/text/document-split.ts';
import { splitDocuments } from '../../../../src/main/tasks/text/document-split.ts';
import { arrayCorpus, tracedDocuments } from './array-corpus.ts';

const base: SplitOptions = {
  validationFraction: 0.1,
  testFraction: 0.1,
  splitSeed: 1,
  minimumDocuments: 1,
  minimumSentences: 1,
};

const documentsOf = (split: SectionSplit): Record<keyof SectionSplit, number[]> => ({
  training: split.training.map(({ document }) => document),
  validation: split.validation.map(({ document }) => document),
  test: split.test.map(({ document }) => document),
});

const tokensOf = (sections: SectionSplit['training']): number =>
  sections.reduce((sum, { tokenCount }) => sum + tokenCount, 0);

describe('splitDocuments', () => {
  it('puts every document on exactly one side, with shares of the text as asked for', () => {
    const corpus = arrayCorpus(tracedDocuments(300, 1));
    for (let splitSeed = 0; splitSeed < 10; splitSeed += 1) {
      const split = splitDocuments(corpus, { ...base, splitSeed });
      const { training, validation, test } = documentsOf(split);
      expect([...training, ...validation, ...test].sort((a, b) => a - b)).toEqual(
        Array.from({ length: 300 }, (_, index) => index),
      );
      for (const side of [split.validation, split.test]) {
        expect(tokensOf(side) / corpus.tokenCount).toBeGreaterThan(0.095);
        expect(tokensOf(side) / corpus.tokenCount).toBeLessThan(0.12);
      }
    }
  });

  it('is decided by content and seed: the order of the documents does not matter, the seed does', () => {
    const documents = tracedDocuments(60, 2);
    const reversed = documents.toReversed();
    const firstTokens = (split: SectionSplit, from: number[][][]): number[] =>
      split.validation.map(({ document }) => from[document]![0]![0]!).sort((a, b) => a - b);
    const split = splitDocuments(arrayCorpus(documents), base);
    expect(firstTokens(splitDocuments(arrayCorpus(reversed), base), reversed)).toEqual(firstTokens(split, documents));
    const other = splitDocuments(arrayCorpus(documents), { ...base, splitSeed: 2 });
    expect(firstTokens(other, documents)).not.toEqual(firstTokens(split, documents));
  });

  it('never puts most of the text into validation because one document is long', () => {
    const long = Array.from({ length: 500 }, (_, sentence) => [sentence, sentence + 1, sentence + 2]);
    for (let splitSeed = 0; splitSeed < 20; splitSeed += 1) {
      const corpus = arrayCorpus([long, ...tracedDocuments(6, splitSeed, { sentences: 4, tokens: 5 })]);
      const { validation } = documentsOf(splitDocuments(corpus, { ...base, testFraction: 0, splitSeed }));
      expect(validation).not.toContain(0);
      expect(validation.length).toBeGreaterThan(0);
    }
  });

  it('gives each side the documents that a task needs, and leaves out those with too few sentences', () => {
    const documents = [...tracedDocuments(8, 3), [[5]], [[6]]];
    const split = documentsOf(
      splitDocuments(arrayCorpus(documents), {
        ...base,
        validationFraction: 0.01,
        minimumDocuments: 2,
        minimumSentences: 2,
      }),
    );
    expect(split.validation.length).toBeGreaterThanOrEqual(2);
    expect(split.test.length).toBeGreaterThanOrEqual(2);
    expect([...split.training, ...split.validation, ...split.test].sort((a, b) => a - b)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7,
    ]);
  });

  it('refuses a corpus with too few documents, saying how many there are', () => {
    const refused = (documents: number[][][]): unknown => {
      try {
        return splitDocuments(arrayCorpus(documents), {
          ...base,
          testFraction: 0,
          minimumDocuments: 2,
          minimumSentences: 2,
        });
      } catch (error) {
        return error;
      }
    };
    const error = refused(tracedDocuments(3, 4));
    expect(isLabError(error, 'bad-input') && error.message).toMatch(
      /needs at least 4 documents of at least 2 sentences.*has 3/,
    );
    expect(isLabError(refused(tracedDocuments(1, 4)), 'bad-input')).toBe(true);
    expect(isLabError(refused(tracedDocuments(4, 4)))).toBe(false);
  });

  it('cuts a single document at a sentence, beginning for training, without losing any', () => {
    const corpus = arrayCorpus(tracedDocuments(1, 5, { sentences: 200, tokens: 20 }));
    const [whole] = documentSections(corpus);
    const split = splitDocuments(corpus, base);
    const parts = [...split.training, ...split.validation, ...split.test];
    expect(parts).toHaveLength(3);
    let sentence = 0;
    let token = 0;
    for (const part of parts) {
      expect(part.firstSentence).toBe(sentence);
      expect(part.tokenOffset).toBe(token);
      sentence = part.endSentence;
      token += part.tokenCount;
    }
    expect(sentence).toBe(whole!.endSentence);
    expect(token).toBe(whole!.tokenCount);
    expect(tokensOf(split.validation) / token).toBeGreaterThan(0.03);
    expect(tokensOf(split.test) / token).toBeGreaterThan(0.03);
    expect(() => splitDocuments(arrayCorpus([[[1, 2], [3]]]), base)).toThrow(
      /2 sentences, too few to be divided into 3/,
    );
  });
});
