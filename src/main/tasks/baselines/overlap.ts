/**
 * The baseline for pairs of texts: do they share rare words? The cosine of two TF-IDF vectors, and a threshold above which
 * a pair counts as belonging together. What a model of next sentences scores beyond this, it has not learned from topic words.
 */
import { fitVocabulary, vectoriseWords } from './bag-of-words.ts';
import type { VocabularyOptions, WordVocabulary } from './bag-of-words.ts';
import type { SparseFeatures } from './features.ts';

export interface TextPairs {
  readonly first: readonly string[];
  readonly second: readonly string[];
}

export interface OverlapModel {
  readonly vocabulary: WordVocabulary;
  /** Pairs with a cosine of at least this belong together. */
  readonly threshold: number;
}

/** The cosines of the TF-IDF vectors of the pairs, in [0, 1]; 0 where a text has no known word. */
export function overlapCosines(vocabulary: WordVocabulary, pairs: TextPairs): Float64Array {
  if (pairs.first.length !== pairs.second.length) {
    throw new RangeError(`${pairs.first.length} first texts for ${pairs.second.length} second ones.`);
  }
  const first = vectoriseWords(vocabulary, pairs.first);
  const second = vectoriseWords(vocabulary, pairs.second);
  return Float64Array.from(pairs.first, (_, row) => sparseDot(first, second, row));
}

/** The product of the same row of two matrices, by merging their ascending columns. */
function sparseDot(first: SparseFeatures, second: SparseFeatures, row: number): number {
  let i = first.rowOffsets[row]!;
  let j = second.rowOffsets[row]!;
  const iEnd = first.rowOffsets[row + 1]!;
  const jEnd = second.rowOffsets[row + 1]!;
  let sum = 0;
  while (i < iEnd && j < jEnd) {
    const difference = first.columnIndices[i]! - second.columnIndices[j]!;
    if (difference === 0) sum += first.values[i]! * second.values[j]!;
    if (difference <= 0) i += 1;
    if (difference >= 0) j += 1;
  }
  return sum;
}

/**
 * The threshold with the most right answers if scores of at least the threshold mean label 1, and others label 0: midway
 * between two neighbouring scores, or infinite if one answer for all is best. Of equally good ones, the lowest.
 */
export function bestThreshold(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = Array.from({ length: scores.length }, (_, index) => index).sort((a, b) => scores[a]! - scores[b]!);
  let right = 0;
  for (let index = 0; index < labels.length; index += 1) if (labels[index] === 1) right += 1;
  let best = right;
  let threshold = Number.NEGATIVE_INFINITY;
  for (const [rank, index] of order.entries()) {
    right += labels[index] === 1 ? -1 : 1;
    const score = scores[index]!;
    const next = rank + 1 < order.length ? scores[order[rank + 1]!]! : Number.POSITIVE_INFINITY;
    if (right > best && next > score) {
      best = right;
      threshold = next === Number.POSITIVE_INFINITY ? next : score + (next - score) / 2;
      if (threshold === score) threshold = next; // neighbours in float64 have no middle
    }
  }
  return threshold;
}

/** Fits the vocabulary and the threshold to training pairs; label 1 is a pair that belongs together. */
export function fitOverlap(pairs: TextPairs, labels: ArrayLike<number>, options: VocabularyOptions = {}): OverlapModel {
  if (labels.length !== pairs.first.length) {
    throw new RangeError(`${labels.length} labels for ${pairs.first.length} pairs.`);
  }
  const vocabulary = fitVocabulary([...pairs.first, ...pairs.second], options);
  return { vocabulary, threshold: bestThreshold(overlapCosines(vocabulary, pairs), labels) };
}

/** 1 for pairs that overlap enough, 0 for others. */
export function predictOverlap(model: OverlapModel, pairs: TextPairs): Int32Array {
  return Int32Array.from(overlapCosines(model.vocabulary, pairs), (cosine) => (cosine >= model.threshold ? 1 : 0));
}
