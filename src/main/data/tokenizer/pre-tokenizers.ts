/**
 * From normalised text to words. The pre-tokenisers of the tokenizers that the lab trains are written out here (see
 * normalizers.ts for why); others run in the `tokenizers` library.
 */
import type { PreTokenizer } from 'tokenizers';
import { z } from 'zod';
import type { TokenizerComponent } from './tokenizer-file.ts';

export interface WordSplitter {
  readonly split: (text: string) => readonly string[];
  /** What the model sees of a word; applied once per word, because words are cached. */
  readonly prepare: (word: string) => string;
  /** True where words are written in the 256 characters of byte-level BPE. */
  readonly byteLevel: boolean;
}

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const ASCII_WORDS = /[!-/:-@[-`{-~]|[^ !-/:-@[-`{-~]+/g;
const WORDS = /[\p{P}$+<=>^`|~]|[^\p{White_Space}\p{P}$+<=>^`|~]+/gu;
/** The pattern of GPT-2. A. Radford et al., "Language models are unsupervised multitask learners", 2019. */
const BYTE_LEVEL_WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
const CHARACTERS = /[\s\S]/gu;
/** How a tokenizer.json of single characters splits. */
export const CHARACTER_PATTERN = '[\\s\\S]';

const SYMBOLS = /[^\p{White_Space}]+/gu;

/** How a tokenizer.json of k-mers splits: k characters, or one where white space or the end comes before. */
export function kmerPattern(k: number): string {
  return `\\S{${k}}|[\\s\\S]`;
}

const NOTHING: readonly string[] = [];

/** Words and single punctuation marks, as BERT's pre-tokeniser: split at white space and around punctuation. */
export function splitBertWords(text: string): readonly string[] {
  return text.match(PRINTABLE_ASCII.test(text) ? ASCII_WORDS : WORDS) ?? NOTHING;
}

/**
 * The printable characters that stand for the 256 bytes in byte-level BPE: printable Latin-1 for itself, the others moved to
 * U+0100 and after. Index: the byte.
 */
export const BYTE_CHARACTERS: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const isPrintable = (code: number): boolean =>
    (code >= 0x21 && code <= 0x7e) || (code >= 0xa1 && code <= 0xac) || (code >= 0xae && code <= 0xff);
  if (isPrintable(byte)) return String.fromCharCode(byte);
  let moved = 0;
  for (let before = 0; before < byte; before += 1) if (!isPrintable(before)) moved += 1;
  return String.fromCharCode(0x100 + moved);
});

/** A word as the characters of its UTF-8 bytes. */
export function writeAsBytes(word: string): string {
  let result = '';
  for (const byte of Buffer.from(word, 'utf8')) result += BYTE_CHARACTERS[byte]!;
  return result;
}

const byteOf = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));
const utf8 = new TextDecoder();

/**
 * The text that the characters of bytes stand for; what begins or ends within a character has the replacement character there. A token
 * that is not written so, such as one that was added, is its own text.
 */
export function readBytes(written: string): string {
  const bytes = Array.from(written, (character) => byteOf.get(character));
  return bytes.every((byte) => byte !== undefined) ? utf8.decode(Uint8Array.from(bytes)) : written;
}

export function splitByteLevelWords(text: string, addPrefixSpace: boolean): readonly string[] {
  const prefixed = addPrefixSpace && text !== '' && !text.startsWith(' ') ? ` ${text}` : text;
  return prefixed.match(BYTE_LEVEL_WORDS) ?? NOTHING;
}

export function splitCharacters(text: string): readonly string[] {
  return text.match(CHARACTERS) ?? NOTHING;
}

/** Symbols of any length that stand apart by white space. */
export function splitSymbols(text: string): readonly string[] {
  return text.match(SYMBOLS) ?? NOTHING;
}

/** Without overlap: of k-mers that overlap, a masked one can be read off its neighbours (Zhou et al. 2023). */
export function createKmerSplitter(k: number): (text: string) => readonly string[] {
  const pattern = new RegExp(kmerPattern(k), 'gu');
  return (text) => text.match(pattern) ?? NOTHING;
}

const byteLevelFields = z.looseObject({
  type: z.literal('ByteLevel'),
  add_prefix_space: z.boolean().default(true),
  use_regex: z.literal(true).default(true),
});

const characterFields = z.looseObject({
  type: z.literal('Split'),
  pattern: z.looseObject({ Regex: z.literal(CHARACTER_PATTERN) }),
  behavior: z.literal('Isolated'),
  invert: z.literal(false),
});

const kmerFields = z.looseObject({
  type: z.literal('Split'),
  pattern: z.looseObject({ Regex: z.string().regex(/^\\S\{\d+\}\|\[\\s\\S\]$/) }),
  behavior: z.literal('Isolated'),
  invert: z.literal(false),
});

const asItIs = (word: string): string => word;

/**
 * The pre-tokeniser of a tokenizer.json as a function.
 * @param native the library's own pre-tokeniser of the same file
 */
export function createWordSplitter(component: TokenizerComponent, native: () => PreTokenizer | null): WordSplitter {
  if (component === null || component === undefined) {
    return { split: (text) => (text === '' ? NOTHING : [text]), prepare: asItIs, byteLevel: false };
  }
  if (component.type === 'BertPreTokenizer') return { split: splitBertWords, prepare: asItIs, byteLevel: false };
  const byteLevel = byteLevelFields.safeParse(component);
  if (byteLevel.success) {
    const addPrefixSpace = byteLevel.data.add_prefix_space;
    return { split: (text) => splitByteLevelWords(text, addPrefixSpace), prepare: writeAsBytes, byteLevel: true };
  }
  if (characterFields.safeParse(component).success) {
    return { split: splitCharacters, prepare: asItIs, byteLevel: false };
  }
  if (component.type === 'WhitespaceSplit') return { split: splitSymbols, prepare: asItIs, byteLevel: false };
  const kmers = kmerFields.safeParse(component);
  if (kmers.success) {
    const k = Number(/\d+/.exec(kmers.data.pattern.Regex)?.[0]);
    return { split: createKmerSplitter(k), prepare: asItIs, byteLevel: false };
  }
  const preTokenizer = native();
  if (preTokenizer === null) return { split: (text) => [text], prepare: asItIs, byteLevel: false };
  return {
    split: (text) => preTokenizer.preTokenizeString(text).map(([word]) => word),
    prepare: asItIs,
    byteLevel: JSON.stringify(component).includes('"ByteLevel"'),
  };
}
