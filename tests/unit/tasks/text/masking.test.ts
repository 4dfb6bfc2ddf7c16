import { describe, expect, it } from 'vitest';
import type { MaskedExample, MaskingOptions, Vocabulary } from '../../../../src/main/tasks/text/masking.ts';
import { createMasker, predictionCount } from '../../../../src/main/tasks/text/masking.ts';
import { randomStream } from '../../../../src/shared/random.ts';

const LENGTH = 64;
const PLACES = 20;
const special = { pad: 0, unknown: 1, classify: 2, separate: 3, mask: 4 };
const SIZE = 200;
/** Ids from 150 on continue a word; 77 has no token. */
const vocabulary: Vocabulary = {
  size: SIZE,
  special,
  continuation: Uint8Array.from({ length: SIZE }, (_, id) => Number(id >= 150)),
  reserved: Uint32Array.of(0, 1, 2, 3, 4, 77),
};
const reference: MaskingOptions = {
  share: 0.15,
  maximumPredictions: PLACES,
  wholeWords: false,
  keepProbability: 0.1,
  randomProbability: 0.1,
};

/** [CLS] words [SEP] and padding; about a third of the pieces continue a word, an unknown token now and then. */
function exampleOf(seed: number, length: number): MaskedExample & { readonly original: Int32Array } {
  const stream = randomStream(seed, 1);
  const tokens = new Int32Array(LENGTH);
  tokens[0] = special.classify;
  for (let position = 1; position < length - 1; position += 1) {
    const isUnknown = stream.uniform() < 0.05;
    const token = stream.uniform() < 0.35 ? 150 + stream.integer(50) : 5 + stream.integer(72);
    tokens[position] = isUnknown ? special.unknown : token;
  }
  tokens[length - 1] = special.separate;
  return {
    tokens,
    original: tokens.slice(),
    positions: new Int32Array(PLACES).fill(-1),
    labels: new Int32Array(PLACES).fill(-1),
    weights: new Float32Array(PLACES).fill(-1),
  };
}

describe('predictionCount', () => {
  it('follows the reference: min(maximum, max(1, round(share · length)))', () => {
    // google-research/bert, create_pretraining_data.py, for max_predictions_per_seq 20 and masked_lm_prob 0.15
    const expected = [[3, 1], [9, 1], [11, 2], [64, 10], [128, 19], [137, 20], [512, 20]] as const; // prettier-ignore
    for (const [length, count] of expected) expect(predictionCount(length, reference)).toBe(count);
  });
});

