/**
 * Near duplicates among many images without comparing every pair: multi-index hashing (M. Norouzi, A. Punjani, D. J. Fleet,
 * "Fast exact search in Hamming space with multi-index hashing", PAMI 2014). A 64-bit hash is cut into four 16-bit bands; if
 * two hashes differ in at most d bits, some band differs in at most ⌊d / 4⌋, so looking up each band with all its
 * neighbours within that radius finds every pair.
 */
import type { DisjointSets } from '../import/disjoint-sets.ts';
import { countBits } from './perceptual-hash.ts';

const BANDS = 4;
const BAND_VALUES = 65536;

/**
 * Images with nearly equal hashes that one image is compared with, at most, in one bucket. Flat or empty pictures share one
 * hash by the thousand; the nearest ones before an image are enough to chain them, and time stays linear.
 */
const MAXIMUM_COMPARISONS = 1000;

/** The band values within `radius` bits of zero: what a band is combined with (XOR) to reach its neighbours. */
function bandNeighbours(radius: number): Uint16Array {
  const neighbours = [0];
  for (let value = 1; value < BAND_VALUES; value += 1) if (countBits(value) <= radius) neighbours.push(value);
  return Uint16Array.from(neighbours);
}

function bandOf(hashes: Uint32Array, image: number, band: number): number {
  return (hashes[image * 2 + (band >> 1)]! >>> ((band & 1) * 16)) & 0xffff;
}

/** Image indices sorted by the value of one band, and where each value starts. */
function bucketsOf(hashes: Uint32Array, images: number, band: number): { starts: Uint32Array; members: Uint32Array } {
  const starts = new Uint32Array(BAND_VALUES + 1);
  for (let image = 0; image < images; image += 1) starts[bandOf(hashes, image, band) + 1]! += 1;
  for (let value = 0; value < BAND_VALUES; value += 1) starts[value + 1]! += starts[value]!;
  const next = starts.slice();
  const members = new Uint32Array(images);
  for (let image = 0; image < images; image += 1) {
    const value = bandOf(hashes, image, band);
    members[next[value]!] = image;
    next[value]! += 1;
  }
  return { starts, members };
}

function distanceOf(hashes: Uint32Array, first: number, second: number): number {
  return (
    countBits(hashes[first * 2]! ^ hashes[second * 2]!) + countBits(hashes[first * 2 + 1]! ^ hashes[second * 2 + 1]!)
  );
}

/**
 * Joins all images whose hashes differ in at most `maximumDistance` bits (0 … 11) and that `confirm` holds for. Pairs that are
 * in one set already are not asked for. The order of calls depends on the hashes alone.
 * @param hashes two 32-bit words an image
 * @param signal checked every few thousand images
 * @returns whether some image had more neighbours than are compared, so that a pair may have been missed
 */
export function joinNearDuplicates(
  hashes: Uint32Array,
  sets: DisjointSets,
  maximumDistance: number,
  confirm: (first: number, second: number) => boolean,
  signal?: AbortSignal,
): boolean {
  const images = hashes.length / 2;
  const radius = Math.floor(maximumDistance / BANDS);
  const neighbours = bandNeighbours(radius);
  let capped = false;
  for (let band = 0; band < BANDS; band += 1) {
    const { starts, members } = bucketsOf(hashes, images, band);
    for (let image = 0; image < images; image += 1) {
      if (image % 4096 === 0) signal?.throwIfAborted();
      const value = bandOf(hashes, image, band);
      for (const neighbour of neighbours) {
        const bucket = value ^ neighbour;
        const start = starts[bucket]!;
        // Members ascend, and only earlier images are compared: each pair is seen from its later one.
        let place = lowerBound(members, start, starts[bucket + 1]!, image) - 1;
        const stop = Math.max(start, place - MAXIMUM_COMPARISONS);
        if (stop > start) capped = true;
        for (; place >= stop; place -= 1) {
          const other = members[place]!;
          if (distanceOf(hashes, image, other) > maximumDistance) continue;
          if (sets.find(image) !== sets.find(other) && confirm(other, image)) sets.join(other, image);
        }
      }
    }
  }
  return capped;
}

/** The first place in members[from … to) whose value is not below `image`. */
function lowerBound(members: Uint32Array, from: number, to: number, image: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (members[middle]! < image) low = middle + 1;
    else high = middle;
  }
  return low;
}
