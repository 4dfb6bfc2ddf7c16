/** Which writing systems a text is in, and which of them write words without blanks between them. */

const SCRIPTS = [
  'Latin',
  'Greek',
  'Cyrillic',
  'Han',
  'Hiragana',
  'Katakana',
  'Hangul',
  'Arabic',
  'Hebrew',
  'Devanagari',
  'Bengali',
  'Gurmukhi',
  'Gujarati',
  'Tamil',
  'Telugu',
  'Kannada',
  'Malayalam',
  'Sinhala',
  'Thai',
  'Lao',
  'Khmer',
  'Myanmar',
  'Tibetan',
  'Georgian',
  'Armenian',
  'Ethiopic',
] as const;
const patterns = SCRIPTS.map((name) => [name, new RegExp(`\\p{Script=${name}}`, 'u')] as const);
const WITHOUT_BLANKS: ReadonlySet<string> = new Set([
  'Han',
  'Hiragana',
  'Katakana',
  'Thai',
  'Lao',
  'Khmer',
  'Myanmar',
  'Tibetan',
]);
const LETTER = /[\p{L}\p{M}]/u;
const ASCII_LETTER = /[A-Za-z]/;
/** Scripts of characters that were looked up before; a text has few different ones. */
const known = new Map<string, string>();

/** The script of a character: its name, `other letters`, or `signs` for digits, punctuation and symbols. */
export function scriptOf(character: string): string {
  if (ASCII_LETTER.test(character)) return 'Latin';
  const before = known.get(character);
  if (before !== undefined) return before;
  const named = patterns.find(([, pattern]) => pattern.test(character))?.[0];
  const script = named ?? (LETTER.test(character) ? 'other letters' : 'signs');
  known.set(character, script);
  return script;
}

/** The share of a text's letters that are written without blanks between words; 0 without a letter. */
export function shareWithoutBlanks(text: string): number {
  let letters = 0;
  let without = 0;
  for (const character of text) {
    const script = scriptOf(character);
    if (script === 'signs') continue;
    letters += 1;
    if (WITHOUT_BLANKS.has(script)) without += 1;
  }
  return letters === 0 ? 0 : without / letters;
}
