/**
 * Random numbers as a pure function of (seed, counters): a batch depends on (seed, step) alone, so there is no generator
 * state to save, any step can be prepared anywhere, and a resumed run repeats bit for bit what it would have done.
 *
 * The generator is Philox-4x32-10 of J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy
 * as 1, 2, 3", SC '11 (passes BigCrush). Only 32-bit integer arithmetic and exactly rounded float64 operations are used, so
 * every platform and JavaScript engine draws the same numbers.
 *
 * Seeds and counters are integers from 0 to 2^53 − 1; anything else throws a RangeError. A different number of counters
 * is a different stream, even if the additional ones are zero.
 */
import { normalQuantile } from './normal-distribution.ts';

/** A sequence of draws; `randomStream` starts it. */
export interface RandomStream {
  /** An integer, uniform in [0, 2^32). */
  uint32(): number;
  /** A float64, uniform in [0, 1): a multiple of 2^−53, from two words. */
  uniform(): number;
  /** An integer, exactly uniform in [0, bound), for a bound from 1 to 2^53. */
  integer(bound: number): number;
  /** A standard normal float64, by inversion of one 53-bit uniform: always two words, never NaN or infinite. */
  normal(): number;
}

const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;

/**
 * One Philox-4x32-10 block: writes four 32-bit words to output[offset …], a bijection of the four counter words for each key.
 */
export function philox4x32(
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
  output: Uint32Array,
  offset = 0,
): void {
  let x0 = counter0 | 0;
  let x1 = counter1 | 0;
  let x2 = counter2 | 0;
  let x3 = counter3 | 0;
  let k0 = key0 | 0;
  let k1 = key1 | 0;
  for (let round = 0; round < 10; round += 1) {
    // The high words of the 64-bit products x0 · 0xD2511F53 and x2 · 0xCD9E8D57, from 16-bit halves.
    const a = x0 & 0xffff;
    const b = x0 >>> 16;
    const a1 = Math.imul(a, 0xd251);
    const b0 = Math.imul(b, 0x1f53);
    const middle0 = (Math.imul(a, 0x1f53) >>> 16) + (a1 & 0xffff) + (b0 & 0xffff);
    const high0 = (Math.imul(b, 0xd251) + (a1 >>> 16) + (b0 >>> 16) + (middle0 >>> 16)) | 0;
    const c = x2 & 0xffff;
    const d = x2 >>> 16;
    const c1 = Math.imul(c, 0xcd9e);
    const d0 = Math.imul(d, 0x8d57);
    const middle1 = (Math.imul(c, 0x8d57) >>> 16) + (c1 & 0xffff) + (d0 & 0xffff);
    const high1 = (Math.imul(d, 0xcd9e) + (c1 >>> 16) + (d0 >>> 16) + (middle1 >>> 16)) | 0;
    const low0 = Math.imul(x0, 0xd2511f53);
    const low1 = Math.imul(x2, 0xcd9e8d57);
    x0 = high1 ^ x1 ^ k0;
    x1 = low1;
    x2 = high0 ^ x3 ^ k1;
    x3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  output[offset] = x0;
  output[offset + 1] = x1;
  output[offset + 2] = x2;
  output[offset + 3] = x3;
}

function requireCounter(value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`Seeds and counters are integers from 0 to 2^53 − 1, not ${value}.`);
  }
}

/**
 * Absorbs the seed and the counters, two counters a block: the seed and the number of counters are the first key, the first
 * half of each block's output the next one. The four words of the last block identify (seed, counters).
 */
function absorb(seed: number, counters: readonly number[], output: Uint32Array): void {
  requireCounter(seed);
  let key0 = seed >>> 0;
  let key1 = ((seed / TWO_32) | 0) ^ (counters.length << 21); // the seed's high part has 21 bits
  let index = 0;
  do {
    const first = counters[index] ?? 0;
    const second = counters[index + 1] ?? 0;
    requireCounter(first);
    requireCounter(second);
    philox4x32(first, first / TWO_32, second, second / TWO_32, key0, key1, output);
    key0 = output[0] ?? 0;
    key1 = output[1] ?? 0;
    index += 2;
  } while (index < counters.length);
}

