/**
 * Two measures of how alike two pictures look: a 64-bit hash that finds candidates quickly, and the difference of small
 * pictures that confirms them. The hash alone is not enough: a group formed by chance would tie unrelated images to one side
 * of a split.
 *
 * The hash is that of M. Charikar, "Similarity estimation techniques from rounding algorithms", STOC 2002: each bit is the
 * sign of a random projection, so two hashes differ in a bit with the probability angle ÷ π, whatever the pictures are. The
 * usual hashes by gradients or cosine transforms (dHash, pHash) compare values that are equal in symmetric or flat pictures,
 * which noise then decides: on re-encoded drawings more than a tenth of pHash's distances lay above 10 bits.
 */
import { fillNormal, hashString } from '../../../shared/random.ts';
import type { PixelShape } from './pixel-shape.ts';
import { areaAverages } from './resample.ts';

const THUMBNAIL_SIDE = 16;
const THUMBNAIL_PIXELS = THUMBNAIL_SIDE * THUMBNAIL_SIDE;
const BITS = 64;

/** A picture's 16 × 16 equal areas, on the pixels' scale, channels interleaved. */
export function thumbnail(pixels: Uint8Array, shape: PixelShape): Float32Array {
  return areaAverages(pixels, shape, THUMBNAIL_SIDE);
}

const projectionsByChannels = new Map<number, Float32Array>();

/** The same directions in every process and version, or stored hashes could not be compared: [bit, thumbnail value]. */
function projections(channels: number): Float32Array {
  let found = projectionsByChannels.get(channels);
  if (found === undefined) {
    found = new Float32Array(BITS * THUMBNAIL_PIXELS * channels);
    fillNormal(found, 0, hashString('perceptual hash'), channels);
    projectionsByChannels.set(channels, found);
  }
  return found;
}

/** Projections smaller than this, in grey levels, are rounding noise: a flat picture's hash is 0. */
const NOISE = 0.01;

/**
 * Writes the hash of a thumbnail, its channels' means removed, as two 32-bit words: bit i of word w is the sign of
 * projection 32 w + i. Brightness and contrast of the picture do not change it.
 */
export function perceptualHash(small: Float32Array, channels: number, output: Uint32Array, offset = 0): void {
  const centred = small.slice();
  for (let channel = 0; channel < channels; channel += 1) {
    let sum = 0;
    for (let index = channel; index < small.length; index += channels) sum += small[index]!;
    const mean = sum / THUMBNAIL_PIXELS;
    for (let index = channel; index < small.length; index += channels) centred[index]! -= mean;
  }
  const directions = projections(channels);
  output[offset] = 0;
  output[offset + 1] = 0;
  for (let bit = 0; bit < BITS; bit += 1) {
    const start = bit * centred.length;
    let sum = 0;
    for (let index = 0; index < centred.length; index += 1) sum += directions[start + index]! * centred[index]!;
    if (sum > NOISE) output[offset + (bit >> 5)]! |= 1 << (bit & 31);
  }
}

/** How many bits are set in a 32-bit word. */
export function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Grey levels (standard deviation) that two copies of a flat picture may differ by, as noise of their encoding. */
const NOISE_LEVELS = 3;

/**
 * The mean squared difference of two thumbnails relative to how much the pictures themselves vary: 0 for equal ones, about
 * 2 for unrelated ones. JPEG of quality 60 stays below 0.03 even for small drawings.
 */
export function relativeDifference(first: Float32Array, second: Float32Array, channels: number): number {
  const count = first.length / channels;
  let difference = 0;
  let variance = 0;
  for (let channel = 0; channel < channels; channel += 1) {
    let sumFirst = 0;
    let sumSecond = 0;
    let squares = 0;
    for (let index = channel; index < first.length; index += channels) {
      const a = first[index]!;
      const b = second[index]!;
      sumFirst += a;
      sumSecond += b;
      squares += a * a + b * b;
      difference += (a - b) * (a - b);
    }
    variance += (squares - (sumFirst * sumFirst + sumSecond * sumSecond) / count) / 2;
  }
  return difference / (variance + first.length * NOISE_LEVELS * NOISE_LEVELS);
}
