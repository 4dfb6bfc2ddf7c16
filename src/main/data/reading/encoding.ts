/**
 * Encodings of text files. Everything behind this reads UTF-8: files in another encoding are transcoded on their way, as a
 * stream. UTF-16 says so by its mark; what else is not UTF-8 has to be named, and can only be guessed from a sample.
 */
import { analyse } from 'chardet';
import { describeKind } from './file-kinds.ts';
import type { TextEncoding } from '../../../shared/spec/manifests/text-corpus.ts';

/** The encoding that the mark at a file's beginning tells; undefined without a mark. */
function encodingOfMark(start: Buffer): TextEncoding | undefined {
  if (start.length >= 2 && start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  if (start.length >= 2 && start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  if (start.length >= 3 && start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) return 'utf-8';
  return undefined;
}

/** How a file's bytes were read. */
export interface EncodingFound {
  readonly encoding: TextEncoding;
  /** True if neither a mark nor a person said so. */
  readonly guessed: boolean;
}

/** A guess is made from as many bytes. */
const SAMPLE_BYTES = 64 * 1024;

/**
 * @param encoding of a file without a mark, guessed from its beginning if it is not named; a mark is believed first, because it
 *   cannot be there by accident
 * @param onFound called before the first bytes
 */
export async function* toUtf8(
  chunks: AsyncGenerator<Buffer>,
  encoding?: TextEncoding,
  onFound?: (found: EncodingFound) => void,
): AsyncGenerator<Buffer> {
  const beginning: Buffer[] = [];
  let size = 0;
  let isComplete = false;
  let failure: { readonly error: unknown } | undefined;
  while (size < SAMPLE_BYTES && !isComplete) {
    const next = await chunks.next().catch((error: unknown) => {
      failure = { error }; // thrown below, after what came before it
      return { done: true } as const;
    });
    if (next.done === true) isComplete = true;
    else {
      beginning.push(next.value);
      size += next.value.length;
    }
  }
  const sample = beginning.length === 1 ? beginning[0]! : Buffer.concat(beginning);
  const known = encodingOfMark(sample) ?? encoding;
  const actual = known ?? guessEncoding(sample, isComplete) ?? 'utf-8';
  onFound?.({ encoding: actual, guessed: known === undefined });
  const decoder = actual === 'utf-8' ? undefined : new TextDecoder(actual);
  const convert = (chunk: Buffer): Buffer =>
    decoder === undefined ? chunk : Buffer.from(decoder.decode(chunk, { stream: true }), 'utf8');
  if (sample.length > 0) yield convert(sample);
  if (!isComplete) for await (const chunk of chunks) yield convert(chunk);
  const rest = decoder?.decode() ?? '';
  if (rest !== '') yield Buffer.from(rest, 'utf8');
  if (failure !== undefined) throw failure.error;
}

/** The beginning of a text, of which the last character may be cut off. */
export function decodeSample(sample: Buffer, encoding: TextEncoding): string {
  return new TextDecoder(encodingOfMark(sample) ?? encoding).decode(sample, { stream: true });
}

/**
 * The encoding of a text, guessed from its beginning; `null` for what is no text. Where most of the bytes above ASCII are good
 * UTF-8, a few lines are damaged. Japanese is known by its kana, which no other text has; other encodings by how often their
 * letters follow each other, which `chardet` knows for the languages that were written in them.
 * @param isComplete the sample is the whole file, so that nothing can be cut off at its end
 */
export function guessEncoding(sample: Buffer, isComplete: boolean): TextEncoding | null {
  const marked = encodingOfMark(sample);
  if (marked !== undefined) return marked;
  if (describeKind(sample) !== undefined) return null;
  if (sample.includes(0)) {
    const wide = guessUtf16(sample);
    if (wide !== null) return wide;
    if (isZeroFilled(sample)) return null;
  }
  const { valid, invalid, cut } = countSequences(sample);
  if (invalid + (isComplete ? cut : 0) === 0) return 'utf-8';
  if (controlShare(sample) > 0.02) return null;
  if (valid > invalid) return 'utf-8';
  return guessLegacy(sample);
}

/** Bytes that are not UTF-8, as the encoding that would read them; null if none would. */
export function readableAs(bytes: Buffer): { readonly encoding: TextEncoding; readonly text: string } | null {
  const encoding = guessLegacy(bytes);
  if (encoding === 'utf-8') return null;
  return { encoding, text: new TextDecoder(encoding).decode(bytes) };
}

/** What chardet finds, as the Encoding Standard calls it. */
const legacy: Readonly<Record<string, TextEncoding>> = {
  'ISO-8859-1': 'windows-1252',
  'windows-1252': 'windows-1252',
  'ISO-8859-2': 'iso-8859-2',
  'windows-1250': 'windows-1250',
  'windows-1251': 'windows-1251',
  'KOI8-R': 'koi8-r',
  'ISO-8859-5': 'iso-8859-5',
  'ISO-8859-7': 'windows-1253',
  'windows-1253': 'windows-1253',
  'ISO-8859-9': 'windows-1254',
  'windows-1254': 'windows-1254',
  'ISO-8859-8': 'windows-1255',
  'windows-1255': 'windows-1255',
  'ISO-8859-6': 'iso-8859-6',
  'windows-1256': 'windows-1256',
  GB18030: 'gb18030',
  Big5: 'big5',
  'EUC-KR': 'euc-kr',
  'EUC-JP': 'euc-jp',
  Shift_JIS: 'shift_jis',
};
/** Of a hundred; below it, a few accented letters of Western text look like anything. */
const LEAST_CONFIDENCE = 20;
/** Of Latin script; with fewer letters above ASCII than this, they are taken for Western European. */
const LATIN: ReadonlySet<TextEncoding> = new Set(['windows-1250', 'iso-8859-2', 'windows-1254'] as const);
const FEW_LETTERS = 20;
/** As much of the lines above ASCII is looked at. */
const LOOKED_BYTES = 16 * 1024;
/** East Asian letters that texts are made of; names and rare characters lie outside. */
const EAST_ASIAN = /[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af\u3000-\u303f\uff00-\uffef]/gu;

/** The encoding of bytes that are not UTF-8; 'utf-8' if none fits, so that the lines at fault are named. */
function guessLegacy(sample: Buffer): TextEncoding {
  const bytes = linesAboveAscii(sample);
  const kana = japanese.find((encoding) => kanaShare(bytes, encoding) > 0.2);
  if (kana !== undefined) return kana;
  const letters = bytes.reduce((sum, byte) => sum + Number(byte >= 0x80), 0);
  const candidates = analyse(bytes).flatMap(({ name, confidence }) => {
    const encoding = legacy[name];
    if (encoding === undefined || confidence < LEAST_CONFIDENCE || !fits(bytes, encoding)) return [];
    return LATIN.has(encoding) && letters < FEW_LETTERS ? [] : [encoding];
  });
  return candidates[0] ?? eastAsian.find((encoding) => eastAsianShare(bytes, encoding) > 0.9) ?? western(bytes);
}

const eastAsian = ['gb18030', 'euc-kr', 'big5'] as const;

/** The share of common East Asian letters among those above ASCII, where at least a few stand side by side. */
function eastAsianShare(sample: Buffer, encoding: TextEncoding): number {
  if (!fits(sample, encoding)) return 0;
  const text = new TextDecoder(encoding).decode(sample);
  const letters = text.match(/[^\0-\x7f]/gu)?.length ?? 0;
  const common = text.match(EAST_ASIAN)?.length ?? 0;
  return /[^\0-\x7f]{4}/u.test(text) ? common / Math.max(1, letters) : 0;
}

function western(bytes: Buffer): TextEncoding {
  return fits(bytes, 'windows-1252') ? 'windows-1252' : 'utf-8';
}

/** Whether bytes are characters in an encoding, and none of them a control of the C1 set. */
function fits(bytes: Buffer, encoding: TextEncoding): boolean {
  try {
    return !/[\x80-\x9f]/u.test(new TextDecoder(encoding, { fatal: true }).decode(bytes));
  } catch {
    return false;
  }
}

function linesAboveAscii(sample: Buffer): Buffer {
  const lines: Buffer[] = [];
  let size = 0;
  for (let start = 0; start < sample.length && size < LOOKED_BYTES;) {
    const feed = sample.indexOf(0x0a, start);
    const end = feed < 0 ? sample.length : feed + 1;
    // The last line of a sample may be cut inside a character.
    if (feed < 0 && lines.length > 0) break;
    const line = sample.subarray(start, Math.min(end, start + LOOKED_BYTES));
    if (line.some((byte) => byte >= 0x80)) {
      lines.push(line);
      size += line.length;
    }
    start = end;
  }
  return lines.length === 0 ? sample.subarray(0, LOOKED_BYTES) : Buffer.concat(lines);
}

/** A zero byte among so many of text is a fault of its line; more are no text. */
const BYTES_PER_ZERO = 100;
const FEW_BYTES = 32;

/** Whether there are too many zero bytes, or other controls, for a text. */
export function isZeroFilled(sample: Buffer): boolean {
  let zeros = 0;
  for (const byte of sample) if (byte === 0) zeros += 1;
  const most = sample.length < FEW_BYTES ? 0 : Math.max(1, sample.length / BYTES_PER_ZERO);
  return zeros > most || controlShare(sample) > 0.05;
}

const japanese = ['shift_jis', 'euc-jp'] as const;

/**
 * The share of hiragana and full-width katakana among the letters above ASCII; 0 where a byte does not fit the encoding. Half-width
 * katakana do not count: in Shift JIS every accented letter of Western text is one.
 */
function kanaShare(sample: Buffer, encoding: (typeof japanese)[number]): number {
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(sample, { stream: true });
  } catch {
    return 0;
  }
  const letters = text.match(/[^\0-\x7f]/gu)?.length ?? 0;
  const kana = text.match(/[\u3041-\u3096\u30a1-\u30fa]/gu)?.length ?? 0;
  return kana / Math.max(1, letters);
}

/**
 * UTF-16 without a mark. Latin text has a zero in nearly every other byte, always on the same side; other scripts still have
 * blanks and line ends, which are other characters (U+2000, U+0A00) when the bytes are taken the wrong way round.
 */
function guessUtf16(sample: Buffer): TextEncoding | null {
  const zeros: [number, number] = [0, 0];
  sample.forEach((byte, index) => {
    if (byte === 0) zeros[index % 2 === 0 ? 0 : 1] += 1;
  });
  const half = sample.length / 2;
  if (zeros[1] > 0.7 * half && zeros[0] < 0.05 * half) return 'utf-16le';
  if (zeros[0] > 0.7 * half && zeros[1] < 0.05 * half) return 'utf-16be';
  const even = sample.subarray(0, sample.length - (sample.length % 2));
  return (['utf-16le', 'utf-16be'] as const).find((encoding) => isWideText(even, encoding)) ?? null;
}

const UNLIKELY_WIDE = /[\0-\x08\x0e-\x1f\x7f-\x9f\u2000\u0a00\u0d00\p{Cn}\p{Co}]/u;
/** Shorter texts are too short to tell. */
const LEAST_WIDE = 16;
const SEPARATORS = /[ \n]/gu;

function isWideText(even: Buffer, encoding: 'utf-16le' | 'utf-16be'): boolean {
  const text = new TextDecoder(encoding).decode(even);
  const separators = text.match(SEPARATORS)?.length ?? 0;
  return (
    text.length >= LEAST_WIDE && separators > text.length / 500 && !text.includes('\ufffd') && !UNLIKELY_WIDE.test(text)
  );
}

/** Control characters that no text holds. */
function controlShare(sample: Buffer): number {
  let controls = 0;
  for (const byte of sample) if (byte < 32 && ![9, 10, 12, 13, 27].includes(byte)) controls += 1;
  return controls / Math.max(1, sample.length);
}

/** Sequences of several bytes that are as UTF-8 wants them, bytes that are not, and those that the end of the sample cuts. */
function countSequences(sample: Buffer): { readonly valid: number; readonly invalid: number; readonly cut: number } {
  let valid = 0;
  let invalid = 0;
  for (let index = 0; index < sample.length; index += 1) {
    const byte = sample[index] ?? 0;
    if (byte < 0x80) continue;
    const length =
      byte >= 0xc2 && byte < 0xe0 ? 2 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xf0 && byte < 0xf5 ? 4 : 0;
    const tail = sample.subarray(index + 1, index + length);
    const continues = tail.every((follower) => (follower & 0xc0) === 0x80);
    if (length > 0 && continues && tail.length < length - 1) return { valid, invalid, cut: 1 };
    if (length === 0 || !continues) {
      invalid += 1;
      continue;
    }
    valid += 1;
    index += length - 1;
  }
  return { valid, invalid, cut: 0 };
}
