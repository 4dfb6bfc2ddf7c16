/**
 * Encodings of text files. Everything behind this reads UTF-8: files in another encoding are transcoded on their way, as a
 * stream. UTF-16 says so by its mark; what else is not UTF-8 has to be named, and can only be guessed from a sample.
 */
import type { TextEncoding } from '../../../shared/spec/manifests/text-corpus.ts';

/** The encoding that the mark at a file's beginning tells; undefined without a mark. */
function encodingOfMark(start: Buffer): TextEncoding | undefined {
  if (start.length >= 2 && start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  if (start.length >= 2 && start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  if (start.length >= 3 && start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) return 'utf-8';
  return undefined;
}

/** @param encoding of a file without a mark; a mark is believed first, because it cannot be there by accident */
export async function* toUtf8(chunks: AsyncIterable<Buffer>, encoding: TextEncoding = 'utf-8'): AsyncGenerator<Buffer> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let isFirst = true;
  for await (const chunk of chunks) {
    if (isFirst) {
      const actual = encodingOfMark(chunk) ?? encoding;
      if (actual !== 'utf-8') decoder = new TextDecoder(actual);
      isFirst = false;
    }
    yield decoder === undefined ? chunk : Buffer.from(decoder.decode(chunk, { stream: true }), 'utf8');
  }
  const rest = decoder?.decode() ?? '';
  if (rest !== '') yield Buffer.from(rest, 'utf8');
}

/** The beginning of a text, of which the last character may be cut off. */
export function decodeSample(sample: Buffer, encoding: TextEncoding): string {
  return new TextDecoder(encodingOfMark(sample) ?? encoding).decode(sample, { stream: true });
}

/**
 * The encoding of a text, guessed from its beginning; `null` for what is no text. Bytes that UTF-8 forbids mean windows-1252,
 * which holds ISO 8859-1, unless most of the bytes above ASCII are good UTF-8: then a few lines are damaged. Japanese is known by
 * its kana, which no other text has.
 * @param isComplete the sample is the whole file, so that nothing can be cut off at its end
 */
export function guessEncoding(sample: Buffer, isComplete: boolean): TextEncoding | null {
  const marked = encodingOfMark(sample);
  if (marked !== undefined) return marked;
  if (sample.includes(0)) return guessUtf16(sample);
  const { valid, invalid, cut } = countSequences(sample);
  if (invalid + (isComplete ? cut : 0) === 0) return 'utf-8';
  if (controlShare(sample) > 0.02) return null;
  if (valid > invalid) return 'utf-8';
  return japanese.find((encoding) => kanaShare(sample, encoding) > 0.2) ?? 'windows-1252';
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

/** Latin text in UTF-16 without a mark has a zero in nearly every other byte, always on the same side. */
function guessUtf16(sample: Buffer): TextEncoding | null {
  const zeros: [number, number] = [0, 0];
  sample.forEach((byte, index) => {
    if (byte === 0) zeros[index % 2 === 0 ? 0 : 1] += 1;
  });
  const half = sample.length / 2;
  if (zeros[1] > 0.7 * half && zeros[0] < 0.05 * half) return 'utf-16le';
  return zeros[0] > 0.7 * half && zeros[1] < 0.05 * half ? 'utf-16be' : null;
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
