/**
 * Lines of a UTF-8 text, in batches. A line that is not valid UTF-8 is marked and the others are good, so
 * that one bad line costs one document and not the file.
 */
import { isUtf8 } from 'node:buffer';
import type { TextEncoding } from '../../../shared/spec/manifests/text-corpus.ts';
import { SkipFile } from '../import/skip-file.ts';
import { isZeroFilled, readableAs, type EncodingFound } from './encoding.ts';
import { describeKind } from './file-kinds.ts';
import { readBytes, type ByteSource } from './read-bytes.ts';

export interface LineBatch {
  /** Number of the first line in the file, from 1. */
  readonly firstLine: number;
  /** Without their line ends. What is not UTF-8 in them is U+FFFD. */
  readonly lines: readonly string[];
  /** Indices into `lines` of those that are not valid in the file's encoding, with a message that says so. */
  readonly invalid: ReadonlyMap<number, string>;
  /** The last line is so long that it goes on as the first line of the next batch, which has the same number. */
  readonly unfinished: boolean;
}

const NONE: ReadonlyMap<number, string> = new Map();
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const INSPECTED_BYTES = 8192;
const SHOWN_CHARACTERS = 40;

/** @throws SkipFile `binary` for bytes that no text begins with */
export function requireText(start: Buffer): void {
  const head = start.subarray(0, INSPECTED_BYTES);
  const known = describeKind(head);
  if (known !== undefined) throw new SkipFile('binary', known);
  if (isZeroFilled(head)) throw new SkipFile('binary', 'is a binary file, not text');
}

function decode(block: Buffer, firstLine: number, unfinished: boolean, encoding: TextEncoding): LineBatch {
  const lines = block.toString('utf8').replaceAll('\r\n', '\n').split('\n');
  const last = lines.length - 1;
  if (lines[last]!.endsWith('\r')) lines[last] = lines[last]!.slice(0, -1);
  if (encoding !== 'utf-8') return { firstLine, lines, invalid: findReplaced(block, lines, encoding), unfinished };
  if (isUtf8(block)) return { firstLine, lines, invalid: NONE, unfinished };
  const invalid = new Map<number, string>();
  for (let index = 0, start = 0; start <= block.length; index += 1) {
    const feed = block.indexOf(LINE_FEED, start);
    const end = feed < 0 ? block.length : feed;
    const bytes = block.subarray(start, end);
    if (!isUtf8(bytes)) invalid.set(index, describeInvalid(bytes));
    start = end + 1;
  }
  return { firstLine, lines, invalid, unfinished };
}

const REPLACEMENT = '\ufffd';
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT, 'utf8');

/** Lines of a text in another encoding, with characters that it does not have. */
function findReplaced(block: Buffer, lines: readonly string[], encoding: TextEncoding): ReadonlyMap<number, string> {
  if (!block.includes(REPLACEMENT_BYTES)) return NONE;
  const message = `holds bytes that are not ${encoding}`;
  return new Map(lines.flatMap((line, index) => (line.includes(REPLACEMENT) ? [[index, message] as const] : [])));
}

function describeInvalid(bytes: Buffer): string {
  const found = readableAs(bytes.subarray(0, INSPECTED_BYTES));
  if (found === null) return 'holds bytes that are not UTF-8';
  const place = found.text.search(/[^\0-\x7f]/u);
  const start = Math.max(0, place - SHOWN_CHARACTERS / 2);
  const shown = found.text.slice(start, start + SHOWN_CHARACTERS).trim();
  return `holds bytes that are not UTF-8; as ${found.encoding} it reads “${shown}”`;
}

/** Whether lines end with a carriage return alone, as on old Macintosh systems. */
function endsWithReturns(start: Buffer): boolean {
  return start.includes(CARRIAGE_RETURN) && !start.includes(LINE_FEED);
}

/** Bytes of a character that begins with this one. */
function sequenceLength(byte: number): number {
  return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
}

/** The bytes without a character at their end that lacks its last bytes, as of a file that was cut off. */
function withoutCutCharacter(bytes: Buffer, encoding: TextEncoding): Buffer {
  if (encoding !== 'utf-8') return bytes; // was decoded and encoded again
  for (let tail = 1; tail <= 3 && tail <= bytes.length; tail += 1) {
    const byte = bytes[bytes.length - tail]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = sequenceLength(byte);
    const end = bytes.length - tail;
    // A first byte alone may be a letter of another encoding, unless it goes on as the characters before it.
    const isCut = length > tail && (tail > 1 || sequenceLength(bytes[end - length] ?? 0) === length);
    return isCut ? bytes.subarray(0, end) : bytes;
  }
  return bytes;
}

/** The largest length up to `limit` that does not cut a character in two. */
function characterBoundary(bytes: Buffer, limit: number): number {
  let end = limit;
  while (end > limit - 4 && end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return end;
}

/**
 * @param maximumLineBytes longer lines come in parts, marked as unfinished
 * @throws SkipFile `unreadable`, `damaged`, `binary`
 */
export async function* readLines(source: ByteSource, maximumLineBytes: number): AsyncGenerator<LineBatch> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let line = 1;
  let isFirst = true;
  let hasReturns = false;
  let encoding: TextEncoding = 'utf-8';
  const onEncoding = (found: EncodingFound): void => {
    ({ encoding } = found);
    source.onEncoding?.(found);
  };
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const received of readBytes({ ...source, onEncoding })) {
      let chunk = received;
      if (isFirst) {
        requireText(chunk);
        isFirst = false;
        if (chunk.length >= 3 && chunk.readUIntBE(0, 3) === 0xefbbbf) chunk = chunk.subarray(3);
        hasReturns = endsWithReturns(chunk);
      }
      if (hasReturns) chunk = chunk.map((byte) => (byte === CARRIAGE_RETURN ? LINE_FEED : byte)) as Buffer; // map keeps the class
      const feed = chunk.lastIndexOf(LINE_FEED);
      if (feed >= 0) {
        const batch = decode(Buffer.concat([...rest, chunk.subarray(0, feed)]), line, false, encoding);
        yield batch;
        line += batch.lines.length;
        chunk = chunk.subarray(feed + 1);
        rest = [];
        restBytes = 0;
      }
      if (chunk.length === 0) continue;
      rest.push(chunk);
      restBytes += chunk.length;
      while (restBytes > maximumLineBytes) {
        const bytes = Buffer.concat(rest);
        const end = characterBoundary(bytes, maximumLineBytes);
        yield decode(bytes.subarray(0, end), line, true, encoding);
        rest = [bytes.subarray(end)];
        restBytes = bytes.length - end;
      }
    }
  } catch (error) {
    failure = { error }; // thrown below, after what came before it
  }
  if (restBytes > 0) {
    const end = Buffer.concat(rest);
    const whole = withoutCutCharacter(end, encoding);
    if (whole.length < end.length) source.onNote?.('ends in the middle of a character, which was left out');
    yield decode(whole, line, false, encoding);
  }
  if (failure !== undefined) throw failure.error;
}
