/** What two copies of a text differ in, as they are written. */
import type { LeakDifference } from '../../../shared/spec/leaks.ts';
import { measureOverlap } from './compare-units.ts';
import type { ShingleProfile } from './needle-index.ts';

const WORD_OR_SIGN = /[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}\p{M}]/gu;
const SIGN = /\S/gu;
const PUNCTUATION = /[^\p{L}\p{N}\s]+/gu;

/** The ends of a copy lie within a sentence, where a mark more or less says nothing. */
const TOLERANCE = 0.1;

const withoutPunctuation = (written: string): string =>
  written.normalize('NFKD').toLowerCase().replace(PUNCTUATION, ' ');

/** Stricter ones, the strictest first. White space is always passed over. */
const readings: readonly (readonly [LeakDifference, (written: string) => string])[] = [
  ['none', (written) => written],
  ['case', (written) => written.toLowerCase()],
];

/**
 * Which of their differences have to be passed over to find a passage in a text as completely as without any of them: none, case,
 * or case, punctuation and the forms of characters.
 */
export function differenceOf(text: string, passage: string, profile: ShingleProfile): LeakDifference {
  const pattern = profile.unit === 'words' ? WORD_OR_SIGN : SIGN;
  const containmentWith = (read: (written: string) => string): number => {
    const numbers = new Map<string, number>();
    const unitsOf = (written: string): Uint32Array =>
      Uint32Array.from(read(written).match(pattern) ?? [], (part) => {
        const known = numbers.get(part) ?? numbers.size + 1;
        numbers.set(part, known);
        return known;
      });
    return measureOverlap(unitsOf(passage), unitsOf(text), profile).containment;
  };
  const most = containmentWith(withoutPunctuation);
  return readings.find(([, read]) => containmentWith(read) >= most - TOLERANCE)?.[0] ?? 'punctuation';
}
