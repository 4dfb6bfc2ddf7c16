import { describe, expect, it } from 'vitest';
import { documentSections } from '../../../../src/main/tasks/text/corpus-source.ts';
import { packSequences } from '../../../../src/main/tasks/text/packed-sequences.ts';
import type { SentenceChunks, Span } from '../../../../src/main/tasks/text/sentence-pairs.ts';
import { indexChunks, truncatePair } from '../../../../src/main/tasks/text/sentence-pairs.ts';
import { randomStream } from '../../../../src/shared/random.ts';
import { arrayCorpus, documentOf, tracedDocuments } from './array-corpus.ts';

const CAPACITY = 61;

const documents = tracedDocuments(80, 11);
const corpus = arrayCorpus(documents);
const sections = documentSections(corpus);
const sentenceStarts = new Set(documents.flatMap((sentences) => sentences.map(([first]) => first!)));
const sentenceEnds = new Set(documents.flatMap((sentences) => sentences.map((sentence) => sentence.at(-1))));
const tokensOf = ({ offset, length }: Span): number[] => Array.from(corpus.tokens(offset, length));

const chunksOf = (shortProbability: number): SentenceChunks =>
  indexChunks(corpus, sections, { capacity: CAPACITY, shortProbability, splitSeed: 1 });

describe('packSequences', () => {
  it('packs consecutive whole sentences of one document, as many as fit, and loses no token', () => {
    const sequences = packSequences(corpus, sections, CAPACITY);
    const seen: number[] = [];
    for (let index = 0; index < sequences.count; index += 1) {
      const tokens = Array.from(corpus.tokens(sequences.offset(index), sequences.length(index)));
      expect(tokens.length).toBeLessThanOrEqual(CAPACITY);
      expect(new Set(tokens.map(documentOf)).size).toBe(1);
      expect(sentenceStarts.has(tokens[0]!)).toBe(true);
      expect(sentenceEnds.has(tokens.at(-1))).toBe(true);
      seen.push(...tokens);
      // The next sentence of the same document would not have fitted.
      const next = documents.flat().find(([first]) => first === tokens.at(-1)! + 1);
      if (next) expect(tokens.length + next.length).toBeGreaterThan(CAPACITY);
    }
    expect(seen).toEqual(documents.flat(2));
  });

  it('continues a long sentence in the next sequence', () => {
    const long = Array.from({ length: 25 }, (_, place) => place);
    const source = arrayCorpus([[[100, 101], long, [200]]]);
    const sequences = packSequences(source, documentSections(source), 10);
    const lengths = Array.from({ length: sequences.count }, (_, index) => sequences.length(index));
    expect(lengths).toEqual([2, 10, 10, 6]);
  });
});

describe('indexChunks', () => {
  it('gives an A and its true continuation, both of whole sentences', () => {
    const chunks = chunksOf(0.1);
    for (let chunk = 0; chunk < chunks.count; chunk += 1) {
      const { a, b } = chunks.consecutive(chunk, randomStream(chunk));
      expect(b.offset).toBe(a.offset + a.length);
      for (const span of [tokensOf(a), tokensOf(b)]) {
        expect(span.length).toBeGreaterThan(0);
        expect(new Set(span.map(documentOf))).toEqual(new Set([chunks.document(chunk)]));
        expect(sentenceStarts.has(span[0]!)).toBe(true);
        expect(sentenceEnds.has(span.at(-1))).toBe(true);
      }
    }
  });

  it('fills sequences but for the ends of documents, and gives every document its turn', () => {
    const chunks = chunksOf(0);
    const lengths = Array.from({ length: chunks.count }, (_, chunk) => {
      const { a, b } = chunks.consecutive(chunk, randomStream(0));
      return a.length + b.length;
    });
    expect(lengths.filter((length) => length < CAPACITY).length).toBeLessThanOrEqual(documents.length);
    expect(chunks.documentCount).toBe(documents.length);
    const withShort = chunksOf(0.5);
    expect(withShort.count).toBeGreaterThan(chunks.count);
  });

  it('cuts at every sentence boundary of a chunk, equally often', () => {
    const source = arrayCorpus([
      [[1], [2], [3], [4], [5]],
      [[6], [7]],
    ]);
    const chunks = indexChunks(source, documentSections(source), { capacity: 10, shortProbability: 0, splitSeed: 0 });
    const counts = new Map<number, number>();
    for (let draw = 0; draw < 4000; draw += 1) {
      const { length } = chunks.consecutive(0, randomStream(draw)).a;
      counts.set(length, (counts.get(length) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([1, 2, 3, 4]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(750));
  });

  it('never takes a NotNext of the same document, and starts it at any sentence of any other', () => {
    const chunks = chunksOf(0.1);
    const others = new Set<number>();
    for (let draw = 0; draw < 3000; draw += 1) {
      const chunk = draw % chunks.count;
      const { a, b } = chunks.unrelated(chunk, randomStream(draw, 1));
      const [first, second] = [tokensOf(a), tokensOf(b)];
      expect(new Set(first.map(documentOf))).toEqual(new Set([chunks.document(chunk)]));
      expect(new Set(second.map(documentOf)).size).toBe(1);
      expect(documentOf(second[0]!)).not.toBe(chunks.document(chunk));
      expect(sentenceStarts.has(second[0]!)).toBe(true);
      expect(sentenceEnds.has(second.at(-1))).toBe(true);
      others.add(documentOf(second[0]!));
    }
    expect(others.size).toBeGreaterThan(0.9 * documents.length); // the shortest fit seldom
  });

  it('does not let the length of a pair tell its label', () => {
    const chunks = chunksOf(0.1);
    const length = { next: 0, other: 0 };
    const draws = 20_000;
    for (let draw = 0; draw < draws; draw += 1) {
      const chunk = draw % chunks.count;
      length.next += chunks.consecutive(chunk, randomStream(draw, 2)).b.length;
      length.other += chunks.unrelated(chunk, randomStream(draw, 2)).b.length;
    }
    expect(Math.abs(length.next - length.other) / draws).toBeLessThan(0.5); // tokens, of 30 on average
    expect(length.next / draws).toBeGreaterThan(20);
  });
});

describe('truncatePair', () => {
  it('takes tokens off the longer span, at both ends, until the pair fits', () => {
    const fronts: number[] = [];
    for (let seed = 0; seed < 400; seed += 1) {
      const pair = { a: { offset: 100, length: 50 }, b: { offset: 500, length: 20 } };
      truncatePair(pair, 40, randomStream(seed));
      expect([pair.a.length, pair.b.length]).toEqual([20, 20]);
      expect(pair.b.offset).toBe(500);
      expect(pair.a.offset + pair.a.length).toBeLessThanOrEqual(150);
      fronts.push(pair.a.offset - 100);
    }
    const mean = fronts.reduce((sum, front) => sum + front, 0) / fronts.length;
    expect(Math.abs(mean - 15)).toBeLessThan(5 * Math.sqrt(30 / 4 / fronts.length)); // 30 fair coins
  });

  it('leaves a pair that fits as it is', () => {
    const pair = { a: { offset: 1, length: 2 }, b: { offset: 3, length: 4 } };
    truncatePair(pair, 6, randomStream(0));
    expect(pair).toEqual({ a: { offset: 1, length: 2 }, b: { offset: 3, length: 4 } });
  });
});
