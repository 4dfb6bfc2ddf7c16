/**
 * Finds where texts of a small collection (needles) may occur in a large one that is read once. Each needle is remembered by a
 * MinHash sketch: the smallest hashes of its shingles, windows of so many words or characters (A. Z. Broder, "On the resemblance
 * and containment of documents", 1997; the bottom-k variant of E. Cohen and H. Kaplan, 2007). Short needles keep all of
 * their shingles. The large side is not cut into documents that are sketched: every one of its shingles is looked up, so that a
 * copy in the middle of a book is found as surely as one that stands alone, which comparing sketches of both sides (banding)
 * cannot do, because the resemblance of a page and a book is close to none. Memory depends on the needles alone.
 */
import { mixBits } from './folded-text.ts';
import type { UnitBuffer } from './unit-buffer.ts';

/** A reading of texts and the length of its shingles. */
export interface ShingleProfile {
  readonly unit: 'words' | 'characters';
  readonly window: number;
}

/** Shingles that are remembered of a needle: estimates of its containment have a standard error of 3 % then. */
const SKETCH_SIZE = 256;
/** Shingles of more needles than this are phrases that everyone uses. */
const MOST_SHARED = 64;
/** Of the sketch, what has to be found nearby before a place is looked at closely. */
const CANDIDATE_FRACTION = 0.1;
/** Places that look like copies and are none: after so many, more has to be found. */
const FAILURES_PER_INCREASE = 16;
const LARGEST_CANDIDATE_FRACTION = 0.3;
const SHINGLE_MULTIPLIER = 0x9e3779b1;

/** Hashes of all windows of `window` units; empty where there are fewer. */
export function shinglesOf(units: ArrayLike<number>, window: number): Uint32Array {
  const count = Math.max(0, units.length - window + 1);
  const shingles = new Uint32Array(count);
  const leaving = powerOf(window);
  let rolling = 0;
  for (let index = 0; index < units.length; index += 1) {
    rolling = Math.imul(rolling, SHINGLE_MULTIPLIER) + units[index]!;
    if (index >= window) rolling -= Math.imul(units[index - window]!, leaving);
    rolling |= 0;
    if (index >= window - 1) shingles[index - window + 1] = mixBits(rolling);
  }
  return shingles;
}

function powerOf(exponent: number): number {
  let power = 1;
  for (let index = 0; index < exponent; index += 1) power = Math.imul(power, SHINGLE_MULTIPLIER);
  return power;
}

/** Told of a place that looks like a copy of a needle. Answers whether it is one. */
export type CheckPlace = (needle: number, place: number) => 'copy' | 'different' | 'enough';

export class NeedleIndex {
  readonly profile: ShingleProfile;
  private readonly keys: Uint32Array;
  /** The first posting of each slot's shingle, or −1. */
  private readonly heads: Int32Array;
  private readonly next: Int32Array;
  private readonly needles: Uint32Array;
  /** The cluster of its needle that a posting was last found in: a shingle counts once in a cluster. */
  private readonly seenIn: Uint32Array;
  /** A bit for each shingle: most lookups end here, within the processor's cache. */
  private readonly filter: Uint32Array;
  private readonly filterMask: number;
  private readonly lengths: Uint32Array;
  private readonly sketchSizes: Uint32Array;
  private readonly needed: Uint32Array;
  private readonly hits: Uint32Array;
  private readonly clusters: Uint32Array;
  private readonly clusterStarts: Float64Array;
  private readonly quietUntil: Float64Array;
  private readonly failures: Uint32Array;

  /** @param texts the units of each needle, by its number; those that are shorter than the window are passed over */
  constructor(profile: ShingleProfile, texts: readonly Uint32Array[]) {
    this.profile = profile;
    const sketches = sketchAll(texts, profile.window);
    const total = sketches.reduce((sum, sketch) => sum + sketch.length, 0);
    const slots = 2 ** Math.ceil(Math.log2(Math.max(16, total * 2)));
    this.keys = new Uint32Array(slots);
    this.heads = new Int32Array(slots).fill(-1);
    this.next = new Int32Array(total);
    this.needles = new Uint32Array(total);
    this.seenIn = new Uint32Array(total);
    const filterBits = Math.max(1024, slots * 8);
    this.filter = new Uint32Array(filterBits / 32);
    this.filterMask = filterBits - 1;
    const count = texts.length;
    this.lengths = Uint32Array.from(texts, (units) => units.length);
    this.sketchSizes = Uint32Array.from(sketches, (sketch) => sketch.length);
    this.needed = this.sketchSizes.map((size) => Math.max(Math.min(2, size), Math.ceil(CANDIDATE_FRACTION * size)));
    this.hits = new Uint32Array(count);
    this.clusters = new Uint32Array(count).fill(1);
    this.clusterStarts = new Float64Array(count).fill(-Infinity);
    this.quietUntil = new Float64Array(count).fill(-Infinity);
    this.failures = new Uint32Array(count);
    let posting = 0;
    for (const [needle, sketch] of sketches.entries()) {
      for (const shingle of sketch) {
        const slot = this.slotOf(shingle);
        this.keys[slot] = shingle;
        this.next[posting] = this.heads[slot]!;
        this.heads[slot] = posting;
        this.needles[posting] = needle;
        const bit = shingle & this.filterMask;
        this.filter[bit >>> 5]! |= 1 << (bit & 31);
        posting += 1;
      }
    }
  }

