/**
 * Reads a large file by pages, synchronously, and keeps the pages that were used last: random access to a corpus of any size
 * in a few megabytes of memory.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { LabError, reasonOf } from '../../shared/errors.ts';

/** Small, because a batch reads a few hundred bytes each from many places. */
const PAGE_BYTES = 16 * 1024;

export class PagedFile {
  readonly size: number;
  private readonly path: string;
  private readonly descriptor: number;
  private readonly maximumPages: number;
  /** In the order of their last use. */
  private readonly pages = new Map<number, Buffer>();
  private lastNumber = -1;
  private lastPage: Buffer = Buffer.alloc(0);

  /**
   * @param maximumPages pages of 16 KiB that are kept
   * @throws LabError `corrupt` if the file cannot be opened
   */
  constructor(path: string, maximumPages = 512) {
    this.path = path;
    this.maximumPages = maximumPages;
    try {
      this.descriptor = openSync(path, 'r');
    } catch (error) {
      throw new LabError(
        'corrupt',
        `${path} cannot be opened: ${reasonOf(error)}. Import the material again.`,
        { path },
        error,
      );
    }
    try {
      this.size = fstatSync(this.descriptor).size;
    } catch (error) {
      closeSync(this.descriptor);
      throw error;
    }
  }

  /**
   * The bytes from `offset` on, valid until the next call.
   * @throws LabError `corrupt` if the file ends before
   */
  read(offset: number, length: number): Buffer {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) {
      const message = `${this.path} is not what its manifest and its index say of it. Import the material again.`;
      throw new LabError('corrupt', message, { path: this.path, offset, length, size: this.size });
    }
    const first = Math.floor(offset / PAGE_BYTES);
    const start = offset - first * PAGE_BYTES;
    if (start + length <= PAGE_BYTES) return this.page(first).subarray(start, start + length);
    const result = Buffer.allocUnsafe(length);
    for (let done = 0, number = first; done < length; number += 1) {
      done += this.page(number).copy(result, done, done === 0 ? start : 0);
    }
    return result;
  }

  /** A little-endian uint64 below 2^53. */
  readUint64(offset: number): number {
    const bytes = this.read(offset, 8);
    return bytes.readUInt32LE(0) + bytes.readUInt32LE(4) * 2 ** 32;
  }

  close(): void {
    this.pages.clear();
    closeSync(this.descriptor);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private page(number: number): Buffer {
    if (number === this.lastNumber) return this.lastPage;
    let page = this.pages.get(number);
    if (page === undefined) {
      page = this.load(number, this.evict());
    } else {
      this.pages.delete(number);
    }
    this.pages.set(number, page);
    this.lastNumber = number;
    this.lastPage = page;
    return page;
  }

  /** Memory for a page: that of the one that was not used for longest, if there are enough. */
  private evict(): Buffer {
    if (this.pages.size < this.maximumPages) return Buffer.allocUnsafeSlow(PAGE_BYTES);
    for (const [oldest, page] of this.pages) {
      this.pages.delete(oldest);
      return Buffer.from(page.buffer);
    }
    return Buffer.allocUnsafeSlow(PAGE_BYTES);
  }

  private load(number: number, memory: Buffer): Buffer {
    const start = number * PAGE_BYTES;
    const page = memory.subarray(0, Math.min(PAGE_BYTES, this.size - start));
    let filled = 0;
    while (filled < page.length) {
      const count = readSync(this.descriptor, page, filled, page.length - filled, start + filled);
      if (count === 0) {
        throw new LabError('corrupt', `${this.path} became shorter while it was read.`, { path: this.path });
      }
      filled += count;
    }
    return page;
  }
}
