/** A file's bytes as a stream, decompressed by its name, and as UTF-8. Files that break off or are not what they seem end in `SkipFile`. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import createBunzip2 from 'unbzip2-stream';
import { messageOf } from '../../../shared/errors.ts';
import type { TextEncoding } from '../../../shared/spec/manifests/text-corpus.ts';
import { SkipFile } from '../import/skip-file.ts';
import { toUtf8, type EncodingFound } from './encoding.ts';
import type { Compression } from './source-files.ts';

/** Larger chunks cost a mapping of fresh memory each. */
const CHUNK_BYTES = 64 * 1024;
/** Compressed bytes may expand to a thousand times as many. */
const COMPRESSED_CHUNK_BYTES = 16 * 1024;
/** bzip2 blocks expand to up to 900 kB each; fed in small pieces, few of them are in memory at once. */
const BZIP2_CHUNK_BYTES = 32 * 1024;

export interface ByteSource {
  readonly path: string;
  readonly compression: Compression;
  /** Of a text without a mark; guessed from its beginning without it. */
  readonly encoding?: TextEncoding | undefined;
  /** Called with the encoding of a text before its first bytes. */
  readonly onEncoding?: ((found: EncodingFound) => void) | undefined;
  /** Called with what is odd about the file, though it can be read; continues “<path> …”. */
  readonly onNote?: ((message: string) => void) | undefined;
  /** Called with the number of bytes read from the disk, before decompression. */
  readonly onBytes?: ((count: number) => void) | undefined;
  readonly signal: AbortSignal;
}

async function* readRaw(source: ByteSource, chunkBytes: number): AsyncGenerator<Buffer> {
  const stream = createReadStream(source.path, { highWaterMark: chunkBytes });
  try {
    // Without an encoding the chunks of a file stream are Buffers; its type does not say so.
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      source.signal.throwIfAborted();
      source.onBytes?.(chunk.length);
      yield chunk;
    }
  } catch (error) {
    if (source.signal.aborted) throw error;
    throw new SkipFile('unreadable', `cannot be read: ${messageOf(error)}`, null, error);
  } finally {
    stream.destroy();
  }
}

/** What was decompressed before a file breaks off comes first, then the error: a pipeline would drop what it holds. */
async function* decompressWith(source: ByteSource, decompressor: Transform): AsyncGenerator<Buffer> {
  const ready: Buffer[] = [];
  let failure: Error | undefined;
  decompressor.on('data', (chunk: Buffer) => ready.push(chunk));
  decompressor.on('error', (error: Error) => {
    failure = error;
  });
  const hasFailed = (): boolean => failure !== undefined;
  try {
    for await (const chunk of readRaw(source, COMPRESSED_CHUNK_BYTES)) {
      await new Promise<void>((resolve) => {
        decompressor.write(chunk, () => {
          resolve();
        });
      });
      yield* ready.splice(0);
      if (hasFailed()) break;
    }
    if (!hasFailed()) {
      await new Promise<void>((resolve) => {
        decompressor.once('end', resolve).once('error', () => {
          resolve();
        });
        decompressor.end();
      });
    }
    yield* ready.splice(0);
    if (failure !== undefined) throw failure;
  } finally {
    decompressor.destroy();
  }
}

/** The decompressor is a stream of the old kind: it emits what it has while it is written to. */
async function* decompressBzip2(source: ByteSource): AsyncGenerator<Buffer> {
  const stream = createBunzip2();
  const blocks: Buffer[] = [];
  let failure: Error | undefined;
  stream.on('data', (block: Buffer) => blocks.push(block));
  stream.on('error', (error: Error) => {
    failure = error;
  });
  const check = (): void => {
    if (failure !== undefined) throw failure;
  };
  for await (const chunk of readRaw(source, BZIP2_CHUNK_BYTES)) {
    stream.write(chunk);
    yield* blocks.splice(0);
    check();
  }
  stream.end();
  yield* blocks.splice(0);
  // The decompressor reads beyond what there is when the last block is cut off.
  if (failure instanceof TypeError) throw new Error('unexpected end of file', { cause: failure });
  check();
}

/**
 * A text's bytes, as UTF-8 whatever its encoding.
 * @throws SkipFile as `readFileBytes`
 */
export async function* readBytes(source: ByteSource): AsyncGenerator<Buffer> {
  yield* toUtf8(readFileBytes(source), source.encoding, source.onEncoding);
}

const beginnings: readonly (readonly [string, Compression])[] = [
  ['\x1f\x8b', 'gzip'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['BZh', 'bzip2'],
];

/** By the first bytes: names are given by hand, and browsers decompress what they download without renaming it. */
async function compressionOf({ path }: ByteSource): Promise<Compression> {
  let start: string;
  try {
    const handle = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
      start = buffer.toString('latin1', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new SkipFile('unreadable', `cannot be read: ${messageOf(error)}`, null, error);
  }
  return beginnings.find(([mark]) => start.startsWith(mark))?.[1] ?? 'none';
}

/**
 * The bytes as they are.
 * @throws SkipFile `unreadable` if the file cannot be read, `damaged` if it cannot be decompressed; the signal's reason
 */
export async function* readFileBytes(source: ByteSource): AsyncGenerator<Buffer> {
  try {
    const compression = await compressionOf(source);
    if (compression === 'none') yield* readRaw(source, CHUNK_BYTES);
    else if (compression === 'bzip2') yield* decompressBzip2(source);
    else yield* decompressWith(source, compression === 'gzip' ? createGunzip() : createZstdDecompress());
  } catch (error) {
    if (source.signal.aborted || error instanceof SkipFile) throw error;
    throw new SkipFile('damaged', `cannot be decompressed: ${messageOf(error)}`, null, error);
  }
}
