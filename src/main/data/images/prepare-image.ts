/** One entry of a source, read, decoded and measured; or the reason why it cannot be used. No state, so that many can run at once. */
import { hash } from 'node:crypto';
import { isLabError } from '../../../shared/errors.ts';
import { DecodeFailure, decodeImage, decodeRaw, type DecodedImage, type Preparation } from './decode.ts';
import { perceptualHash, thumbnail } from './perceptual-hash.ts';
import type { ImageEntry, SkipReason, UnusableEntry } from './source.ts';

export interface PreparedImage {
  readonly entry: ImageEntry;
  readonly image: DecodedImage;
  /** Of the file's bytes, or of the pixels where the source gave pixels. */
  readonly contentHash: Buffer;
  /** Two 32-bit words. */
  readonly perceptualHash: Uint32Array;
  readonly bytesRead: number;
}

export interface SkippedImage {
  readonly path: string;
  readonly reason: SkipReason;
  readonly message: string;
}

/** The reason behind an error of reading or decoding. Anything that is neither is a bug, and goes up. */
function skipped(path: string, error: unknown): SkippedImage {
  if (error instanceof DecodeFailure) return { path, reason: error.reason, message: error.message };
  if (isLabError(error, 'too-large')) return { path, reason: 'too-large', message: error.message };
  if (isLabError(error, 'bad-input')) return { path, reason: 'unreadable', message: error.message };
  throw error;
}

export async function prepareImage(
  entry: ImageEntry | UnusableEntry,
  preparation: Preparation,
): Promise<PreparedImage | SkippedImage> {
  if ('unusable' in entry) return { path: entry.path, ...entry.unusable };
  try {
    const content = await entry.read();
    const isFile = Buffer.isBuffer(content);
    const bytes = isFile ? content : content.data;
    const image = isFile ? await decodeImage(content, preparation) : await decodeRaw(content, preparation);
    const look = new Uint32Array(2);
    perceptualHash(thumbnail(image.pixels, preparation), preparation.channels, look);
    return {
      entry,
      image,
      contentHash: hash('sha256', bytes, 'buffer'),
      perceptualHash: look,
      bytesRead: bytes.length,
    };
  } catch (error) {
    return skipped(entry.path, error);
  }
}
