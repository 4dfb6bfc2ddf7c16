/**
 * Text normalisation before tokens are looked up. BERT's normaliser is written out here, because it runs over every corpus
 * and the native one is called through a bridge that copies each string (measured: 6 MB/s against 300). Every other
 * normaliser of a tokenizer.json runs in the `tokenizers` library.
 */
import type { Normalizer } from 'tokenizers';
import { z } from 'zod';
import type { TokenizerComponent } from './tokenizer-file.ts';

export type NormaliseText = (text: string) => string;

export interface BertNormalizerOptions {
  readonly cleanText: boolean;
  readonly handleChineseCharacters: boolean;
  /** Without a value: as `lowercase`. */
  readonly stripAccents: boolean | null;
  readonly lowercase: boolean;
}

const bertFields = z.looseObject({
  type: z.literal('BertNormalizer'),
  clean_text: z.boolean().default(true),
  handle_chinese_chars: z.boolean().default(true),
  strip_accents: z.boolean().nullish(),
  lowercase: z.boolean().default(true),
});

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const CONTROLS = /[\0\ufffd\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;
const SPACES = /\p{White_Space}/gu;
const HAS_CHINESE =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;
const NONSPACING_MARKS = /\p{Mn}/gu;

/**
 * BERT's normalisation: controls removed, all white space to blanks, blanks around Chinese characters, accents stripped,
 * lower case. J. Devlin et al., BERT, 2018, as the `tokenizers` library does it.
 */
export function bertNormalise(text: string, options: BertNormalizerOptions): string {
  if (PRINTABLE_ASCII.test(text)) return options.lowercase ? text.toLowerCase() : text;
  let result = text;
  if (options.cleanText) {
    // Tabs and line ends are controls, but they separate words.
    result = result
      .replace(/[\t\n\r]/g, ' ')
      .replace(CONTROLS, '')
      .replace(SPACES, ' ');
  }
  if (options.handleChineseCharacters) result = result.replace(HAS_CHINESE, ' $& ');
  if (options.stripAccents ?? options.lowercase) result = result.normalize('NFD').replace(NONSPACING_MARKS, '');
  // A final sigma is lower-cased by its neighbours in JavaScript, but character by character in the library.
  if (options.lowercase) result = result.replaceAll('Σ', 'σ').toLowerCase();
  return result;
}

/**
 * Accents of Latin, Greek and Cyrillic letters: the blocks of combining marks that belong to no script of their own. The marks
 * of other scripts are vowels and parts of letters, as in Hindi, Thai and Japanese.
 */
export const ACCENTS = '[\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]';
const accents = new RegExp(ACCENTS, 'gu');

/** Strips accents and keeps the letters of all scripts; what is left is composed. */
export function stripAccents(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : text.normalize('NFD').replace(accents, '').normalize('NFC');
}

/** What `stripAccents` does, as steps of a tokenizer.json. */
export const STRIP_ACCENTS_STEPS: readonly object[] = [
  { type: 'NFD' },
  { type: 'Replace', pattern: { Regex: ACCENTS }, content: '' },
  { type: 'NFC' },
];

const sequenceFields = z.looseObject({
  type: z.literal('Sequence'),
  normalizers: z.array(z.looseObject({ type: z.string() })),
});
const accentFields = z.looseObject({
  type: z.literal('Replace'),
  pattern: z.looseObject({ Regex: z.literal(ACCENTS) }),
  content: z.literal(''),
});

/** A step that the lab does itself; undefined for one that the library has to do. */
function ownStep(component: NonNullable<TokenizerComponent>): NormaliseText | undefined {
  if (component.type === 'NFC' || component.type === 'NFD') {
    const form = component.type;
    return (text) => text.normalize(form);
  }
  // Character by character, as the library does it: JavaScript alone would write a final sigma differently.
  if (component.type === 'Lowercase') return (text) => text.replaceAll('Σ', 'σ').toLowerCase();
  if (accentFields.safeParse(component).success) return (text) => text.replace(accents, '');
  const bert = bertFields.safeParse(component);
  if (!bert.success) return undefined;
  const options: BertNormalizerOptions = {
    cleanText: bert.data.clean_text,
    handleChineseCharacters: bert.data.handle_chinese_chars,
    stripAccents: bert.data.strip_accents ?? null,
    lowercase: bert.data.lowercase,
  };
  return (text) => bertNormalise(text, options);
}

/**
 * The normaliser of a tokenizer.json as a function.
 * @param native the library's own normaliser of the same file
 */
export function createNormaliser(component: TokenizerComponent, native: () => Normalizer | null): NormaliseText {
  if (component === null || component === undefined) return (text) => text;
  const sequence = sequenceFields.safeParse(component);
  const steps = (sequence.success ? sequence.data.normalizers : [component]).map(ownStep);
  if (steps.every((step) => step !== undefined)) {
    return (text) => steps.reduce((result, step) => step(result), text);
  }
  const normalizer = native();
  return normalizer === null ? (text) => text : (text) => normalizer.normalizeString(text);
}
