/**
 * Which recordings of a dataset also occur among other recordings, whole, cut or louder: by fingerprints as in J. Haitsma and
 * T. Kalker, "A highly robust audio fingerprinting system", ISMIR 2002. A frame's fingerprint has a bit for each band: whether the
 * band becomes louder there. Unlike theirs, bands are not compared with their neighbours, because each band of our frames has a
 * scale of its own. Recordings that have a fingerprint in common are laid upon each other there, and compared frame by frame.
 */
import type { LeakPlace } from '../../../shared/spec/leaks.ts';
import type { AudioDataset } from '../audio/audio-dataset.ts';
import { countBits } from '../images/perceptual-hash.ts';
import { setImmediate as nextTurn } from 'node:timers/promises';

const BITS = 32;
/** Frames on each side that a frame is averaged with, and how far apart two averages are that are compared. */
const SMOOTHING = 2;
const DISTANCE = 4;
/** Differences below this, of log energies or of deviations, are the noise of silence. */
const LEAST_CHANGE = 0.02;
/** Of all bits, those that may differ in one frame: among unrelated frames 1 of 300 is as close. */
const DIFFERENT_BITS = 1 / 4;
/** Frames of a recording with fewer fingerprints say too little. */
const FEWEST_FRAMES = 12;
/** Offsets of one pair of recordings that are tried, the most promising first. */
const TRIED_OFFSETS = 3;
/** Recordings that share one fingerprint beyond these share a sound that says nothing. */
const MOST_SHARED = 256;
const RECORDINGS_PER_TURN = 64;

