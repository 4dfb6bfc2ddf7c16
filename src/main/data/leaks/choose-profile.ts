/** By what a text is compared: words where there are enough of them, characters of short texts, of scripts without spaces and of sequences. */
import { foldText, isUnspacedScript, WORD_END } from './folded-text.ts';
import type { ShingleProfile } from './needle-index.ts';

/** As usual for near duplicates of texts (K. Lee et al., "Deduplicating training data makes language models better", 2022). */
const WORDS: ShingleProfile = { unit: 'words', window: 5 };
/** About two words. */
const CHARACTERS: ShingleProfile = { unit: 'characters', window: 12 };
/** Four or five words of Chinese, two of Thai. */
const UNSPACED_CHARACTERS: ShingleProfile = { unit: 'characters', window: 8 };
/** Of four nucleotides: 4²⁴ is more than any collection has places. */
const SEQUENCE: ShingleProfile = { unit: 'characters', window: 24 };

const FEWEST_WORDS = 8;
/** With fewer words, a single changed one may leave no shingle of five: their characters are compared as well. */
const ENOUGH_WORDS = 20;
const LARGEST_ALPHABET = 6;
const UNSPACED_SHARE = 0.3;
/** A text has to be so much longer than one shingle, or its occurrence says nothing. */
const LEAST_LENGTH = 1.3;
/** Of short texts a little more has to be found: their halves are phrases that anyone may use. */
const SHORT_SIMILARITY = 0.78;

/** Whether a text that is looked for by this profile is a sequence of few symbols. */
export function isOfSequences({ window }: ShingleProfile): boolean {
  return window === SEQUENCE.window;
}

export interface ChosenProfile extends ShingleProfile {
  /** More than what is asked for of other texts. */
  readonly minimumSimilarity: number;
}

export interface UnitsOfText {
  readonly words: Uint32Array;
  readonly characters: Uint32Array;
}

/** The profiles that a text is to be looked for by; none for one that is too short to be told from a common phrase. */
export function chooseProfiles(text: string, units: UnitsOfText): readonly ChosenProfile[] {
  const chosen = profilesFor(text, units);
  return chosen.filter(({ unit, window }) => units[unit].length >= LEAST_LENGTH * window);
}

function profilesFor(text: string, { words }: UnitsOfText): readonly ChosenProfile[] {
  const letters = foldText(text).filter((code) => code !== WORD_END);
  if (new Set(letters).size <= LARGEST_ALPHABET) return [{ ...SEQUENCE, minimumSimilarity: 0 }];
  const unspaced = letters.filter(isUnspacedScript).length;
  if (unspaced > UNSPACED_SHARE * letters.length) return [{ ...UNSPACED_CHARACTERS, minimumSimilarity: 0 }];
  const distinct = new Set(words).size;
  return [
    ...(distinct >= FEWEST_WORDS ? [{ ...WORDS, minimumSimilarity: 0 }] : []),
    ...(distinct < ENOUGH_WORDS ? [{ ...CHARACTERS, minimumSimilarity: SHORT_SIMILARITY }] : []),
  ];
}
