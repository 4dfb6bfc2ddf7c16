/** Files that are written by appending small pieces: collected to blocks, counted, and on the disk after `finish`. */
import { open, type FileHandle } from 'node:fs/promises';

const BLOCK_BYTES = 1 << 20;

export class AppendingFile {
  private readonly handle: FileHandle;
  private block = Buffer.allocUnsafe(BLOCK_BYTES);
  private used = 0;
  private written = 0;

  private constructor(handle: FileHandle) {
    this.handle = handle;
  }

  /** Fails if the file exists. */
  static async create(path: string): Promise<AppendingFile> {
    return new AppendingFile(await open(path, 'wx'));
  }

  /** Bytes appended so far. */
  get size(): number {
    return this.written + this.used;
  }

  /** True when `flush` should be called before more is appended. */
  get isFull(): boolean {
    return this.used >= BLOCK_BYTES / 2;
  }

  /** Appends without waiting; the caller awaits `flush` when `isFull`. */
  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.block.set(bytes, this.used);
    this.used += bytes.length;
  }

  appendText(text: string): void {
    const length = Buffer.byteLength(text);
    this.reserve(length);
    this.used += this.block.write(text, this.used, length);
  }

  /** @param value an integer from 0 to 2^53 − 1; written as a little-endian uint64. */
  appendUint64(value: number): void {
    this.reserve(8);
    this.block.writeUInt32LE(value % 2 ** 32, this.used);
    this.block.writeUInt32LE(Math.floor(value / 2 ** 32), this.used + 4);
    this.used += 8;
  }

  appendUint32(value: number): void {
    this.reserve(4);
    this.used = this.block.writeUInt32LE(value, this.used);
  }

  async flush(): Promise<void> {
    let start = 0;
    while (start < this.used) {
      const { bytesWritten } = await this.handle.write(this.block, start, this.used - start);
      start += bytesWritten;
    }
    this.written += this.used;
    this.used = 0;
    if (this.block.length > BLOCK_BYTES) this.block = Buffer.allocUnsafe(BLOCK_BYTES);
  }

  /** Everything is on the disk when this resolves. */
  async finish(): Promise<void> {
    await this.flush();
    await this.handle.sync();
    await this.close();
  }

  /** Does nothing when it is closed already. */
  async close(): Promise<void> {
    await this.handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private reserve(bytes: number): void {
    if (this.used + bytes <= this.block.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.block.length * 2, this.used + bytes));
    this.block.copy(larger, 0, 0, this.used);
    this.block = larger;
  }
}
