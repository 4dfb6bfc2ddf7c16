/** Members of tar archives (POSIX.1-2001 ustar and pax, GNU's long names), one after the other, also of compressed ones. */
import { LabError } from '../../../shared/errors.ts';
import { SkipFile } from '../import/skip-file.ts';
import { readFileBytes } from '../reading/read-bytes.ts';

export interface TarMember {
  readonly name: string;
  readonly size: number;
  /** Null where it was not wanted, or is too large. */
  readonly bytes: Buffer | null;
}

const BLOCK = 512;

/** Reads so many bytes at a time from a stream of chunks. */
class ByteQueue {
  private readonly chunks: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** Fewer at the end. */
  async take(count: number): Promise<Buffer> {
    const parts = [this.rest];
    let size = this.rest.length;
    while (size < count) {
      const next = await this.chunks.next();
      if (next.done === true) break;
      parts.push(next.value);
      size += next.value.length;
    }
    const all = parts.length === 1 ? this.rest : Buffer.concat(parts);
    this.rest = all.subarray(count);
    return all.subarray(0, count);
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      const part = await this.take(Math.min(left, 1 << 20));
      if (part.length === 0) return;
      left -= part.length;
    }
  }

  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}

/**
 * @param wants whether a member's bytes are read
 * @throws LabError `bad-input` for what is no archive, or is damaged
 */
export async function* readTar(
  path: string,
  wants: (name: string, size: number) => boolean,
  signal: AbortSignal,
): AsyncGenerator<TarMember> {
  const queue = new ByteQueue(readFileBytes({ path, compression: 'none', signal }));
  let longName: string | undefined;
  try {
    for (;;) {
      const header = await queue.take(BLOCK);
      if (header.length === 0 || header.every((byte) => byte === 0)) return;
      if (header.length < BLOCK || !hasChecksum(header)) throw unreadable(path, 'a header is damaged');
      const size = readNumber(header.subarray(124, 136));
      const type = String.fromCharCode(header[156]!);
      const padding = (BLOCK - (size % BLOCK)) % BLOCK;
      if (type === 'L' || type === 'x') {
        const bytes = await queue.take(size);
        await queue.skip(padding);
        longName = type === 'L' ? text(bytes) : (paxName(bytes) ?? longName);
        continue;
      }
      const name = longName ?? nameOf(header);
      longName = undefined;
      const isFile = type === '0' || type === '\0';
      if (isFile && wants(name, size)) {
        const bytes = await queue.take(size);
        if (bytes.length < size) throw unreadable(path, 'it ends too early');
        yield { name, size, bytes };
      } else {
        await queue.skip(size);
        if (isFile) yield { name, size, bytes: null };
      }
      await queue.skip(padding);
    }
  } catch (error) {
    if (error instanceof SkipFile) throw unreadable(path, error.message, error);
    throw error;
  } finally {
    await queue.close();
  }
}

function unreadable(path: string, why: string, cause?: unknown): LabError {
  const message = `${path} cannot be read as a tar archive: ${why}. Check that the file is complete, or unpack it and import the folder.`;
  return new LabError('bad-input', message, { path }, cause);
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

function nameOf(header: Buffer): string {
  const isPosix = header.toString('latin1', 257, 262) === 'ustar';
  const prefix = isPosix ? text(header.subarray(345, 500)) : '';
  const name = text(header.subarray(0, 100));
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Octal, or binary with the first bit set for large files. */
function readNumber(field: Buffer): number {
  if ((field[0]! & 0x80) !== 0) return Number(field.readBigUInt64BE(field.length - 8));
  const digits = text(field).trim();
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function hasChecksum(header: Buffer): boolean {
  let sum = 0;
  header.forEach((byte, index) => {
    sum += index >= 148 && index < 156 ? 32 : byte;
  });
  return sum === readNumber(header.subarray(148, 156));
}

/** The path in a list of `length key=value` lines. */
function paxName(bytes: Buffer): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)/u.exec(bytes.toString('utf8'))?.[1];
}
