/** Sentences whose words have tags, as annotation tools write them: words beside tags, or spans of characters in a text. */
import { plural } from '../../../shared/display.ts';
import { quoted } from '../../../shared/excerpt.ts';

/** Words, and the tag of each. */
export interface TaggedSentence {
  readonly words: readonly string[];
  readonly tags: readonly string[];
}

/** Characters of a text with a label; offsets count Unicode characters, as Python does. */
export interface LabelledSpan {
  readonly start: number;
  readonly end: number;
  readonly label: string;
  /** What it covers, where the file says so: then offsets that count something else are found. */
  readonly text?: string | undefined;
}

/** A sentence that cannot be used, with the reason. */
export interface UnusableSentence {
  readonly problem: string;
}

/** A word with its apostrophes and hyphens, a number, or a single sign. */
const WORD = /[\p{L}\p{M}]+(?:['’-][\p{L}\p{M}]+)*|\p{N}+(?:[.,]\p{N}+)*|\S/gu;
const OUTSIDE = 'O';

/** The words of a text, with their places in it. */
export function wordsOf(text: string): { readonly word: string; readonly from: number; readonly to: number }[] {
  return Array.from(text.matchAll(WORD), ({ 0: word, index }) => ({ word, from: index, to: index + word.length }));
}

/** Words hold no blank, so that a sentence of them can be taken apart again; tags hold none either. */
export function taggedSentence(words: readonly string[], tags: readonly string[]): TaggedSentence | UnusableSentence {
  if (words.length === 0) return { problem: 'has no words' };
  if (words.length !== tags.length) {
    return { problem: `has ${plural(words.length, 'word')} and ${plural(tags.length, 'tag')}` };
  }
  const empty = tags.findIndex((tag) => tag.trim() === '');
  if (empty >= 0) return { problem: `has no tag for ${quoted(words[empty] ?? '')}` };
  const written = words.map((word) => word.trim().replace(/\s+/gu, '\u00a0'));
  if (written.includes('')) return { problem: 'has an empty word' };
  return { words: written, tags: tags.map((tag) => tag.trim().replace(/\s+/gu, '_')) };
}

/** A text with spans as words with BIO tags. Words that a span begins or ends in are cut there. */
export function sentenceOfSpans(text: string, spans: readonly LabelledSpan[]): TaggedSentence | UnusableSentence {
  const placeOf = characterPlaces(text);
  const sorted = spans.toSorted((a, b) => a.start - b.start || a.end - b.end);
  for (const [index, { start, end, label, text: said }] of sorted.entries()) {
    const what = `the span ${start} to ${end} (${label})`;
    if (placeOf(start) === undefined || placeOf(end) === undefined) return { problem: `${what} is not in the text` };
    if (start >= end) return { problem: `${what} is empty` };
    if (label.trim() === '') return { problem: `the span ${start} to ${end} has no label` };
    const covered = text.slice(placeOf(start), placeOf(end));
    if (said !== undefined && said.trim() !== covered.trim()) {
      return {
        problem: `${what} says ${quoted(said)} and covers ${quoted(covered)}: offsets count the characters of the text`,
      };
    }
    if (wordsOf(covered).length === 0) return { problem: `${what} covers no word` };
    const before = sorted[index - 1];
    if (before && before.end > start) {
      return {
        problem: `${what} overlaps the span ${before.start} to ${before.end} (${before.label}); a word has one tag`,
      };
    }
  }
  const found = sorted.map(({ start, end, label }) => ({ from: placeOf(start)!, to: placeOf(end)!, label }));
  const cuts = [0, ...found.flatMap(({ from, to }) => [from, to]), text.length];
  const words: string[] = [];
  const tags: string[] = [];
  for (const [index, to] of cuts.entries()) {
    const from = cuts[index - 1];
    if (from === undefined || from === to) continue;
    const span = found.find((one) => one.from === from && one.to === to);
    for (const [place, { word }] of wordsOf(text.slice(from, to)).entries()) {
      words.push(word);
      tags.push(span ? `${place === 0 ? 'B' : 'I'}-${span.label}` : OUTSIDE);
    }
  }
  return taggedSentence(words, tags);
}

/** From the number of a character, or that behind the last, to its place in the string. */
function characterPlaces(text: string): (character: number) => number | undefined {
  const isPlain = !/[\ud800-\udbff]/u.test(text) && !/[\u{10000}-\u{10ffff}]/u.test(text);
  if (isPlain) {
    return (character) =>
      Number.isInteger(character) && character >= 0 && character <= text.length ? character : undefined;
  }
  let end = 0;
  const places = [end];
  for (const character of text) places.push((end += character.length));
  return (character) => places[character];
}
