/**
 * How easily passages of the Brown corpus are read, as numbers to be predicted: R. Flesch's reading ease (“A new readability yardstick”,
 * 1948), which is about 100 for the easiest English and below 30 for that of journals.
 */
import { brownPassages } from './brown-passages.ts';
import type { SampleText } from './text-sample.ts';

/** Groups of vowels, without a silent e at the end: what counts as a syllable without a dictionary. */
export function syllablesOf(word: string): number {
  const letters = word.toLowerCase().replace(/[^a-z]/gu, '');
  const groups = letters.match(/[aeiouy]+/gu)?.length ?? 0;
  const isSilent = /[^aeiouyl]e$/u.test(letters) && groups > 1;
  return Math.max(1, groups - Number(isSilent));
}

/** Undefined for a text without a word. */
export function readingEase(text: string): number | undefined {
  const words = text.match(/[a-z]+(?:['’-][a-z]+)*/giu) ?? [];
  if (words.length === 0) return undefined;
  const sentences = Math.max(1, text.match(/[.?!]+(?=["')]*(?:\s|$))/gu)?.length ?? 0);
  const syllables = words.reduce((sum, word) => sum + syllablesOf(word), 0);
  return 206.835 - (1.015 * words.length) / sentences - (84.6 * syllables) / words.length;
}

/** The labelled passages, with their reading ease to one decimal as the label. */
export function* readingEasePassages(): Generator<SampleText> {
  for (const passage of brownPassages()) {
    const ease = readingEase(passage.text);
    if (ease !== undefined) yield { ...passage, label: ease.toFixed(1) };
  }
}
