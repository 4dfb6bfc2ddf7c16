/**
 * The messages of an Arrow IPC stream or file (https://arrow.apache.org/docs/format/Columnar.html, “Serialization and IPC”), one
 * at a time: a file is a stream between a mark and a footer, so both are read from the front and never as a whole.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { SkipFile } from '../import/skip-file.ts';

export interface ArrowMessage {
  readonly kind: 'schema' | 'dictionary' | 'batch' | 'other';
  /** The message with its length before it, and its body after it. */
  readonly bytes: Uint8Array;
}

const MARK = 'ARROW1';
const CONTINUES = 0xffffffff;
/** A record batch is usually some megabytes. */
const MOST_BYTES = 1024 * 1024 * 1024;
const MOST_METADATA = 64 * 1024 * 1024;
const KINDS: Readonly<Record<number, ArrowMessage['kind']>> = { 1: 'schema', 2: 'dictionary', 3: 'batch' };

/** @throws SkipFile `damaged`; whatever the file system says */
export async function* readMessages(path: string, signal: AbortSignal): AsyncGenerator<ArrowMessage> {
  const file = await open(path, 'r');
  try {
    const mark = await readAt(file, 0, MARK.length);
    let position = mark.toString('latin1') === MARK ? 8 : 0;
    for (;;) {
      signal.throwIfAborted();
      const start = await readAt(file, position, 8);
      if (start.length < 4) return;
      const isNew = start.readUInt32LE(0) === CONTINUES;
      const metadataBytes = isNew && start.length === 8 ? start.readInt32LE(4) : start.readInt32LE(0);
      if (metadataBytes === 0) return;
      const prefix = isNew ? 8 : 4; // older files have no mark before the length
      if (metadataBytes < 0 || metadataBytes > MOST_METADATA) throw new SkipFile('damaged', 'is not an Arrow file');
      const metadata = await readAt(file, position + prefix, metadataBytes);
      if (metadata.length < metadataBytes) throw new SkipFile('damaged', 'breaks off');
      const { kind, bodyBytes } = describeMessage(metadata);
      if (bodyBytes > MOST_BYTES) {
        throw new SkipFile('malformed', `holds a batch of ${bodyBytes} bytes; at most ${MOST_BYTES} are read`);
      }
      const length = prefix + metadataBytes + bodyBytes;
      const bytes = await readAt(file, position, length);
      if (bytes.length < length) throw new SkipFile('damaged', 'breaks off');
      yield { kind, bytes };
      position += length;
    }
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** The fields of the flatbuffer `Message`: version, type of the header, header, length of the body. */
function describeMessage(metadata: Buffer): { readonly kind: ArrowMessage['kind']; readonly bodyBytes: number } {
  try {
    const table = metadata.readUInt32LE(0);
    const fields = table - metadata.readInt32LE(table);
    const size = metadata.readUInt16LE(fields);
    const offsetOf = (field: number): number =>
      4 + field * 2 < size ? metadata.readUInt16LE(fields + 4 + field * 2) : 0;
    const [type, body] = [offsetOf(1), offsetOf(3)];
    return {
      kind: (type === 0 ? undefined : KINDS[metadata.readUInt8(table + type)]) ?? 'other',
      bodyBytes: body === 0 ? 0 : Number(metadata.readBigInt64LE(table + body)),
    };
  } catch (error) {
    throw new SkipFile('damaged', 'is not an Arrow file', null, error);
  }
}
