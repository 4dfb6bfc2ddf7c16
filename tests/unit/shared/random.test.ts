import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fillNormal,
  fillUniform,
  hash32,
  hashString,
  permutation,
  permutedIndex,
  philox4x32,
  randomStream,
} from '../../../src/shared/random.ts';

function words(text: string): number[] {
  return text.split(' ').map((word) => Number.parseInt(word, 16));
}

/** Pearson's statistic against equal expected counts. */
function chiSquare(counts: ArrayLike<number>): number {
  const observed = Array.from(counts);
  const expected = observed.reduce((sum, count) => sum + count, 0) / observed.length;
  return observed.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** An upper bound that a chi-square value of a uniform source passes with probability 1 − 1e-6 (Wilson–Hilferty, z = 4.75). */
function chiSquareLimit(degrees: number): number {
  return degrees * (1 - 2 / (9 * degrees) + 4.75 * Math.sqrt(2 / (9 * degrees))) ** 3;
}

/** Philox as the paper defines it, with 64-bit products by BigInt: the slow version. */
function slowPhilox(counter: number[], key: number[]): number[] {
  let [x0, x1, x2, x3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint]; // four words by construction
  let [k0, k1] = key.map(BigInt) as [bigint, bigint]; // two words by construction
  const mask = 0xffffffffn;
  for (let round = 0; round < 10; round += 1) {
    const product0 = x0 * 0xd2511f53n;
    const product1 = x2 * 0xcd9e8d57n;
    [x0, x1, x2, x3] = [(product1 >> 32n) ^ x1 ^ k0, product1 & mask, (product0 >> 32n) ^ x3 ^ k1, product0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [x0, x1, x2, x3].map(Number);
}

describe('philox4x32', () => {
  // Known answers of Random123 (D. E. Shaw Research), tests/kat_vectors, philox4x32 with 10 rounds: counter, key, result.
  it.each([
    ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('gives the published answer for counter %s', (counter, key, result) => {
    const [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = words(counter);
    const [k0 = 0, k1 = 0] = words(key);
    const output = new Uint32Array(4);
    philox4x32(c0, c1, c2, c3, k0, k1, output);
    expect([...output]).toEqual(words(result));
  });

  it('agrees with 64-bit arithmetic for any counter and key', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        const output = new Uint32Array(4);
        philox4x32(...counter, ...key, output);
        expect([...output]).toEqual(slowPhilox(counter, key));
      }),
    );
  });
});

describe('hash32', () => {
  it('depends on the seed, on every counter, on their order and on their number', () => {
    const inputs: [number, ...number[]][] = [
      [0], [1], [2 ** 32], [2 ** 53 - 1], [0, 0], [0, 1], [1, 0], [0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 2 ** 32],
      [0, 0, 2 ** 32], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 5, 4],
    ]; // prettier-ignore
    expect(new Set(inputs.map((input) => hash32(...input))).size).toBe(inputs.length);
  });

  it('is spread evenly over consecutive counters, in its low and in its high byte', () => {
    const low = new Uint32Array(256);
    const high = new Uint32Array(256);
    for (let step = 0; step < 100_000; step += 1) {
      const hash = hash32(7, step, 3);
      low[hash & 255] = (low[hash & 255] ?? 0) + 1;
      high[hash >>> 24] = (high[hash >>> 24] ?? 0) + 1;
    }
    expect(chiSquare(low)).toBeLessThan(chiSquareLimit(255));
    expect(chiSquare(high)).toBeLessThan(chiSquareLimit(255));
  });

  it.each([[-1], [0.5], [Number.NaN], [2 ** 53]])('refuses %s as a seed and as a counter', (value) => {
    expect(() => hash32(value)).toThrow(RangeError);
    expect(() => hash32(0, value)).toThrow(RangeError);
    expect(() => hash32(0, 1, 2, value)).toThrow(RangeError);
  });
});

describe('randomStream', () => {
  it('is the Philox sequence of the key and stream words that the seed and the counters give', () => {
    const [key0, key1, stream0, stream1] = slowPhilox([11, 0, 5, 1], [42, (2 << 21) ^ 1]) as [
      number,
      number,
      number,
      number,
    ];
    const stream = randomStream(42 + 2 ** 32, 11, 5 + 2 ** 32);
    const drawn = Array.from({ length: 12 }, () => stream.uint32());
    expect(drawn).toEqual([0, 1, 2].flatMap((block) => slowPhilox([block, 0, stream0, stream1], [key0, key1])));
  });

  it('repeats itself for equal seeds and counters, and differs otherwise', () => {
    const draw = (...input: [number, ...number[]]): number[] => {
      const stream = randomStream(...input);
      return Array.from({ length: 10 }, () => stream.uniform());
    };
    expect(draw(1, 2, 3)).toEqual(draw(1, 2, 3));
    expect(draw(1, 2, 3)).not.toEqual(draw(1, 2, 4));
    expect(draw(1, 2, 3)).not.toEqual(draw(2, 2, 3));
  });

  it('keeps its draws over versions: these values are what resumed runs rely on', () => {
    const stream = randomStream(1234, 5, 6, 7);
    expect([stream.uint32(), stream.uniform(), stream.integer(1000), stream.normal()]).toMatchInlineSnapshot(`
      [
        2718731107,
        0.7703565177040556,
        371,
        -0.29932057551499736,
      ]
    `);
  });

  it('draws uniform float64 values in [0, 1)', () => {
    const stream = randomStream(3);
    const counts = new Uint32Array(1000);
    let sum = 0;
    for (let draw = 0; draw < 200_000; draw += 1) {
      const value = stream.uniform();
      sum += value;
      const bin = Math.floor(value * 1000);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    expect(counts.reduce((total, count) => total + count, 0)).toBe(200_000); // nothing fell outside
    expect(chiSquare(counts)).toBeLessThan(chiSquareLimit(999));
    expect(Math.abs(sum / 200_000 - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / 200_000));
  });

  it('draws integers below the bound with equal frequency', () => {
    for (const bound of [1, 2, 3, 10, 1000]) {
      const stream = randomStream(9, bound);
      const counts = new Uint32Array(bound);
      for (let draw = 0; draw < 50_000; draw += 1) {
        const value = stream.integer(bound);
        counts[value] = (counts[value] ?? 0) + 1;
      }
      expect(counts.reduce((total, count) => total + count, 0)).toBe(50_000); // nothing fell outside
      if (bound > 1) expect(chiSquare(counts)).toBeLessThan(chiSquareLimit(bound - 1));
    }
  });

  it('is unbiased where a plain remainder would not be, and beyond 32 bits', () => {
    // For 3 · 2^30 a plain remainder gives the first third with probability 1/2; for 3 · 2^51 likewise.
    for (const bound of [3 * 2 ** 30, 3 * 2 ** 51]) {
      const stream = randomStream(10);
      const counts = new Uint32Array(3);
      for (let draw = 0; draw < 30_000; draw += 1) {
        const third = Math.floor(stream.integer(bound) / (bound / 3));
        counts[third] = (counts[third] ?? 0) + 1;
      }
      expect(chiSquare(counts)).toBeLessThan(chiSquareLimit(2));
    }
    expect(() => randomStream(0).integer(0)).toThrow(RangeError);
    expect(() => randomStream(0).integer(1.5)).toThrow(RangeError);
    expect(() => randomStream(0).integer(2 ** 53 + 2)).toThrow(RangeError);
  });

  it('draws standard normal values: moments and quantiles', () => {
    const values = new Float64Array(200_000);
    fillNormal(values, 21, 4);
    const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    const error = (variance: number): number => 5 * Math.sqrt(variance / values.length);
    expect(Math.abs(moment(1))).toBeLessThan(error(1));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(error(2)); // Var z² = 2
    expect(Math.abs(moment(3))).toBeLessThan(error(15)); // Var z³ = 15
    expect(Math.abs(moment(4) - 3)).toBeLessThan(error(96)); // Var z⁴ = 96
    const below = values.reduce((count, value) => count + (value < 1.6448536269514722 ? 1 : 0), 0) / values.length;
    expect(Math.abs(below - 0.95)).toBeLessThan(error(0.95 * 0.05));
  });

  it('has no correlation between neighbouring streams', () => {
    const first = new Float64Array(100_000);
    const second = new Float64Array(100_000);
    fillNormal(first, 5, 1);
    fillNormal(second, 5, 2);
    const product = first.reduce((sum, value, index) => sum + value * (second[index] ?? 0), 0);
    expect(Math.abs(product / first.length)).toBeLessThan(5 / Math.sqrt(first.length));
  });
});

describe('fillUniform', () => {
  it('writes the upper 24 bits of the words of the stream', () => {
    const values = new Float32Array(1001);
    fillUniform(values, 8, 1);
    const stream = randomStream(8, 1);
    expect([...values]).toEqual(Array.from(values, () => Math.floor(stream.uint32() / 256) / 2 ** 24));
    expect(Math.max(...values)).toBeLessThan(1);
  });
});

describe('permutedIndex', () => {
  it.each([1, 2, 3, 4, 5, 7, 8, 9, 64, 100, 256, 257, 1000, 4096, 65537])('is a bijection of length %i', (length) => {
    for (const seed of [0, 1, 2 ** 40]) {
      const seen = new Uint8Array(length);
      for (let index = 0; index < length; index += 1) seen[permutedIndex(index, length, seed)] = 1;
      expect(seen.every((mark) => mark === 1)).toBe(true);
    }
  });

  it('is a bijection of any length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(), (length, seed) => {
        const permute = permutation(length, seed);
        const image = new Set(Array.from({ length }, (_, index) => permute(index)));
        expect(image.size).toBe(length);
        expect(Math.max(...image)).toBe(length - 1);
      }),
    );
  });

  it('stays inside a length beyond 32 bits, without collisions', () => {
    const length = 2 ** 50 + 12345;
    const image = Array.from({ length: 1000 }, (_, index) => permutedIndex(index, length, 3));
    expect(new Set(image).size).toBe(1000);
    expect(image.every((value) => value >= 0 && value < length)).toBe(true);
    expect(Math.max(...image)).toBeGreaterThan(length * 0.98);
  });

  it('sends an index to every position equally often over the seeds', () => {
    for (const [length, index] of [
      [7, 0],
      [7, 6],
      [100, 37],
      [1000, 999],
    ] as const) {
      const counts = new Uint32Array(length);
      for (let seed = 0; seed < 60 * length; seed += 1) {
        const position = permutedIndex(index, length, seed);
        counts[position] = (counts[position] ?? 0) + 1;
      }
      expect(chiSquare(counts)).toBeLessThan(chiSquareLimit(length - 1));
    }
  });

  it.each([2, 3, 4, 5])('draws all permutations of length %i equally often over the seeds', (length) => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 24_000; seed += 1) {
      const order = Array.from({ length }, (_, index) => permutedIndex(index, length, seed)).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const factorial = [1, 1, 2, 6, 24, 120][length] ?? 0;
    expect(counts.size).toBe(factorial);
    expect(chiSquare([...counts.values()])).toBeLessThan(chiSquareLimit(factorial - 1));
  });

  it('sends pairs of neighbours to unrelated places', () => {
    const length = 65537;
    const counts = new Uint32Array(100);
    for (let index = 0; index + 1 < length; index += 1) {
      const distance = (permutedIndex(index + 1, length, 77) - permutedIndex(index, length, 77) + length) % length;
      const bin = Math.floor(((distance - 1) * 100) / (length - 1));
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    expect(chiSquare(counts)).toBeLessThan(chiSquareLimit(99));
  });

  it('refuses indices and lengths that make no sense', () => {
    expect(() => permutedIndex(7, 7, 0)).toThrow(RangeError);
    expect(() => permutedIndex(-1, 7, 0)).toThrow(RangeError);
    expect(() => permutedIndex(0, 0, 0)).toThrow(RangeError);
  });
});

describe('hashString', () => {
  // Published values of MurmurHash3_x86_32 with seed 0.
  it.each([
    ['', 0],
    ['test', 0xba6bd213],
    ['Hello, world!', 0xc0363e43],
    ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
  ])('hashes %j as MurmurHash3 does', (text, hash) => {
    expect(hashString(text)).toBe(hash);
  });

  it('hashes UTF-8 bytes, whatever their number modulo four', () => {
    const texts = ['a', 'ä', 'äb', 'äbc', '語', '😀', '😀a', 'a😀'];
    expect(new Set(texts.map(hashString)).size).toBe(texts.length);
  });
});
