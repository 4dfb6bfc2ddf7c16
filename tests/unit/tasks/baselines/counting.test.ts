import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitMajorityClass, majorityProbabilities } from '../../../../src/main/tasks/baselines/majority.ts';
import {
  bigramProbability,
  fitBigram,
  fitUnigram,
  scoreBigram,
  scoreUnigram,
  unigramProbability,
} from '../../../../src/main/tasks/baselines/unigram.ts';
import { logLoss } from '../../../../src/main/tasks/metrics/probabilistic.ts';

describe('majority class', () => {
  it('is the most frequent one, with Laplace’s probabilities', () => {
    const model = fitMajorityClass([2, 0, 2, 1, 2, 0], 4);
    expect(model.label).toBe(2);
    expect([...model.probabilities]).toEqual([3 / 10, 2 / 10, 4 / 10, 1 / 10]);
    expect(logLoss(majorityProbabilities(model, 2), [2, 3], 4)).toBeCloseTo(-(Math.log(0.4) + Math.log(0.1)) / 2, 14);
    expect(fitMajorityClass([1, 0], 2).label).toBe(0);
  });

  it('refuses no labels and unknown ones', () => {
    expect(() => fitMajorityClass([], 2)).toThrow(RangeError);
    expect(() => fitMajorityClass([0, 2], 2)).toThrow('The label 2 of example 1');
  });
});

describe('unigram', () => {
  it('predicts the most frequent token, with the perplexity of its add-one distribution', () => {
    const model = fitUnigram([[0, 1, 1], Uint16Array.of(1, 2)], 4);
    expect([...model.counts]).toEqual([1, 3, 1, 0]);
    expect(model.mostFrequent).toBe(1);
    expect(unigramProbability(model, 1)).toBe(4 / 9);
    const score = scoreUnigram(model, [[1, 3], [1]]);
    expect(score.tokens).toBe(3);
    expect(score.accuracy).toBe(2 / 3);
    expect(score.loss).toBeCloseTo(-(2 * Math.log(4 / 9) + Math.log(1 / 9)) / 3, 14);
    expect(score.perplexity).toBeCloseTo((((4 / 9) ** 2 * (1 / 9)) ** (1 / 3)) ** -1, 12);
  });

  it('of no knowledge has the perplexity of the vocabulary', () => {
    expect(scoreUnigram(fitUnigram([], 50), [[3, 4, 5]]).perplexity).toBeCloseTo(50, 10);
    expect(scoreUnigram(fitUnigram([], 50), []).accuracy).toBeNaN();
  });

  it('refuses tokens outside the vocabulary', () => {
    expect(() => fitUnigram([[0, 4]], 4)).toThrow(RangeError);
    expect(() => scoreUnigram(fitUnigram([[0]], 4), [[-1]])).toThrow(RangeError);
  });
});

describe('bigram', () => {
  const chunks = fc.array(fc.array(fc.nat(5), { maxLength: 30 }), { maxLength: 5 });

  it('is a distribution over the vocabulary after every token', () => {
    fc.assert(
      fc.property(chunks, (texts) => {
        const model = fitBigram(texts, 6);
        for (let previous = 0; previous < 6; previous += 1) {
          const sum = [0, 1, 2, 3, 4, 5].reduce((total, token) => total + bigramProbability(model, previous, token), 0);
          expect(sum).toBeCloseTo(1, 12);
        }
      }),
    );
  });

  it('has the probabilities of Witten and Bell, counted one pair at a time', () => {
    fc.assert(
      fc.property(chunks, fc.nat(5), fc.nat(5), (texts, previous, token) => {
        const followers = texts.flatMap((text) => text.slice(1).filter((_, index) => text[index] === previous));
        const all = texts.flat();
        const base = (all.filter((other) => other === token).length + 1) / (all.length + 6);
        const kinds = new Set(followers).size;
        const count = followers.filter((other) => other === token).length;
        const expected = followers.length === 0 ? base : (count + kinds * base) / (followers.length + kinds);
        expect(bigramProbability(fitBigram(texts, 6), previous, token)).toBeCloseTo(expected, 12);
      }),
    );
  });

  it('predicts the most probable of all tokens, and scores what follows', () => {
    fc.assert(
      fc.property(chunks, (texts) => {
        const model = fitBigram(texts, 6);
        const held = [0, 1, 2, 3, 4, 5, 0, 2, 4, 1, 3, 5];
        let right = 0;
        let loss = 0;
        for (let index = 1; index < held.length; index += 1) {
          const row = [0, 1, 2, 3, 4, 5].map((token) => bigramProbability(model, held[index - 1] ?? 0, token));
          const own = row[held[index] ?? 0] ?? 0;
          if (own === Math.max(...row) && row.indexOf(own) === held[index]) right += 1;
          loss -= Math.log(own) / (held.length - 1);
        }
        const score = scoreBigram(model, [held]);
        expect(score.tokens).toBe(11);
        expect(score.loss).toBeCloseTo(loss, 12);
        expect(score.accuracy).toBeCloseTo(right / 11, 12);
      }),
    );
  });

  it('knows a text that repeats itself far better than unigrams do', () => {
    const text = Array.from({ length: 3000 }, (_, index) => index % 10);
    const bigram = scoreBigram(fitBigram([text], 10), [text]);
    expect(bigram.accuracy).toBe(1);
    expect(bigram.perplexity).toBeLessThan(1.01);
    expect(scoreUnigram(fitUnigram([text], 10), [text]).perplexity).toBeCloseTo(10, 6);
  });
});