  /** Looks up every shingle that ends at the unit `firstNew` of the buffer or behind it. */
  scan(buffer: UnitBuffer, firstNew: number, check: CheckPlace): void {
    const { window } = this.profile;
    const { units, places, length, base } = buffer;
    const { filter, filterMask } = this;
    const leaving = powerOf(window);
    const start = Math.max(0, firstNew - window + 1);
    let rolling = 0;
    for (let index = start; index < length; index += 1) {
      rolling = Math.imul(rolling, SHINGLE_MULTIPLIER) + units[index]!;
      if (index - start >= window) rolling -= Math.imul(units[index - window]!, leaving);
      rolling |= 0;
      if (index - start < window - 1) continue;
      const shingle = mixBits(rolling);
      const bit = shingle & filterMask;
      if ((filter[bit >>> 5]! & (1 << (bit & 31))) === 0) continue;
      const head = this.heads[this.slotOf(shingle)]!;
      if (head >= 0) this.hit(head, base + index, places[index - window + 1]!, check);
    }
  }

  private slotOf(shingle: number): number {
    const mask = this.keys.length - 1;
    let slot = shingle & mask;
    while (this.heads[slot] !== -1 && this.keys[slot] !== shingle) slot = (slot + 1) & mask;
    return slot;
  }

  private hit(head: number, position: number, place: number, check: CheckPlace): void {
    for (let posting = head; posting >= 0; posting = this.next[posting]!) {
      const needle = this.needles[posting]!;
      if (position < this.quietUntil[needle]!) continue;
      // As long as the needle and half of it again, for what was put between; a copy is never cut into more than two clusters.
      if (position - this.clusterStarts[needle]! > this.lengths[needle]! * 1.5 + 16) {
        this.startCluster(needle, position);
      }
      if (this.seenIn[posting] === this.clusters[needle]) continue;
      this.seenIn[posting] = this.clusters[needle]!;
      this.hits[needle]! += 1;
      if (this.hits[needle]! < this.needed[needle]!) continue;
      this.settle(needle, position, check(needle, place));
    }
  }

  private startCluster(needle: number, position: number): void {
    this.clusters[needle]! += 1;
    this.clusterStarts[needle] = position;
    this.hits[needle] = 0;
  }

  private settle(needle: number, position: number, answer: ReturnType<CheckPlace>): void {
    this.startCluster(needle, position);
    if (answer === 'enough') this.quietUntil[needle] = Infinity;
    if (answer === 'copy') this.quietUntil[needle] = position + this.lengths[needle]!;
    if (answer !== 'different') return;
    this.failures[needle]! += 1;
    if (this.failures[needle]! % FAILURES_PER_INCREASE !== 0) return;
    const largest = Math.ceil(LARGEST_CANDIDATE_FRACTION * this.sketchSizes[needle]!);
    this.needed[needle] = Math.max(this.needed[needle]!, Math.min(largest, this.needed[needle]! + 1));
  }
}

/**
 * The sketches of all needles. Shingles that many needles share say little about each of them and cost time at every occurrence, so
 * they are left out, except of needles that would have less than half of a sketch without them.
 */
function sketchAll(texts: readonly Uint32Array[], window: number): readonly Uint32Array[] {
  const shared = new Map<number, number>();
  const bottoms = texts.map((units) =>
    Uint32Array.from(new Set(shinglesOf(units, window)))
      .sort()
      .slice(0, 2 * SKETCH_SIZE),
  );
  for (const shingles of bottoms) {
    for (const shingle of shingles) shared.set(shingle, (shared.get(shingle) ?? 0) + 1);
  }
  const kept = new Map<number, number>();
  return bottoms.map((shingles) => {
    const rare = shingles.filter((shingle) => shared.get(shingle)! <= MOST_SHARED);
    if (rare.length * 2 >= Math.min(shingles.length, SKETCH_SIZE)) return Uint32Array.from(rare.slice(0, SKETCH_SIZE));
    // A text that is repeated in many needles: the first of them stand for it, up to a number that lookups can bear.
    const common = shingles.filter((shingle) => {
      const times = (kept.get(shingle) ?? 0) + 1;
      kept.set(shingle, times);
      return shared.get(shingle)! <= MOST_SHARED || times <= MOST_SHARED;
    });
    return Uint32Array.from(common.slice(0, SKETCH_SIZE));
  });
}
