/** Some of the images of a source, evenly chosen, with the folders they lie in as classes. */
import type { Picture } from '../../shared/contract/common.ts';
import type { Inspection } from '../../shared/contract/materials.ts';
import { decodeImage, sniffFormat } from '../data/images/decode.ts';
import { loadSharp } from '../data/images/load-sharp.ts';
import type { ImageEntry, ImageSource } from '../data/images/source.ts';
import { pictureOf } from './pictures.ts';

/** Images that are counted; the import has no limit. */
const mostImages = 20_000;
/** Sides of a picture on the page, which cuts it as the network will see it: at least, and at most where it is long. */
const shorterSide = 96;
const longerSide = 4 * shorterSide;
/** What is decoded before the proportions are known. */
const decodedSide = 256;

/** @returns null if there is no image */
export async function inspectImages(
  source: ImageSource,
  wanted: number,
  signal: AbortSignal,
): Promise<Inspection['images']> {
  let total = 0;
  const classes = new Map<string, number>();
  for await (const entry of imagesOf(source, signal)) {
    const label = labelOf(entry);
    if (label !== null) classes.set(label, (classes.get(label) ?? 0) + 1);
    total += 1;
  }
  if (total === 0) return null;
  const pictures: NonNullable<Inspection['images']>['pictures'] = [];
  const step = Math.max(1, Math.floor(total / Math.max(1, wanted)));
  let place = 0;
  // An entry of an archive can be read only while the archive is gone through: hence once more.
  for await (const entry of imagesOf(source, signal)) {
    if (pictures.length >= wanted) break;
    if (place % step === 0) {
      const picture = await lookAt(entry).catch(() => undefined); // the report of the import will list it
      if (picture) pictures.push(picture);
    }
    place += 1;
  }
  return { classes: [...classes].map(([name, count]) => ({ name, count })), pictures };
}

async function* imagesOf(source: ImageSource, signal: AbortSignal): AsyncGenerator<ImageEntry> {
  let found = 0;
  for await (const entry of source.entries(signal)) {
    signal.throwIfAborted();
    if (!('read' in entry)) continue;
    yield entry;
    found += 1;
    if (found >= mostImages) return;
  }
}

function labelOf({ path, label }: ImageEntry): string | null {
  const slash = path.indexOf('/');
  return label ?? (slash > 0 ? path.slice(0, slash) : null);
}

/** All of the image in its own proportions: what is cut off, or stretched, is the page's to show. */
async function proportionalPicture(pixels: Uint8Array, height: number, width: number): Promise<Picture> {
  const [shorter, longer] = [Math.min(height, width), Math.max(height, width)];
  const scale = Math.min(shorterSide / shorter, longerSide / longer);
  const shape = {
    height: Math.max(1, Math.round(height * scale)),
    width: Math.max(1, Math.round(width * scale)),
    channels: 3,
  };
  const sharp = await loadSharp();
  const scaled = sharp(pixels, { raw: { height: decodedSide, width: decodedSide, channels: 3 } })
    .resize({ height: shape.height, width: shape.width, fit: 'fill' })
    .raw();
  return pictureOf(await scaled.toBuffer(), shape, Math.max(shape.height, shape.width));
}

async function lookAt(entry: ImageEntry) {
  const bytes = await entry.read();
  if (!Buffer.isBuffer(bytes)) return undefined;
  const preparation = {
    height: decodedSide,
    width: decodedSide,
    channels: 3,
    fit: 'stretch',
    resizeShorter: null,
    background: [255, 255, 255],
    minimumSide: 1,
    maximumPixels: 100_000_000,
    failOn: 'truncated',
  } as const;
  const { pixels, originalWidth, originalHeight } = await decodeImage(bytes, preparation);
  const picture = await proportionalPicture(pixels, originalHeight, originalWidth);
  return {
    path: entry.path,
    label: labelOf(entry),
    width: originalWidth,
    height: originalHeight,
    format: sniffFormat(bytes) ?? 'unknown',
    picture,
  };
}
