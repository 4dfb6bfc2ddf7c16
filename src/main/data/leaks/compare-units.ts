/** How much of a text occurs in a passage: exactly, unit by unit, where the sketches only pointed. */
import { shinglesOf } from './needle-index.ts';
import type { ShingleProfile } from './needle-index.ts';

export interface Overlap {
  /**
   * Share of the text that is in the passage, 0 to 1: of its words (or characters) that lie in a common shingle, or, if that is
   * more, that follow each other in both in the same order. The second measure does justice to copies with single words replaced.
   */
  readonly similarity: number;
  /** |S(text) ∩ S(passage)| / |S(text)| over the distinct shingles (Broder 1997). */
  readonly containment: number;
  /** Where in the passage the first and the last common shingle begin, in units; 0 and 0 where there is none. */
  readonly first: number;
  readonly last: number;
}

/** Below this, the order of words is not looked at: two texts on one subject have half of their commonest words in order. */
const WORTH_ALIGNING = 0.3;
/** Longer texts are not aligned, which takes the product of both lengths. */
const LONGEST_ALIGNED = 4000;
/** How much longer than the text the part of a passage is that it is aligned with. */
const ALIGNED_STRETCH = 0.15;

/** Throws nothing; a text shorter than the window has no shingles and overlaps with nothing. */
export function measureOverlap(text: Uint32Array, passage: Uint32Array, profile: ShingleProfile): Overlap {
  const { unit, window } = profile;
  const placesInText = new Map<number, number[]>();
  for (const [place, shingle] of shinglesOf(text, window).entries()) {
    const known = placesInText.get(shingle);
    if (known) known.push(place);
    else placesInText.set(shingle, [place]);
  }
  const covered = new Uint8Array(text.length);
  const found = new Set<number>();
  const matches: { readonly place: number; readonly offset: number }[] = [];
  for (const [place, shingle] of shinglesOf(passage, window).entries()) {
    const own = placesInText.get(shingle)?.filter((start) => sameWindow(text, start, passage, place, window));
    if (own === undefined || own.length === 0) continue;
    found.add(shingle);
    matches.push({ place, offset: place - own[0]! });
    for (const start of own) covered.fill(1, start, start + window);
  }
  if (matches.length === 0) return { similarity: 0, containment: 0, first: 0, last: 0 };
  let similarity = covered.reduce((sum, one) => sum + one, 0) / text.length;
  const containment = found.size / placesInText.size;
  // Where most of the text lies; a phrase of it further off is not where it is.
  const sorted = matches.map(({ offset }) => offset).sort((a, b) => a - b);
  const start = sorted[sorted.length >> 1]!;
  const stretch = Math.ceil(ALIGNED_STRETCH * text.length);
  if (unit === 'words' && similarity >= WORTH_ALIGNING && similarity < 1 && text.length <= LONGEST_ALIGNED) {
    const aligned = passage.subarray(Math.max(0, start - stretch), Math.max(0, start + text.length + stretch));
    similarity = Math.max(similarity, commonSubsequence(text, aligned) / text.length);
  }
  const near = matches.filter(({ offset }) => Math.abs(offset - start) <= stretch + window).map(({ place }) => place);
  const first = Math.min(...near);
  const last = Math.max(...near);
  return { similarity, containment, first, last };
}

function sameWindow(a: Uint32Array, startA: number, b: Uint32Array, startB: number, window: number): boolean {
  for (let index = 0; index < window; index += 1) if (a[startA + index] !== b[startB + index]) return false;
  return true;
}

/**
 * The length of the longest common subsequence, 32 units at a time by the bits of one number (H. Hyyrö, "Bit-parallel LCS-length
 * computation revisited", 2004).
 */
export function commonSubsequence(first: Uint32Array, second: Uint32Array): number {
  const blocks = Math.ceil(first.length / 32);
  const masks = new Map<number, Uint32Array>();
  for (const [place, unit] of first.entries()) {
    let mask = masks.get(unit);
    if (mask === undefined) masks.set(unit, (mask = new Uint32Array(blocks)));
    mask[place >>> 5]! |= 1 << (place & 31);
  }
  const state = new Uint32Array(blocks).fill(0xffffffff);
  for (const unit of second) {
    const mask = masks.get(unit);
    if (mask === undefined) continue;
    let carry = 0;
    for (let block = 0; block < blocks; block += 1) {
      const before = state[block]!;
      const matching = (before & mask[block]!) >>> 0;
      const sum = before + matching + carry;
      carry = sum > 0xffffffff ? 1 : 0;
      state[block] = (sum | (before & ~mask[block]!)) >>> 0;
    }
  }
  let length = 0;
  for (let place = 0; place < first.length; place += 1) {
    if ((state[place >>> 5]! & (1 << (place & 31))) === 0) length += 1;
  }
  return length;
}
