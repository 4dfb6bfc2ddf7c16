/**
 * Pairs of spans of whole sentences, for next sentence (J. Devlin et al. 2018) and sentence order (Z. Lan et al. 2019).
 *
 * A chunk is a run of consecutive sentences of one document that fills a sequence; cut at a random sentence boundary it
 * gives A and its true continuation B. For NotNext, B comes from a chunk of another document, starts at a random sentence
 * and is as long as the true continuation would have been, so that lengths do not give the label away. (In the reference,
 * chunks of one sentence can only be NotNext, which is why its labels are not balanced. Ours have two or more.)
 */
import type { RandomStream } from '../../../shared/random.ts';
import { randomStream } from '../../../shared/random.ts';
import { GrowingUint32Array } from '../../data/import/growing-array.ts';
import type { CorpusSource, Section } from './corpus-source.ts';
import { purpose } from './purposes.ts';

/** Tokens of the corpus: `length` of them from `offset`. */
export interface Span {
  offset: number;
  length: number;
}

export interface SpanPair {
  readonly a: Span;
  readonly b: Span;
}

export interface SentenceChunks {
  readonly count: number;
  /** Which document a chunk is of. */
  document(chunk: number): number;
  /** A and its true continuation. */
  consecutive(chunk: number, stream: RandomStream): SpanPair;
  /** A, and a B of another document. Needs chunks of a second document. */
  unrelated(chunk: number, stream: RandomStream): SpanPair;
  readonly documentCount: number;
}

export interface ChunkOptions {
  /** Tokens of text that fit into a sequence, special tokens not counted. */
  readonly capacity: number;
  /** Share of chunks that are shorter than a sequence, of random length, so that short inputs are learned as well. */
  readonly shortProbability: number;
  readonly splitSeed: number;
}

const ATTEMPTS = 16;

/** A sentence where a span can start, and the tokens from there to the end of its document. */
interface Start {
  readonly sentence: number;
  readonly offset: number;
  readonly available: number;
}

/** Cuts sections into chunks. The index holds 16 bytes a chunk and no token. */
export function indexChunks(corpus: CorpusSource, sections: readonly Section[], options: ChunkOptions): SentenceChunks {
  const firsts = new GrowingUint32Array(); // first sentence of each chunk
  const ends = new GrowingUint32Array();
  const offsets = new GrowingUint32Array(); // first token
  const sectionOf = new GrowingUint32Array();
  const firstChunk = new Uint32Array(sections.length + 1); // of each section
  for (const [index, section] of sections.entries()) {
    firstChunk[index] = firsts.length;
    cutSection(corpus, section, options, (first, end, offset) => {
      firsts.push(first);
      ends.push(end);
      offsets.push(offset);
      sectionOf.push(index);
    });
  }
  const count = firsts.length;
  firstChunk[sections.length] = count;
  const first = firsts.view();
  const end = ends.view();
  const tokenOffset = offsets.view();
  const sectionIndex = sectionOf.view();
  const withChunks = sections.filter((_, index) => firstChunk[index + 1]! > firstChunk[index]!);

  function consecutive(chunk: number, stream: RandomStream): SpanPair {
    const offset = tokenOffset[chunk]!;
    let total = 0;
    let sentences = 0; // without empty ones
    for (let sentence = first[chunk]!; sentence < end[chunk]!; sentence += 1) {
      const length = corpus.sentenceLength(sentence);
      total += length;
      if (length > 0) sentences += 1;
    }
    let remaining = 1 + stream.integer(sentences - 1); // sentences of A
    let length = 0;
    for (let sentence = first[chunk]!; remaining > 0; sentence += 1) {
      const added = corpus.sentenceLength(sentence);
      length += added;
      if (added > 0) remaining -= 1;
    }
    return { a: { offset, length }, b: { offset: offset + length, length: total - length } };
  }

  /** The beginning of a random sentence of a random chunk of another section. */
  function randomStart(section: number, stream: RandomStream): Start {
    const own = firstChunk[section]!;
    const ownCount = firstChunk[section + 1]! - own;
    let chunk = stream.integer(count - ownCount);
    if (chunk >= own) chunk += ownCount;
    const other = sections[sectionIndex[chunk]!]!;
    const sentence = first[chunk]! + stream.integer(end[chunk]! - first[chunk]!);
    let offset = tokenOffset[chunk]!;
    for (let earlier = first[chunk]!; earlier < sentence; earlier += 1) offset += corpus.sentenceLength(earlier);
    return { sentence, offset, available: other.tokenOffset + other.tokenCount - offset };
  }

  /** A start from which about `wanted` tokens of whole sentences can be taken; the best of a few where none is right. */
  function fittingStart(section: number, wanted: number, stream: RandomStream): Start {
    let best = randomStart(section, stream);
    let bestError = Infinity;
    for (let attempt = 0, start = best; attempt < ATTEMPTS; attempt += 1, start = randomStart(section, stream)) {
      const error = Math.max(wanted - start.available, corpus.sentenceLength(start.sentence) - wanted);
      if (error <= 0) return start;
      if (error < bestError) [best, bestError] = [start, error];
    }
    return best;
  }

  return {
    count,
    documentCount: new Set(withChunks.map(({ document }) => document)).size,
    document: (chunk) => sections[sectionIndex[chunk]!]!.document,
    consecutive,
    unrelated(chunk, stream) {
      const { a, b } = consecutive(chunk, stream);
      const start = fittingStart(sectionIndex[chunk]!, b.length, stream);
      let length = 0;
      for (let sentence = start.sentence; length < Math.min(b.length, start.available); sentence += 1) {
        const added = corpus.sentenceLength(sentence);
        // The last sentence is in or out such that the mean length is right.
        const missing = b.length - length;
        if (length > 0 && added > missing && stream.uniform() * added >= missing) break;
        length += added;
      }
      return { a, b: { offset: start.offset, length } };
    },
  };
}

function cutSection(
  corpus: CorpusSource,
  section: Section,
  { capacity, shortProbability, splitSeed }: ChunkOptions,
  emit: (first: number, end: number, offset: number) => void,
): void {
  const stream = randomStream(splitSeed, purpose.shortSequences, section.document, section.firstSentence);
  const nextTarget = (): number =>
    shortProbability > 0 && stream.uniform() < shortProbability
      ? 2 + stream.integer(Math.max(1, capacity - 1))
      : capacity;
  let first = section.firstSentence;
  let offset = section.tokenOffset;
  let length = 0;
  let sentences = 0;
  let target = nextTarget();
  for (let sentence = section.firstSentence; sentence < section.endSentence; sentence += 1) {
    const added = corpus.sentenceLength(sentence);
    length += added;
    if (added > 0) sentences += 1;
    const isLast = sentence + 1 === section.endSentence;
    if (sentences < 2 || (length < target && !isLast)) continue;
    emit(first, sentence + 1, offset);
    first = sentence + 1;
    offset += length;
    length = 0;
    sentences = 0;
    target = nextTarget();
  }
}

/**
 * Cuts a pair to `capacity` tokens, in place: a token at a time off the longer span, at its front or its back at random,
 * as the reference's `truncate_seq_pair`.
 */
export function truncatePair({ a, b }: SpanPair, capacity: number, stream: RandomStream): void {
  while (a.length + b.length > capacity) {
    const longer = a.length > b.length ? a : b;
    longer.length -= 1;
    if (stream.uniform() < 0.5) longer.offset += 1;
  }
}
