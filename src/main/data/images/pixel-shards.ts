/**
 * Pixels at rest: images of one shape, one after the other in files of about 64 MB. Writing streams; reading goes through a
 * cache of pages of limited size, so neither needs more memory for more images.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError, reasonOf } from '../../../shared/errors.ts';

const SHARD_BYTES = 64 * 1024 * 1024;
const WRITE_BYTES = 1024 * 1024;
const PAGE_BYTES = 64 * 1024;
const CACHE_BYTES = 128 * 1024 * 1024;

export interface PixelShard {
  readonly file: string;
  readonly images: number;
  readonly sha256: string;
}

export function imagesPerShard(imageBytes: number): number {
  return Math.max(1, Math.floor(SHARD_BYTES / imageBytes));
}

/** Writes images into shards; `finish` makes them durable and tells what was written. */
export class PixelShardWriter {
  readonly imagesPerShard: number;
  private readonly folder: string;
  private readonly imageBytes: number;
  private readonly shards: PixelShard[] = [];
  private readonly content = createHash('sha256');
  private shardHash = createHash('sha256');
  private handle: FileHandle | undefined;
  private imagesInShard = 0;
  private readonly buffer: Buffer;
  private buffered = 0;

  constructor(folder: string, imageBytes: number) {
    this.folder = folder;
    this.imageBytes = imageBytes;
    this.imagesPerShard = imagesPerShard(imageBytes);
    this.buffer = Buffer.alloc(Math.max(1, Math.floor(WRITE_BYTES / imageBytes)) * imageBytes);
  }

  async append(pixels: Uint8Array): Promise<void> {
    this.buffer.set(pixels, this.buffered);
    this.buffered += this.imageBytes;
    this.imagesInShard += 1;
    if (this.imagesInShard === this.imagesPerShard) await this.closeShard();
    else if (this.buffered === this.buffer.length) await this.flush();
  }

  /** The shards, and the SHA-256 of all pixels in order, open for what else belongs to the identity. */
  async finish(): Promise<{ shards: PixelShard[]; content: ReturnType<typeof createHash> }> {
    if (this.imagesInShard > 0) await this.closeShard();
    return { shards: this.shards, content: this.content };
  }

  /** Closes the open file, if there is one; for an import that failed. */
  async abandon(): Promise<void> {
    await this.handle?.close();
    this.handle = undefined;
  }

  private get file(): string {
    return `pixels-${String(this.shards.length).padStart(5, '0')}.bin`;
  }

  private async flush(): Promise<void> {
    if (this.buffered === 0) return;
    this.handle ??= await open(join(this.folder, this.file), 'wx');
    const chunk = this.buffer.subarray(0, this.buffered);
    this.shardHash.update(chunk);
    this.content.update(chunk);
    await this.handle.writeFile(chunk); // continues where the last call ended
    this.buffered = 0;
  }

  private async closeShard(): Promise<void> {
    await this.flush();
    await this.handle?.sync();
    await this.handle?.close();
    this.handle = undefined;
    this.shards.push({ file: this.file, images: this.imagesInShard, sha256: this.shardHash.digest('hex') });
    this.shardHash = createHash('sha256');
    this.imagesInShard = 0;
  }
}

/** Reads single images from shards, synchronously, keeping the pages it read last. */
export class PixelShardReader {
  private readonly folder: string;
  private readonly shards: readonly PixelShard[];
  private readonly imageBytes: number;
  private readonly imagesPerShard: number;
  private readonly imagesPerPage: number;
  private readonly pagesPerShard: number;
  private readonly maximumPages: number;
  private readonly descriptors: (number | undefined)[];
  /** In the order of their last use: a Map iterates in the order of insertion. */
  private readonly pages = new Map<number, Uint8Array>();

  /** @throws LabError `corrupt` if a shard is missing or has not the size that its images need. */
  constructor(
    folder: string,
    shards: readonly PixelShard[],
    imageBytes: number,
    shardCapacity: number,
    cacheBytes: number = CACHE_BYTES,
  ) {
    this.folder = folder;
    this.shards = shards;
    this.imageBytes = imageBytes;
    this.imagesPerShard = shardCapacity;
    this.imagesPerPage = Math.max(1, Math.floor(PAGE_BYTES / imageBytes));
    this.pagesPerShard = Math.ceil(this.imagesPerShard / this.imagesPerPage);
    this.maximumPages = Math.max(1, Math.floor(cacheBytes / (this.imagesPerPage * imageBytes)));
    this.descriptors = shards.map(() => undefined);
    for (const shard of shards) requireShardSize(folder, shard, imageBytes);
  }

  /** The image's pixels: a view of the cache, not to be written to. It stays valid for as long as it is held. */
  pixels(index: number): Uint8Array {
    const shard = Math.floor(index / this.imagesPerShard);
    const inShard = index % this.imagesPerShard;
    const page = Math.floor(inShard / this.imagesPerPage);
    const offset = (inShard % this.imagesPerPage) * this.imageBytes;
    return this.page(shard, page).subarray(offset, offset + this.imageBytes);
  }

  close(): void {
    this.descriptors.forEach((descriptor, shard) => {
      if (descriptor !== undefined) closeSync(descriptor);
      this.descriptors[shard] = undefined;
    });
    this.pages.clear();
  }

  private page(shard: number, page: number): Uint8Array {
    const key = shard * this.pagesPerShard + page;
    const cached = this.pages.get(key);
    if (cached !== undefined) {
      this.pages.delete(key);
      this.pages.set(key, cached);
      return cached;
    }
    const read = this.readPage(shard, page);
    if (this.pages.size >= this.maximumPages) {
      for (const oldest of this.pages.keys()) {
        this.pages.delete(oldest);
        break;
      }
    }
    this.pages.set(key, read);
    return read;
  }

  private readPage(shard: number, page: number): Uint8Array {
    const { file, images } = this.shards[shard]!;
    const path = join(this.folder, file);
    const first = page * this.imagesPerPage;
    const bytes = new Uint8Array((Math.min(images, first + this.imagesPerPage) - first) * this.imageBytes);
    const descriptor = (this.descriptors[shard] ??= openSync(path, 'r'));
    if (readSync(descriptor, bytes, 0, bytes.length, first * this.imageBytes) !== bytes.length) {
      throw new LabError(
        'corrupt',
        `${path} ended early; it was changed since it was opened. Import the images again.`,
        { path },
      );
    }
    return bytes;
  }
}

function requireShardSize(folder: string, shard: PixelShard, imageBytes: number): void {
  const path = join(folder, shard.file);
  const expected = shard.images * imageBytes;
  let size: number;
  try {
    size = statSync(path).size;
  } catch (error) {
    const message = `${path} cannot be read (${reasonOf(error)}). Import the images again.`;
    throw new LabError('corrupt', message, { path }, error);
  }
  if (size !== expected) {
    const message = `${path} has ${size} bytes where its ${shard.images} images need ${expected}. Import the images again.`;
    throw new LabError('corrupt', message, { path, size, expected });
  }
}
