/** The inputs of a text pipeline for a batch: `tokens`, `segments` and `mask`, row by row. */
import type { SpecialTokens } from './corpus-source.ts';

export interface TokenBatch {
  readonly length: number;
  /** [batch, length], as are the others. */
  readonly tokens: Int32Array;
  /** 0 for [CLS] A [SEP], 1 for B [SEP]. */
  readonly segments: Int32Array;
  /** 1 at real tokens, 0 at padding. */
  readonly mask: Float32Array;
}

/** A batch of padding. */
export function createTokenBatch(batchSize: number, length: number, { pad }: SpecialTokens): TokenBatch {
  const size = batchSize * length;
  return {
    length,
    tokens: new Int32Array(size).fill(pad),
    segments: new Int32Array(size),
    mask: new Float32Array(size),
  };
}

/** Writes [CLS] text [SEP] into a row of padding and returns the length used. The text must fit. */
export function writeSingle(
  { tokens, mask, length }: TokenBatch,
  row: number,
  text: ArrayLike<number>,
  special: SpecialTokens,
): number {
  const start = row * length;
  const used = text.length + 2;
  tokens[start] = special.classify;
  tokens.set(text, start + 1);
  tokens[start + used - 1] = special.separate;
  mask.fill(1, start, start + used);
  return used;
}

/**
 * Writes [CLS] A [SEP] B [SEP] into a row of padding and returns the length used, with as many separators between the two as are asked for.
 * Both must fit.
 */
export function writePair(
  batch: TokenBatch,
  row: number,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  special: SpecialTokens,
  separators = 1,
): number {
  const { tokens, segments, mask, length } = batch;
  const start = row * length;
  const end = writeSingle(batch, row, a, special);
  const middle = end + separators - 1;
  tokens.fill(special.separate, start + end, start + middle);
  mask.fill(1, start + end, start + middle);
  const used = middle + b.length + 1;
  tokens.set(b, start + middle);
  tokens[start + used - 1] = special.separate;
  segments.fill(1, start + middle, start + used);
  mask.fill(1, start, start + used);
  return used;
}

/** A row that stands for no example still has one real position, so that attention has something to look at. */
export function writePaddingRow({ tokens, mask, length }: TokenBatch, row: number, { classify }: SpecialTokens): void {
  tokens[row * length] = classify;
  mask[row * length] = 1;
}