export interface RecordingSearch {
  /** Share of a recording's frames that has to be found, 0 to 1. */
  readonly minimumSimilarity: number;
  readonly mostPlaces: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface RecordingFindings {
  readonly places: ReadonlyMap<number, readonly LeakPlace[]>;
  readonly tooShort: readonly number[];
}

/** A recording as one word of bits a frame; 0 where nothing changes. */
export function fingerprint(frames: Float32Array, bands: number): Uint32Array {
  const length = frames.length / bands;
  const used = Math.min(BITS, bands);
  const smooth = smoothBands(frames, bands, used);
  const words = new Uint32Array(Math.max(0, length - DISTANCE));
  for (let frame = 0; frame < words.length; frame += 1) {
    let largest = 0;
    for (let bit = 0; bit < used; bit += 1) {
      const change = smooth[(frame + DISTANCE) * used + bit]! - smooth[frame * used + bit]!;
      if (change > 0) words[frame]! |= 1 << bit;
      largest = Math.max(largest, Math.abs(change));
    }
    if (largest < LEAST_CHANGE) words[frame] = 0;
  }
  return words;
}

/** [frames, used]: bands put together evenly, each averaged over a few frames. */
function smoothBands(frames: Float32Array, bands: number, used: number): Float32Array {
  const length = frames.length / bands;
  const joined = new Float32Array(length * used);
  for (let frame = 0; frame < length; frame += 1) {
    for (let band = 0; band < bands; band += 1) {
      joined[frame * used + Math.floor((band * used) / bands)]! += frames[frame * bands + band]!;
    }
  }
  const smooth = new Float32Array(joined.length);
  for (let frame = 0; frame < length; frame += 1) {
    const first = Math.max(0, frame - SMOOTHING);
    const last = Math.min(length - 1, frame + SMOOTHING);
    for (let bit = 0; bit < used; bit += 1) {
      let sum = 0;
      for (let at = first; at <= last; at += 1) sum += joined[at * used + bit]!;
      smooth[frame * used + bit] = sum / (last - first + 1);
    }
  }
  return smooth;
}

/** Throws what the signal was aborted with. Both sides need the same frames; see `sameFrames`. */
export async function findRecordingLeaks(
  recordings: AudioDataset,
  others: AudioDataset,
  { minimumSimilarity, mostPlaces, signal, onProgress }: RecordingSearch,
): Promise<RecordingFindings> {
  const { bands } = recordings.manifest.options;
  const ours = Array.from({ length: recordings.length }, (_, index) => fingerprint(recordings.frames(index), bands));
  const tooShort = ours.flatMap((words, index) => (usedFrames(words) < FEWEST_FRAMES ? [index] : []));
  const isShort = new Set(tooShort);
  const index = indexWords(ours, isShort);
  const found = new Map<number, LeakPlace[]>();
  for (let item = 0; item < others.length; item += 1) {
    const words = recordings === others ? ours[item]! : fingerprint(others.frames(item), bands);
    for (const [recording, offsets] of alignments(words, index)) {
      if (recordings === others && recording === item) continue;
      const similarity = Math.max(...offsets.map((offset) => sharedFrames(ours[recording]!, words, offset, bands)));
      const places = found.get(recording) ?? [];
      if (similarity < minimumSimilarity || places.length >= mostPlaces) continue;
      const difference = similarity === 1 ? 'none' : 'encoding';
      const excerpt = others.path(item);
      places.push({ item, similarity, containment: null, jaccard: null, difference, excerpt });
      found.set(recording, places);
    }
    if ((item + 1) % RECORDINGS_PER_TURN !== 0 && item + 1 !== others.length) continue;
    onProgress?.(item + 1, others.length);
    signal?.throwIfAborted();
    await nextTurn();
  }
  for (const places of found.values()) places.sort((a, b) => b.similarity - a.similarity || a.item - b.item);
  return { places: found, tooShort };
}

/** Whether two datasets were imported with the same windows and bands, without which their frames say nothing of each other. */
export function sameFrames(first: AudioDataset, second: AudioDataset): boolean {
  const [a, b] = [first, second].map(({ manifest: { options } }) => JSON.stringify(Object.entries(options).sort()));
  return a === b;
}

function usedFrames(words: Uint32Array): number {
  return words.reduce((count, word) => count + (word === 0 ? 0 : 1), 0);
}

/** By fingerprint: recording and frame, one after the other. */
type WordIndex = ReadonlyMap<number, readonly number[]>;

function indexWords(recordings: readonly Uint32Array[], isShort: ReadonlySet<number>): WordIndex {
  const index = new Map<number, number[]>();
  for (const [recording, words] of recordings.entries()) {
    if (isShort.has(recording)) continue;
    for (const [frame, word] of words.entries()) {
      if (word === 0) continue;
      const postings = index.get(word);
      if (!postings) index.set(word, [recording, frame]);
      else if (postings.length < MOST_SHARED * 2) postings.push(recording, frame);
    }
  }
  return index;
}

/** For each recording that shares fingerprints with these words, the offsets (theirs − ours) at which it shares most. */
function alignments(words: Uint32Array, index: WordIndex): ReadonlyMap<number, readonly number[]> {
  const votes = new Map<number, Map<number, number>>();
  for (const [frame, word] of words.entries()) {
    const postings = word === 0 ? undefined : index.get(word);
    if (!postings) continue;
    for (let place = 0; place < postings.length; place += 2) {
      const recording = postings[place]!;
      const offset = frame - postings[place + 1]!;
      const counts = votes.get(recording) ?? new Map<number, number>();
      votes.set(recording, counts.set(offset, (counts.get(offset) ?? 0) + 1));
    }
  }
  return new Map(
    [...votes].map(([recording, counts]) => {
      const best = [...counts].sort((a, b) => b[1] - a[1]).slice(0, TRIED_OFFSETS);
      return [recording, best.map(([offset]) => offset)];
    }),
  );
}

/** Share of a recording's frames that are nearly the same in another one, laid upon it at an offset. */
function sharedFrames(ours: Uint32Array, theirs: Uint32Array, offset: number, bands: number): number {
  const most = Math.floor(Math.min(BITS, bands) * DIFFERENT_BITS);
  let used = 0;
  let shared = 0;
  for (const [frame, word] of ours.entries()) {
    if (word === 0) continue;
    used += 1;
    const other = theirs[frame + offset];
    if (other !== undefined && other !== 0 && countBits(word ^ other) <= most) shared += 1;
  }
  return shared / used;
}
