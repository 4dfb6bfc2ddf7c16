/** A file's bytes as a stream, decompressed by its name, and as UTF-8. Files that break off or are not what they seem end in `SkipFile`. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { PassThrough, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import createBunzip2 from 'unbzip2-stream';
import { messageOf } from '../../../shared/errors.ts';
import type { TextEncoding } from '../../../shared/spec/manifests/text-corpus.ts';
import { SkipFile } from '../import/skip-file.ts';
import { toUtf8 } from './encoding.ts';
import type { Compression } from './source-files.ts';

/** Larger chunks cost a mapping of fresh memory each. */
const CHUNK_BYTES = 64 * 1024;
/** bzip2 blocks expand to up to 900 kB each; fed in small pieces, few of them are in memory at once. */
const BZIP2_CHUNK_BYTES = 32 * 1024;

export interface ByteSource {
  readonly path: string;
  readonly compression: Compression;
  /** Of a text without a mark; UTF-8 without it. */
  readonly encoding?: TextEncoding | undefined;
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

async function* decompressWith(source: ByteSource, decompressor: Transform): AsyncGenerator<Buffer> {
  const output = new PassThrough({ highWaterMark: CHUNK_BYTES });
  const finished = pipeline(readRaw(source, CHUNK_BYTES), decompressor, output);
  finished.catch(() => undefined); // also thrown by the loop below, from `output`
  try {
    // As above: Buffers, because no encoding is set.
    for await (const chunk of output as AsyncIterable<Buffer>) yield chunk;
    await finished;
  } finally {
    output.destroy();
    await finished.catch(() => undefined);
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
    check();
    yield* blocks.splice(0);
  }
  stream.end();
  // The decompressor reads beyond what there is when the last block is cut off.
  if (failure instanceof TypeError) throw new Error('unexpected end of file', { cause: failure });
  check();
  yield* blocks.splice(0);
}

/**
 * A text's bytes, as UTF-8 whatever its encoding.
 * @throws SkipFile as `readFileBytes`
 */
export async function* readBytes(source: ByteSource): AsyncGenerator<Buffer> {
  yield* toUtf8(readFileBytes(source), source.encoding);
}

/**
 * The bytes as they are.
 * @throws SkipFile `unreadable` if the file cannot be read, `damaged` if it cannot be decompressed; the signal's reason
 */
export async function* readFileBytes(source: ByteSource): AsyncGenerator<Buffer> {
  const { compression } = source;
  try {
    if (compression === 'none') yield* readRaw(source, CHUNK_BYTES);
    else if (compression === 'bzip2') yield* decompressBzip2(source);
    else yield* decompressWith(source, compression === 'gzip' ? createGunzip() : createZstdDecompress());
  } catch (error) {
    if (source.signal.aborted || error instanceof SkipFile) throw error;
    throw new SkipFile('damaged', `cannot be decompressed: ${messageOf(error)}`, null, error);
  }
}
