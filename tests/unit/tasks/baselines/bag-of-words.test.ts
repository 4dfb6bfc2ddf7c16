import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitVocabulary, tokeniseWords, vectoriseWords } from '../../../../src/main/tasks/baselines/bag-of-words.ts';
import {
  bestThreshold,
  fitOverlap,
  overlapCosines,
  predictOverlap,
} from '../../../../src/main/tasks/baselines/overlap.ts';

function rowOf(features: ReturnType<typeof vectoriseWords>, row: number): [number, number][] {
  const start = features.rowOffsets[row] ?? 0;
  const end = features.rowOffsets[row + 1] ?? 0;
  return Array.from({ length: end - start }, (_, entry) => [
    features.columnIndices[start + entry] ?? -1,
    features.values[start + entry] ?? Number.NaN,
  ]);
}

describe('tokeniseWords', () => {
  it.each([
    ['The man went to the STORE .', ['the', 'man', 'went', 'to', 'the', 'store']],
    ["Don't stop — it's 3.14, naïve!", ["don't", 'stop', "it's", '3', '14', 'naïve']],
    ["'quoted' rock'n'roll", ['quoted', "rock'n'roll"]],
    ['ﬁne Ｗｉｄｅ', ['fine', 'wide']],
    ['Größe ΑΘΗΝΑ Москва', ['größe', 'αθηνα', 'москва']],
    ['机器学习 is 楽しい', ['机', '器', '学', '习', 'is', '楽', 'し', 'い']],
    ['हिन्दी', ['हिन्दी']],
    ['👍 !? …', []],
    ['', []],
  ])('%j', (text, words) => {
    expect(tokeniseWords(text)).toEqual(words);
  });

  it('finds in plain ASCII what the rules for all of Unicode find', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from("aZ09'-_. \n")), maxLength: 40 });
    fc.assert(
      fc.property(text, (ascii) => {
        expect([...tokeniseWords(ascii), 'ж']).toEqual(tokeniseWords(`${ascii} ж`));
      }),
    );
  });

  it('takes a word for the same, however its accents were typed', () => {
    expect(tokeniseWords('cafe\u0301')).toEqual(tokeniseWords('caf\u00e9'));
  });
});

describe('fitVocabulary', () => {
  const texts = ['a b c', 'a b', 'a c c c', 'a d'];

  it('counts texts, not occurrences, and orders by them', () => {
    const vocabulary = fitVocabulary(texts, { minimumDocuments: 1 });
    expect([...vocabulary.columns.keys()]).toEqual(['a', 'b', 'c', 'd']);
    expect([...vocabulary.documentFrequencies]).toEqual([4, 2, 2, 1]);
    expect(vocabulary.documentCount).toBe(4);
  });

  it('cuts rare words, words of too many texts, and the tail', () => {
    expect([...fitVocabulary(texts).columns.keys()]).toEqual(['a', 'b', 'c']);
    expect([...fitVocabulary(texts, { maximumDocumentShare: 0.9 }).columns.keys()]).toEqual(['b', 'c']);
    expect([...fitVocabulary(texts, { minimumDocuments: 1, maximumSize: 2 }).columns.keys()]).toEqual(['a', 'b']);
  });
});

describe('vectoriseWords', () => {
  const vocabulary = fitVocabulary(['a b c', 'a b', 'a c c c', 'a d'], { minimumDocuments: 1 });

  it('weighs words by count and rarity, rows of length 1: scikit-learn’s formula by hand', () => {
    const features = vectoriseWords(vocabulary, ['c a c unknown', 'unknown']);
    const a = Math.log(5 / 5) + 1;
    const c = 2 * (Math.log(5 / 3) + 1);
    const [first, second, ...rest] = rowOf(features, 0);
    expect(rest).toEqual([]);
    expect(first?.[0]).toBe(0);
    expect(first?.[1]).toBeCloseTo(a / Math.hypot(a, c), 6);
    expect(second?.[0]).toBe(2);
    expect(second?.[1]).toBeCloseTo(c / Math.hypot(a, c), 6);
    expect(rowOf(features, 1)).toEqual([]);
    expect([features.rows, features.columns]).toEqual([2, 4]);
  });

  it('counts, or only marks', () => {
    expect(rowOf(vectoriseWords(vocabulary, ['d c a c'], 'counts'), 0)).toEqual([[0, 1], [2, 2], [3, 1]]); // prettier-ignore
    expect(rowOf(vectoriseWords(vocabulary, ['d c a c'], 'binary'), 0)).toEqual([[0, 1], [2, 1], [3, 1]]); // prettier-ignore
  });

  it('gives the same features to two sentences that differ only in the order of their words', () => {
    const pair = ['Machine learning class was bad, not ok at all', 'Machine learning class was ok, not bad at all'];
    const features = vectoriseWords(fitVocabulary(pair, { minimumDocuments: 1 }), pair);
    expect(rowOf(features, 0)).toEqual(rowOf(features, 1));
  });
});

describe('overlap', () => {
  const pairs = {
    first: ['the cat sat on the mat', 'stocks fell in tokyo', 'the cat slept', 'rain in spain'],
    second: ['the cat purred', 'tokyo stocks rose later', 'interest rates rose', 'goals won the match'],
  };
  const labels = [1, 1, 0, 0];

  it('is the cosine of the two vectors', () => {
    const vocabulary = fitVocabulary([...pairs.first, ...pairs.second], { minimumDocuments: 1 });
    const cosines = overlapCosines(vocabulary, pairs);
    const dense = (text: string): number[] => {
      const row = new Array<number>(vocabulary.columns.size).fill(0);
      for (const [column, value] of rowOf(vectoriseWords(vocabulary, [text]), 0)) row[column] = value;
      return row;
    };
    for (const [index, cosine] of cosines.entries()) {
      const [a, b] = [dense(pairs.first[index] ?? ''), dense(pairs.second[index] ?? '')];
      expect(cosine).toBeCloseTo(
        a.reduce((sum, value, column) => sum + value * (b[column] ?? 0), 0),
        12,
      );
    }
    expect(overlapCosines(vocabulary, { first: ['cat'], second: ['cat'] })[0]).toBeCloseTo(1, 6);
  });

  it('separates pairs that share rare words from pairs that do not', () => {
    const model = fitOverlap(pairs, labels, { minimumDocuments: 1 });
    expect([...predictOverlap(model, pairs)]).toEqual(labels);
    const unseen = { first: ['tokyo stocks slept'], second: ['stocks rose in tokyo'] };
    expect([...predictOverlap(model, unseen)]).toEqual([1]);
  });

  it('finds the threshold that an exhaustive search finds', () => {
    const score = fc.integer({ min: 0, max: 6 }).map((value) => value / 6);
    fc.assert(
      fc.property(fc.array(fc.tuple(score, fc.nat(1)), { minLength: 1, maxLength: 25 }), (data) => {
        const scores = data.map(([value]) => value);
        const truth = data.map(([, label]) => label);
        const right = (threshold: number): number =>
          data.filter(([value, label]) => (value >= threshold ? 1 : 0) === label).length;
        const candidates = [Number.NEGATIVE_INFINITY, ...scores, Number.POSITIVE_INFINITY];
        expect(right(bestThreshold(scores, truth))).toBe(Math.max(...candidates.map(right)));
      }),
    );
    expect(bestThreshold([0.2, 0.4], [1, 1])).toBe(Number.NEGATIVE_INFINITY);
    expect(bestThreshold([0.2, 0.4], [0, 0])).toBe(Number.POSITIVE_INFINITY);
  });
});