const hashWords = new Uint32Array(4);

/** A 32-bit unsigned hash of the seed and the counters, each of them an integer in [0, 2^53). */
export function hash32(seed: number, ...counters: number[]): number {
  absorb(seed, counters, hashWords);
  return hashWords[0] ?? 0;
}

class PhiloxStream implements RandomStream {
  private readonly key0: number;
  private readonly key1: number;
  private readonly stream0: number;
  private readonly stream1: number;
  private readonly words = new Uint32Array(4);
  private next = 4;
  private blockLow = 0;
  private blockHigh = 0;

  constructor(seed: number, counters: readonly number[]) {
    absorb(seed, counters, this.words);
    [this.key0 = 0, this.key1 = 0, this.stream0 = 0, this.stream1 = 0] = this.words;
  }

  uint32(): number {
    if (this.next === 4) {
      philox4x32(this.blockLow, this.blockHigh, this.stream0, this.stream1, this.key0, this.key1, this.words);
      this.blockLow = (this.blockLow + 1) | 0;
      if (this.blockLow === 0) this.blockHigh = (this.blockHigh + 1) | 0;
      this.next = 0;
    }
    const word = this.words[this.next] ?? 0;
    this.next += 1;
    return word;
  }

  uniform(): number {
    return this.bits53() / TWO_53;
  }

  integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > TWO_53) {
      throw new RangeError(`The bound of a random integer is an integer from 1 to 2^53, not ${bound}.`);
    }
    // Draws from the incomplete last interval of length `bound` are rejected, or small values would come more often.
    if (bound <= TWO_32) {
      const limit = TWO_32 - (TWO_32 % bound);
      let word = this.uint32();
      while (word >= limit) word = this.uint32();
      return word % bound;
    }
    const limit = TWO_53 - (TWO_53 % bound);
    let bits = this.bits53();
    while (bits >= limit) bits = this.bits53();
    return bits % bound;
  }

  normal(): number {
    return normalQuantile((Math.min(this.bits53(), TWO_53 - 2) + 0.5) / TWO_53);
  }

  private bits53(): number {
    const high = this.uint32() >>> 5;
    return high * 67108864 + (this.uint32() >>> 6);
  }
}

/** The random stream that belongs to the seed and the counters, at its beginning. */
export function randomStream(seed: number, ...counters: number[]): RandomStream {
  return new PhiloxStream(seed, counters);
}

/**
 * Fills the array with float32 values, uniform in [0, 1): multiples of 2^−24, one word each. They are the words of
 * `randomStream(seed, ...counters)` in order, so a longer array starts with the values of a shorter one.
 */
export function fillUniform(target: Float32Array, seed: number, ...counters: number[]): void {
  const stream = randomStream(seed, ...counters);
  for (let index = 0; index < target.length; index += 1) target[index] = (stream.uint32() >>> 8) / 16777216;
}

/** Fills the array with standard normal values, those of `randomStream(seed, ...counters).normal()` in order. */
export function fillNormal(target: Float32Array | Float64Array, seed: number, ...counters: number[]): void {
  const stream = randomStream(seed, ...counters);
  for (let index = 0; index < target.length; index += 1) target[index] = stream.normal();
}

const FEISTEL_ROUNDS = 12;
const SMALL_PERMUTATION = 256;

