/**
 * Images whose values are not bytes: floating point, and integers of 16 bits and more. What their values mean is not in the
 * file, and cut down to bytes as they are, a photograph from 0 to 1 is black and one of 12 bits nearly so. They are scaled by
 * what the values of the whole data set say, so that equal values stay equal from image to image.
 */
import type { Metadata, Sharp } from 'sharp';
import type { ValueScale, ValueScales } from '../../../shared/spec/manifests/image-corpus.ts';
import { loadSharp } from './load-sharp.ts';
import { dicomRange } from './read-dicom.ts';
import type { ImageEntry, UnusableEntry } from './source.ts';

export type ValueKind = keyof ValueScales;

interface Values {
  /** height × width × channels, channels interleaved. */
  readonly data: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

interface Range {
  readonly low: number;
  readonly high: number;
}

/** Bits that cameras, scanners and microscopes fill. */
const USUAL_BITS = [8, 10, 12, 14, 16];
const WHOLE: Range = { low: 0, high: 65535 };
/** Files that are looked at before it is taken for granted that none has such values. */
const LOOKED_AT = 50;

/** Null for images of bytes. */
export function valueKind({ depth }: Pick<Metadata, 'depth'>): Exclude<ValueKind, 'dicom'> | null {
  if (depth === 'uchar') return null;
  return depth === 'float' || depth === 'double' ? 'float' : 'integer';
}

/** The values as they are stored; transparency and bands after the third are left out. */
export async function readValues(image: Sharp, { space }: Pick<Metadata, 'space'>): Promise<Values> {
  const kept = space === 'multiband' ? image : image.pipelineColourspace(space).toColourspace(space);
  const { data, info } = await kept.raw({ depth: 'float' }).toBuffer({ resolveWithObject: true });
  const all = new Float32Array(data.buffer, data.byteOffset, data.length / 4);
  const { height, width } = info;
  const bands = all.length / (height * width);
  const channels = bands >= 3 ? 3 : 1;
  if (bands === channels) return { data: all, height, width, channels };
  const some = new Float32Array(height * width * channels);
  for (let place = 0; place < height * width; place += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      some[place * channels + channel] = all[place * bands + channel]!;
    }
  }
  return { data: some, height, width, channels };
}

export function rangeOf({ data }: Values): Range {
  let low = Infinity;
  let high = -Infinity;
  for (const value of data) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? { low: 0, high: 1 } : { low, high };
}

/** What becomes black and what white: the usual range that the values fit into, else their own. */
export function scaleOf(kind: ValueKind, { low, high }: Range): ValueScale {
  if (kind === 'dicom') return { low, high };
  if (kind === 'float') {
    if (low >= 0 && high <= 1) return { low: 0, high: 1 };
    if (low >= 0 && high <= 255) return { low: 0, high: 255 };
  } else if (low >= 0) {
    const bits = USUAL_BITS.find((usual) => high < 2 ** usual);
    if (bits !== undefined) return { low: 0, high: 2 ** bits - 1 };
  }
  return high > low ? { low, high } : { low, high: low + 1 };
}

/** Whether integers use their whole type, which the decoder cuts down by itself. */
export function isWhole(kind: ValueKind, { low, high }: ValueScale): boolean {
  return kind === 'integer' && low === WHOLE.low && high === WHOLE.high;
}

export function toBytes({ data }: Values, { low, high }: ValueScale): Uint8Array {
  const factor = 255 / (high - low);
  return Uint8Array.from(data, (value) => {
    const scaled = Number.isNaN(value) ? 0 : (value - low) * factor;
    return Math.max(0, Math.min(255, Math.round(scaled)));
  });
}

export interface ValueSurvey {
  readonly scales: ValueScales;
  /** How many images have values of each kind, and from where to where. */
  readonly found: readonly (Range & {
    readonly kind: ValueKind;
    readonly images: number;
    readonly scale: ValueScale;
  })[];
}

/** Looks through the files that may hold such values, before any is imported. Those that cannot be read are passed over. */
export async function surveyValues(entries: AsyncIterable<ImageEntry | UnusableEntry>): Promise<ValueSurvey> {
  const ranges = new Map<ValueKind, Range & { images: number }>();
  const sharp = await loadSharp();
  let looked = 0;
  for await (const entry of entries) {
    if (!('read' in entry) || !/\.(?:tiff?|png|dcm|dicom|ima)$/i.test(entry.path)) continue;
    if (ranges.size === 0 && looked >= LOOKED_AT) break;
    looked += 1;
    const found = await lookAt(entry, sharp).catch(() => undefined); // the import lists it
    if (found === undefined) continue;
    const before = ranges.get(found.kind) ?? { ...found.range, images: 0 };
    ranges.set(found.kind, {
      low: Math.min(before.low, found.range.low),
      high: Math.max(before.high, found.range.high),
      images: before.images + 1,
    });
  }
  const found = [...ranges].map(([kind, range]) => ({ kind, ...range, scale: scaleOf(kind, range) }));
  return { scales: Object.fromEntries(found.map(({ kind, scale }) => [kind, scale])), found };
}

const PNG_DEPTH_OFFSET = 24;

async function lookAt(entry: ImageEntry, sharp: Awaited<ReturnType<typeof loadSharp>>) {
  const bytes = await entry.read();
  if (!Buffer.isBuffer(bytes)) return undefined;
  if (bytes.toString('latin1', 128, 132) === 'DICM') {
    const range = dicomRange(bytes);
    return range && { kind: 'dicom' as const, range };
  }
  const isPng = bytes.toString('latin1', 1, 4) === 'PNG';
  if (isPng && bytes[PNG_DEPTH_OFFSET] !== 16) return undefined;
  const metadata = await sharp(bytes).metadata();
  const kind = valueKind(metadata);
  if (kind === null) return undefined;
  return { kind, range: rangeOf(await readValues(sharp(bytes), metadata)) };
}
