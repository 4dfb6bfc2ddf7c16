/** Some of the images of a source, evenly chosen, with the folders they lie in as classes. */
import type { Inspection } from '../../shared/contract/materials.ts';
import { decodeImage, sniffFormat } from '../data/images/decode.ts';
import type { ImageEntry, ImageSource } from '../data/images/source.ts';
import { pictureOf } from './pictures.ts';

/** Images that are counted; the import has no limit. */
const mostImages = 20_000;
const thumbnail = 96;

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

async function lookAt(entry: ImageEntry) {
  const bytes = await entry.read();
  if (!Buffer.isBuffer(bytes)) return undefined;
  const preparation = {
    height: thumbnail,
    width: thumbnail,
    channels: 3,
    fit: 'contain',
    resizeShorter: null,
    background: [255, 255, 255],
    minimumSide: 1,
    maximumPixels: 100_000_000,
    failOn: 'truncated',
  } as const;
  const { pixels, originalWidth, originalHeight } = await decodeImage(bytes, preparation);
  const picture = await pictureOf(pixels, { height: thumbnail, width: thumbnail, channels: 3 }, thumbnail);
  return {
    path: entry.path,
    label: labelOf(entry),
    width: originalWidth,
    height: originalHeight,
    format: sniffFormat(bytes) ?? 'unknown',
    picture,
  };
}