describe('createMasker', () => {
  it('chooses exactly the number, in ascending positions, never a special token or padding, and labels what stood there', () => {
    const mask = createMasker(vocabulary, reference);
    for (let seed = 0; seed < 500; seed += 1) {
      const length = 5 + (seed % (LENGTH - 4));
      const example = exampleOf(seed, length);
      const candidates = example.original.filter((token) => token > 4).length;
      const count = mask(example, length, randomStream(seed, 2));
      expect(count).toBe(Math.min(predictionCount(length, reference), candidates));
      const positions = Array.from(example.positions.subarray(0, count));
      expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
      for (const [place, position] of positions.entries()) {
        expect(position).toBeLessThan(length);
        expect(example.original[position]).toBeGreaterThan(4);
        expect(example.labels[place]).toBe(example.original[position]);
      }
      const unchosen = example.tokens.filter((_, position) => !positions.includes(position));
      expect(unchosen).toEqual(example.original.filter((_, position) => !positions.includes(position)));
      expect(Array.from(example.weights)).toEqual(Array.from({ length: PLACES }, (_, place) => Number(place < count)));
      expect(example.positions.subarray(count).every((position) => position === 0)).toBe(true);
      expect(example.labels.subarray(count).every((label) => label === 0)).toBe(true);
    }
  });

  it('hides 80 %, keeps 10 % and replaces 10 %, by tokens that are neither special nor missing, each equally often', () => {
    const mask = createMasker(vocabulary, reference);
    const replacements = new Float64Array(SIZE);
    let [hidden, same, total] = [0, 0, 0];
    for (let seed = 0; seed < 12_000; seed += 1) {
      const example = exampleOf(seed, LENGTH);
      const count = mask(example, LENGTH, randomStream(seed, 3));
      for (let place = 0; place < count; place += 1) {
        const shown = example.tokens[example.positions[place]!]!;
        total += 1;
        if (shown === special.mask) hidden += 1;
        else if (shown === example.labels[place]) same += 1;
        else replacements[shown]! += 1;
      }
    }
    const replaced = total - hidden - same;
    // Five standard deviations of a binomial; a random token is the right one once in 194 times.
    const tolerance = (share: number): number => 5 * Math.sqrt((share * (1 - share)) / total);
    const lucky = 0.1 / (SIZE - vocabulary.reserved.length);
    expect(Math.abs(hidden / total - 0.8)).toBeLessThan(tolerance(0.8));
    expect(Math.abs(same / total - 0.1 - lucky)).toBeLessThan(tolerance(0.1));
    expect(Math.abs(replaced / total - 0.1 + lucky)).toBeLessThan(tolerance(0.1));
    for (const id of vocabulary.reserved) expect(replacements[id]).toBe(0);
    const possible = SIZE - vocabulary.reserved.length;
    const chiSquare = replacements
      .filter((_, id) => !vocabulary.reserved.includes(id))
      .reduce((sum, count) => sum + (count - replaced / possible) ** 2 / (replaced / possible), 0);
    expect(chiSquare).toBeLessThan(possible + 5 * Math.sqrt(2 * possible));
  });

  it('chooses every position equally often', () => {
    const mask = createMasker(vocabulary, reference);
    const chosen = new Float64Array(LENGTH);
    const rounds = 6000;
    for (let round = 0; round < rounds; round += 1) {
      const example = exampleOf(0, LENGTH);
      mask(example, LENGTH, randomStream(round, 4));
      for (let place = 0; place < 10; place += 1) chosen[example.positions[place]!]! += 1;
    }
    const candidates = exampleOf(0, LENGTH).original.filter((token) => token > 4).length;
    const expected = (rounds * 10) / candidates;
    for (const count of chosen.filter((value) => value > 0)) {
      expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
    expect(chosen.filter((value) => value > 0)).toHaveLength(candidates);
  });

  it('takes whole words or none, skips a word that would be too many, and still replaces each piece on its own', () => {
    const mask = createMasker(vocabulary, { ...reference, wholeWords: true });
    let mixed = 0;
    let short = 0;
    for (let seed = 0; seed < 800; seed += 1) {
      const example = exampleOf(seed, LENGTH);
      const count = mask(example, LENGTH, randomStream(seed, 5));
      expect(count).toBeLessThanOrEqual(predictionCount(LENGTH, reference));
      if (count < predictionCount(LENGTH, reference)) short += 1;
      const chosen = new Set(example.positions.subarray(0, count));
      for (let position = 1; position < LENGTH - 1; position += 1) {
        const [before, own] = [example.original[position - 1]!, example.original[position]!];
        const continues = own >= 150 && before > 4;
        if (continues) expect(chosen.has(position)).toBe(chosen.has(position - 1));
        if (continues && chosen.has(position)) {
          const isHidden = (place: number): boolean => example.tokens[place] === special.mask;
          if (isHidden(position) !== isHidden(position - 1)) mixed += 1;
        }
      }
    }
    expect(mixed).toBeGreaterThan(0);
    expect(short).toBeLessThan(400); // most often the words fill the number
  });

  it('gives the same masks for the same stream and others for another', () => {
    const mask = createMasker(vocabulary, reference);
    const masked = (stream: number): string => {
      const example = exampleOf(7, LENGTH);
      mask(example, LENGTH, randomStream(stream));
      return [...example.tokens, ...example.positions].join();
    };
    expect(masked(1)).toBe(masked(1));
    expect(new Set(Array.from({ length: 20 }, (_, stream) => masked(stream))).size).toBe(20);
  });

  it('masks nothing where there is nothing but special tokens', () => {
    const example = exampleOf(0, 2);
    expect(createMasker(vocabulary, reference)(example, 2, randomStream(0))).toBe(0);
    expect(example.weights.every((weight) => weight === 0)).toBe(true);
  });
});