/** The finaliser of MurmurHash3 (A. Appleby, public domain): every input bit changes every output bit about half the time. */
function mix32(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/**
 * A pseudo-random permutation of 0 … length − 1, computed index by index in constant memory: a Feistel network over the
 * smallest power of two that holds the length (M. Luby, C. Rackoff, 1988), and cycle walking (J. Black, P. Rogaway,
 * "Ciphers with arbitrary finite domains", 2002): indices that fall outside are permuted again, less than once on average.
 * Up to length 256 it is a shuffled table instead, because a network over so few bits does not reach all permutations.
 */
export function permutation(length: number, seed: number): (index: number) => number {
  if (!Number.isSafeInteger(length) || length < 1) {
    throw new RangeError(`A permutation has an integer length of at least 1, not ${length}.`);
  }
  const permute = length <= SMALL_PERMUTATION ? shuffledTable(length, seed) : feistelNetwork(length, seed);
  return (index) => {
    if (!Number.isInteger(index) || index < 0 || index >= length) {
      throw new RangeError(`The index ${index} is outside a permutation of length ${length}.`);
    }
    return permute(index);
  };
}

/** The shuffle of R. Durstenfeld, "Algorithm 235: Random permutation", 1964: every permutation is equally likely. */
function shuffledTable(length: number, seed: number): (index: number) => number {
  const stream = randomStream(seed, length);
  const table = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last -= 1) {
    const chosen = stream.integer(last + 1);
    const moved = table[last] ?? 0;
    table[last] = table[chosen] ?? 0;
    table[chosen] = moved;
  }
  return (index) => table[index] ?? 0;
}

function feistelNetwork(length: number, seed: number): (index: number) => number {
  let bits = 0;
  while (2 ** bits < length) bits += 1;
  const rightSize = 2 ** Math.ceil(bits / 2);
  const leftMask = 2 ** Math.floor(bits / 2) - 1;
  const rightMask = rightSize - 1;
  const stream = randomStream(seed, length);
  const keys = Int32Array.from({ length: FEISTEL_ROUNDS }, () => stream.uint32());

  return (index) => {
    let current = index;
    do {
      let left = Math.floor(current / rightSize);
      let right = current % rightSize;
      for (let round = 0; round < FEISTEL_ROUNDS; round += 2) {
        left ^= mix32(right ^ (keys[round] ?? 0)) & leftMask;
        right ^= mix32(left ^ (keys[round + 1] ?? 0)) & rightMask;
      }
      current = left * rightSize + right;
    } while (current >= length);
    return current;
  };
}

let lastPermutation: { length: number; seed: number; permute: (index: number) => number } | undefined;

/** The place of `index` in the permutation of 0 … length − 1 that belongs to the seed; see `permutation`. */
export function permutedIndex(index: number, length: number, seed: number): number {
  // The keys of the last permutation are kept: callers walk through one permutation many indices at a time.
  if (lastPermutation?.length !== length || lastPermutation.seed !== seed) {
    lastPermutation = { length, seed, permute: permutation(length, seed) };
  }
  return lastPermutation.permute(index);
}

const utf8 = new TextEncoder();

/**
 * A 32-bit unsigned hash of a text, for turning names into counters: MurmurHash3_x86_32 with seed 0 over its UTF-8 bytes
 * (unpaired surrogates count as U+FFFD). Not for secrets.
 */
export function hashString(text: string): number {
  const bytes = utf8.encode(text);
  const blocks = bytes.length & ~3;
  let hash = 0;
  for (let index = 0; index < blocks; index += 4) {
    hash ^= murmurWord(
      (bytes[index] ?? 0) |
        ((bytes[index + 1] ?? 0) << 8) |
        ((bytes[index + 2] ?? 0) << 16) |
        ((bytes[index + 3] ?? 0) << 24),
    );
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let index = bytes.length - 1; index >= blocks; index -= 1) tail = (tail << 8) | (bytes[index] ?? 0);
  hash ^= murmurWord(tail);
  return mix32(hash ^ bytes.length) >>> 0;
}

function murmurWord(word: number): number {
  const scaled = Math.imul(word, 0xcc9e2d51);
  return Math.imul((scaled << 15) | (scaled >>> 17), 0x1b873593);
}
