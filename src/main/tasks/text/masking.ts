/**
 * Chooses the masked positions of a sequence and what stands there instead, as J. Devlin et al. 2018, section 3.1 and
 * appendix A.1, and their `create_pretraining_data.py` do.
 */
import type { RandomStream } from '../../../shared/random.ts';
import type { SpecialTokens } from './corpus-source.ts';

export interface MaskingOptions {
  /** Share of the positions that is chosen. */
  readonly share: number;
  readonly maximumPredictions: number;
  /** Choose all pieces of a word or none. */
  readonly wholeWords: boolean;
  /** Of the chosen positions, the share that keeps its token, and the share that gets a random one. */
  readonly keepProbability: number;
  readonly randomProbability: number;
}

/** Of a tokenizer, what masking needs to know. */
export interface Vocabulary {
  readonly size: number;
  readonly special: SpecialTokens;
  /** 1 for pieces that continue a word, by token id. */
  readonly continuation: Uint8Array;
  /** Ascending: special tokens and ids without a token, which are neither predicted nor drawn at random. */
  readonly reserved: Uint32Array;
}

/** Where to write: views of one example's part of a batch. */
export interface MaskedExample {
  /** Token ids, changed in place. */
  readonly tokens: Int32Array;
  /** Ascending; 0 in unused places. */
  readonly positions: Int32Array;
  readonly labels: Int32Array;
  /** 1 for a prediction, 0 for an unused place. */
  readonly weights: Float32Array;
}

/** Number of positions to choose: min(maximum, max(1, round(share · length))); the length counts special tokens. */
export function predictionCount(length: number, { share, maximumPredictions }: MaskingOptions): number {
  return Math.min(maximumPredictions, Math.max(1, Math.round(share * length)));
}

export type Masker = (example: MaskedExample, length: number, stream: RandomStream) => number;

/**
 * A function that masks an example of `length` tokens and returns the number of chosen positions. Special tokens are
 * never chosen and never drawn as random tokens. Under whole-word masking each piece is still replaced on its own, and
 * a word that would exceed the number is skipped, so that fewer positions may be chosen.
 */
export function createMasker(vocabulary: Vocabulary, options: MaskingOptions): Masker {
  const { size, special, continuation, reserved } = vocabulary;
  const isReserved = new Uint8Array(size);
  for (const id of reserved) isReserved[id] = 1;
  let starts = new Int32Array(0); // first position of each candidate word
  let ends = new Int32Array(0);

  function findWords(tokens: Int32Array, length: number): number {
    if (starts.length < length) [starts, ends] = [new Int32Array(length), new Int32Array(length)];
    let count = 0;
    let inWord = false;
    for (let position = 0; position < length; position += 1) {
      const token = tokens[position]!;
      if (isReserved[token]) {
        inWord = false;
        continue;
      }
      if (options.wholeWords && inWord && continuation[token]) ends[count - 1] = position + 1;
      else {
        starts[count] = position;
        ends[count] = position + 1;
        count += 1;
      }
      inWord = true;
    }
    return count;
  }

  function randomToken(stream: RandomStream): number {
    let token = stream.integer(size - reserved.length);
    for (const id of reserved) if (token >= id) token += 1;
    return token;
  }

  return ({ tokens, positions, labels, weights }, length, stream) => {
    const wanted = Math.min(predictionCount(length, options), positions.length);
    const words = findWords(tokens, length);
    let chosen = 0;
    for (let index = 0; index < words && chosen < wanted; index += 1) {
      const drawn = index + stream.integer(words - index); // Fisher–Yates, as far as it is needed
      const start = starts[drawn]!;
      const end = ends[drawn]!;
      starts[drawn] = starts[index]!;
      ends[drawn] = ends[index]!;
      if (chosen + end - start > wanted) continue;
      for (let position = start; position < end; position += 1) positions[chosen++] = position;
    }
    positions.subarray(0, chosen).sort();
    for (let index = 0; index < chosen; index += 1) {
      const position = positions[index]!;
      labels[index] = tokens[position]!;
      weights[index] = 1;
      const draw = stream.uniform();
      if (draw < options.keepProbability) continue;
      tokens[position] =
        draw < options.keepProbability + options.randomProbability ? randomToken(stream) : special.mask;
    }
    positions.fill(0, chosen);
    labels.fill(0, chosen);
    weights.fill(0, chosen);
    return chosen;
  };
}
