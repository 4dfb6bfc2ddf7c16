/**
 * The cleaned documents of an import, one after the other in a temporary file: a tokenizer is trained on them and then they
 * are encoded, without reading and decompressing the sources twice. A document is its length in bytes (uint32) and its text.
 */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { AppendingFile } from '../../files/appending-file.ts';
import type { TextBatch } from './encode-documents.ts';

const CHUNK_BYTES = 64 * 1024;

export class DocumentSpool {
  documents = 0;
  /** UTF-8 bytes of the texts. */
  textBytes = 0;
  private readonly path: string;
  private readonly file: AppendingFile;

  private constructor(path: string, file: AppendingFile) {
    this.path = path;
    this.file = file;
  }

  static async create(path: string): Promise<DocumentSpool> {
    return new DocumentSpool(path, await AppendingFile.create(path));
  }

  /** True when `flush` should be called before more is appended. */
  get isFull(): boolean {
    return this.file.isFull;
  }

  append(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.file.appendUint32(bytes);
    this.file.appendText(text);
    this.documents += 1;
    this.textBytes += bytes;
  }

  async flush(): Promise<void> {
    await this.file.flush();
  }

  /** No more is appended; the documents can be read. */
  async seal(): Promise<void> {
    await this.file.flush();
    await this.file.close();
  }

  /** The documents in order, as UTF-8. */
  async *read(signal: AbortSignal): AsyncGenerator<Buffer> {
    const stream = createReadStream(this.path, { highWaterMark: CHUNK_BYTES });
    let rest: Buffer = Buffer.alloc(0);
    const missing: Buffer[] = [];
    let missingBytes = 0;
    // Without an encoding the chunks of a file stream are Buffers; its type does not say so.
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      // A long document spans many chunks: they are joined once, when it is there as a whole.
      missing.push(chunk);
      missingBytes -= chunk.length;
      if (missingBytes > 0) continue;
      rest = Buffer.concat([rest, ...missing.splice(0)]);
      let start = 0;
      while (start + 4 <= rest.length) {
        const end = start + 4 + rest.readUInt32LE(start);
        if (end > rest.length) break;
        yield rest.subarray(start + 4, end);
        start = end;
      }
      rest = rest.subarray(start);
      missingBytes = rest.length < 4 ? 0 : 4 + rest.readUInt32LE(0) - rest.length;
    }
  }

  /** The documents in order, in batches of about `batchBytes` that own their memory. */
  async *readBatches(batchBytes: number, signal: AbortSignal): AsyncGenerator<TextBatch> {
    let documents: Buffer[] = [];
    let bytes = 0;
    const take = (): TextBatch => {
      const joined = new Uint8Array(bytes);
      const ends = new Uint32Array(documents.length);
      let end = 0;
      for (const [index, document] of documents.entries()) {
        joined.set(document, end);
        end += document.length;
        ends[index] = end;
      }
      documents = [];
      bytes = 0;
      return { bytes: joined, ends };
    };
    for await (const document of this.read(signal)) {
      documents.push(document);
      bytes += document.length;
      if (bytes >= batchBytes) yield take();
    }
    if (documents.length > 0) yield take();
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  /** After a failure. */
  async abandon(): Promise<void> {
    await this.file.close().catch(() => undefined); // it may be closed already
  }
}
