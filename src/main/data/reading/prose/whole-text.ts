/** A file that has to be parsed as a whole: its text, where it fits into memory. */
import { SkipFile } from '../../import/skip-file.ts';
import { requireText } from '../read-lines.ts';
import { readBytes, type ByteSource } from '../read-bytes.ts';

const MOST_BYTES = 64 * 1024 * 1024;

async function readAll(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size > MOST_BYTES) throw new SkipFile('malformed', `is longer than ${MOST_BYTES} bytes; divide it`);
  }
  return Buffer.concat(parts, size);
}

/** The text of a file. @throws SkipFile, also for what is binary, or too long to be parsed */
export async function readWholeText(source: ByteSource): Promise<string> {
  const bytes = await readAll(readBytes(source));
  requireText(bytes);
  const text = bytes.toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
