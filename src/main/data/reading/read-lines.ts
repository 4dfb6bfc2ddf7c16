/**
 * Lines of a UTF-8 text, in batches. A line that is not valid UTF-8 is marked and the others are good, so
 * that one bad line costs one document and not the file.
 */
import { isUtf8 } from 'node:buffer';
import { SkipFile } from '../import/skip-file.ts';
import { readBytes, type ByteSource } from './read-bytes.ts';

export interface LineBatch {
  /** Number of the first line in the file, from 1. */
  readonly firstLine: number;
  /** Without their line ends. What is not UTF-8 in them is U+FFFD. */
  readonly lines: readonly string[];
  /** Indices into `lines` of those that are not valid UTF-8. */
  readonly invalid: ReadonlySet<number>;
  /** The last line is so long that it goes on as the first line of the next batch, which has the same number. */
  readonly unfinished: boolean;
}

const NONE: ReadonlySet<number> = new Set();
const LINE_FEED = 0x0a;
const INSPECTED_BYTES = 8192;

/** What files that are taken for text by mistake begin with, in Latin-1, and what to do with them. */
const knownBeginnings: readonly (readonly [RegExp, string])[] = [
  [/^PK\x03\x04/, 'is a ZIP archive, not text. Unpack its texts first, or import it as images'],
  [/^(?:\x89PNG|\xff\xd8\xff|GIF8|RIFF[^]{4}WEBP)/, 'is an image, not text. Import it as images'],
  [/^RIFF[^]{4}WAVE/, 'is a recording, not text. Import it as audio'],
  [/^%PDF-/, 'is a PDF document, not text. Save its text first'],
];

/** @throws SkipFile `binary` for bytes that no UTF-8 text begins with */
function rejectBinary(start: Buffer): void {
  const head = start.subarray(0, INSPECTED_BYTES);
  if (!head.includes(0)) return;
  const beginning = head.toString('latin1', 0, 16);
  const known = knownBeginnings.find(([pattern]) => pattern.test(beginning));
  throw new SkipFile('binary', known?.[1] ?? 'is a binary file, not text');
}

function decode(block: Buffer, firstLine: number, unfinished: boolean): LineBatch {
  const lines = block.toString('utf8').replaceAll('\r\n', '\n').split('\n');
  const last = lines.length - 1;
  if (lines[last]!.endsWith('\r')) lines[last] = lines[last]!.slice(0, -1);
  if (isUtf8(block)) return { firstLine, lines, invalid: NONE, unfinished };
  const invalid = new Set<number>();
  for (let index = 0, start = 0; start <= block.length; index += 1) {
    const feed = block.indexOf(LINE_FEED, start);
    const end = feed < 0 ? block.length : feed;
    if (!isUtf8(block.subarray(start, end))) invalid.add(index);
    start = end + 1;
  }
  return { firstLine, lines, invalid, unfinished };
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
  for await (const received of readBytes(source)) {
    let chunk = received;
    if (isFirst) {
      rejectBinary(chunk);
      isFirst = false;
      if (chunk.length >= 3 && chunk.readUIntBE(0, 3) === 0xefbbbf) chunk = chunk.subarray(3);
    }
    const feed = chunk.lastIndexOf(LINE_FEED);
    if (feed >= 0) {
      const batch = decode(Buffer.concat([...rest, chunk.subarray(0, feed)]), line, false);
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
      yield decode(bytes.subarray(0, end), line, true);
      rest = [bytes.subarray(end)];
      restBytes = bytes.length - end;
    }
  }
  if (restBytes > 0) yield decode(Buffer.concat(rest), line, false);
}
