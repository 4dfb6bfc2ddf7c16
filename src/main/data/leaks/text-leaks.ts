/** Which texts of a small collection also occur, nearly as they are, in a large one; see `NeedleIndex` for how. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LeakPlace } from '../../../shared/spec/leaks.ts';
import type { ChosenProfile } from './choose-profile.ts';
import { chooseProfiles, isOfSequences } from './choose-profile.ts';
import { measureOverlap } from './compare-units.ts';
import type { Haystack } from './haystack.ts';
import { NeedleIndex, shinglesOf } from './needle-index.ts';
import { reverseComplement } from './reverse-complement.ts';
import { UnitBuffer } from './unit-buffer.ts';
import { differenceOf } from './written-difference.ts';

const EXCERPT_CHARACTERS = 160;
/** Documents of more tokens for each unit of a text are not compared as a whole. */
const TOKENS_PER_UNIT = 20;
/** Places of a haystack between two turns of the event loop; parts of corpora are multiples of it. */
const PLACES_PER_TURN = 4096;

export interface TextSearch {
  /** Share of a text that has to be found, 0 to 1. */
  readonly minimumSimilarity: number;
  /** Places noted of one text; it is not looked for any further then. */
  readonly mostPlaces: number;
  /** Whether the haystack is the collection of the texts itself, where each of them is found once at least. */
  readonly isSame?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface TextFindings {
  /** By the number of the text: where it was found, the most similar place first. */
  readonly places: ReadonlyMap<number, readonly LeakPlace[]>;
  /** Numbers of texts that are too short to be told from common phrases. */
  readonly tooShort: readonly number[];
}

interface Needle {
  readonly text: string;
  readonly units: Uint32Array;
  readonly profile: ChosenProfile;
  /** Whether `text` is the other strand of the sequence that is looked for. */
  readonly isOtherStrand: boolean;
  /** Numbers of the texts that are this one, read without case and punctuation. */
  readonly numbers: number[];
  readonly places: LeakPlace[];
}

interface NeedleGroup {
  readonly index: NeedleIndex;
  readonly members: readonly Needle[];
}

/** @throws what the signal was aborted with */
export async function findTextLeaks(
  texts: Iterable<readonly [number, string]>,
  haystack: Haystack,
  search: TextSearch,
): Promise<TextFindings> {
  const { needles, tooShort } = collectNeedles(texts, haystack);
  const groups = indexByProfile(needles);
  const unitsNeeded = new Set(groups.map(({ index }) => index.profile.unit));
  const sink = {
    words: unitsNeeded.has('words') ? new UnitBuffer() : undefined,
    characters: unitsNeeded.has('characters') ? new UnitBuffer() : undefined,
  };
  const overlap = Math.max(0, ...groups.map(({ index }) => index.profile.window - 1));
  const scanned = { words: 0, characters: 0 };
  for (const done of groups.length > 0 ? haystack.parts(sink) : []) {
    for (const { index, members } of groups) {
      const { unit } = index.profile;
      const buffer = sink[unit];
      if (!buffer) continue;
      index.scan(buffer, scanned[unit], (needle, place) => checkPlace(members[needle]!, place, haystack, search));
    }
    for (const unit of unitsNeeded) {
      sink[unit]?.keepLast(overlap);
      scanned[unit] = sink[unit]?.length ?? 0;
    }
    if (done % PLACES_PER_TURN !== 0 && done !== haystack.size) continue;
    search.onProgress?.(done, haystack.size);
    search.signal?.throwIfAborted();
    await nextTurn();
  }
  return { places: placesByNumber(needles, search.isSame === true), tooShort };
}

function collectNeedles(
  texts: Iterable<readonly [number, string]>,
  haystack: Haystack,
): { readonly needles: readonly Needle[]; readonly tooShort: readonly number[] } {
  const known = new Map<string, Needle>();
  const tooShort: number[] = [];
  const add = (number: number, text: string, isOtherStrand: boolean): readonly ChosenProfile[] => {
    const units = haystack.unitsOf(text);
    const profiles = chooseProfiles(text, units);
    for (const profile of profiles) {
      const own = units[profile.unit];
      const key = `${isOtherStrand} ${profile.unit} ${profile.window} ${Buffer.from(own.buffer).toString('latin1')}`;
      const same = known.get(key);
      if (same) same.numbers.push(number);
      else known.set(key, { text, units: own, profile, isOtherStrand, numbers: [number], places: [] });
    }
    return profiles;
  };
  for (const [number, text] of texts) {
    const profiles = add(number, text, false);
    if (profiles.length === 0) tooShort.push(number);
    const otherStrand = profiles.some(isOfSequences) ? reverseComplement(text) : undefined;
    if (otherStrand !== undefined) add(number, otherStrand, true);
  }
  return { needles: [...known.values()], tooShort };
}

function indexByProfile(needles: readonly Needle[]): readonly NeedleGroup[] {
  const groups = Map.groupBy(needles, ({ profile: { unit, window } }) => `${unit} ${window}`);
  return [...groups.values()].map((members) => ({
    index: new NeedleIndex(
      members[0]!.profile, // groups have members
      members.map(({ units }) => units),
    ),
    members,
  }));
}

function checkPlace(
  needle: Needle,
  place: number,
  haystack: Haystack,
  { minimumSimilarity, mostPlaces, isSame }: TextSearch,
): 'copy' | 'different' | 'enough' {
  const { units, profile, places } = needle;
  const passage = haystack.around(place, units.length * 2 + profile.window, profile.unit);
  const { similarity, containment, first, last } = measureOverlap(units, passage.take(), profile);
  // A fifth of a text cannot be cut off exactly: a copy of four fifths may lack one more unit.
  const needed = Math.max(minimumSimilarity, profile.minimumSimilarity) - 1 / units.length;
  if (similarity < needed) return 'different';
  const start = passage.places[first] ?? place;
  const end = passage.places[Math.min(passage.length, last + profile.window) - 1] ?? start;
  const item = haystack.documentAt(start);
  const known = places.findIndex((other) => other.item === item);
  if (known >= 0 && places[known]!.similarity >= similarity) return 'copy';
  const written = haystack.textBetween(start, end);
  const found: LeakPlace = {
    item,
    similarity,
    containment,
    jaccard: jaccardWith(needle, item, haystack),
    difference: needle.isOtherStrand ? 'strand' : differenceOf(haystack.keptText(needle.text), written, profile),
    excerpt: excerptOf(written),
  };
  if (known >= 0) places[known] = found;
  else places.push(found);
  return places.length >= mostPlaces + (isSame ? needle.numbers.length : 0) ? 'enough' : 'copy';
}

/** |S(text) ∩ S(document)| / |S(text) ∪ S(document)|; null for a document that is so long that it must be small. */
function jaccardWith({ units, profile }: Needle, document: number, haystack: Haystack): number | null {
  const whole = haystack.document(document, profile.unit, units.length * TOKENS_PER_UNIT);
  if (!whole) return null;
  const theirs = new Set(shinglesOf(whole.take(), profile.window));
  const ours = new Set(shinglesOf(units, profile.window));
  let shared = 0;
  for (const shingle of ours) if (theirs.has(shingle)) shared += 1;
  return shared / (ours.size + theirs.size - shared);
}

/** The beginning of a text on one line. */
export function excerptOf(text: string): string {
  const line = text
    .slice(0, EXCERPT_CHARACTERS * 2)
    .replace(/\s+/gu, ' ')
    .trim();
  return line.length > EXCERPT_CHARACTERS ? `${line.slice(0, EXCERPT_CHARACTERS - 1).toWellFormed()}…` : line;
}

function placesByNumber(needles: readonly Needle[], isSame: boolean): ReadonlyMap<number, readonly LeakPlace[]> {
  const result = new Map<number, LeakPlace[]>();
  for (const { numbers, places } of needles) {
    for (const number of numbers) {
      for (const place of places) {
        if (isSame && place.item === number) continue;
        const others = result.get(number) ?? [];
        const known = others.findIndex(({ item }) => item === place.item);
        if (known < 0) others.push(place);
        else if (others[known]!.similarity < place.similarity) others[known] = place;
        result.set(number, others);
      }
    }
  }
  for (const places of result.values()) places.sort((a, b) => b.similarity - a.similarity || a.item - b.item);
  return result;
}
