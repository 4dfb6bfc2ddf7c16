/**
 * Text without what two copies of it may differ in: case, accents, the forms of one character (Unicode's compatibility
 * equivalents), punctuation and white space. What is left are letters and digits, and where a word ends. Words and characters
 * are 32-bit hashes, so that texts of any script are compared as arrays of numbers.
 */
const NONSPACING_MARKS = /\p{Mn}/gu;
const KEPT = /[\p{L}\p{N}\p{Mc}]/u;
const PRINTABLE_ASCII = /^[\t\n\x20-\x7e]*$/;

/** Stands for the end of a word among folded characters. */
export const WORD_END = 0;

/** Odd, so that no character is lost whatever follows it. */
export const WORD_MULTIPLIER = 0x2c1b3c6d;

/** The finaliser of MurmurHash3 (A. Appleby): every bit of the input changes every bit of the output with probability 1/2. */
export function mixBits(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function foldString(text: string): string {
  if (PRINTABLE_ASCII.test(text)) return text.toLowerCase();
  // A final sigma is another character only by its place.
  return text.normalize('NFKC').toLowerCase().normalize('NFD').replace(NONSPACING_MARKS, '').replaceAll('ς', 'σ');
}

function isAsciiLetterOrDigit(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
}

const keptByCode = new Map<number, boolean>();

function isKept(code: number): boolean {
  if (code < 128) return isAsciiLetterOrDigit(code);
  let kept = keptByCode.get(code);
  if (kept === undefined) keptByCode.set(code, (kept = KEPT.test(String.fromCodePoint(code))));
  return kept;
}

/** Code points of the letters and digits of a text, folded, with `WORD_END` for anything in between (never twice in a row). */
export function foldText(text: string): number[] {
  const folded = foldString(text);
  const codes: number[] = [];
  for (let place = 0; place < folded.length; place += 1) {
    const code = folded.codePointAt(place)!;
    if (code > 0xffff) place += 1;
    if (isKept(code)) codes.push(code);
    else if (codes.at(-1) !== WORD_END) codes.push(WORD_END);
  }
  return codes;
}

/** Scripts that are written without spaces between words: words cannot be told apart, so characters are compared. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]/u;
const unspacedByCode = new Map<number, boolean>();

export function isUnspacedScript(code: number): boolean {
  if (code < 0x0e00) return false;
  let found = unspacedByCode.get(code);
  if (found === undefined) unspacedByCode.set(code, (found = UNSPACED.test(String.fromCodePoint(code))));
  return found;
}
