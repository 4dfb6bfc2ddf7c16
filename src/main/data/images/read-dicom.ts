/**
 * Grey DICOM images without compression (DICOM PS3.5 for the encoding, PS3.3 C.7.6.3 and C.11.2 for what pixels mean): stored values
 * become what was measured (slope and intercept), and the file's first window says what is black and what white; without a window,
 * a given range does, that of all images of a set, or the image's own. The first frame of several is taken. Compressed and colour images are refused by name.
 */
import type { ValueScale } from '../../../shared/spec/manifests/image-corpus.ts';
import type { RawImage } from './source.ts';

/** Transfer syntaxes: how everything after the first group is written. */
const IMPLICIT = '1.2.840.10008.1.2';
const EXPLICIT = '1.2.840.10008.1.2.1';
const OTHER_SYNTAXES: readonly (readonly [RegExp, string])[] = [
  [/^1\.2\.840\.10008\.1\.2\.1\.99$/, 'it is deflated'],
  [/^1\.2\.840\.10008\.1\.2\.2$/, 'its numbers are big-endian'],
  [/^1\.2\.840\.10008\.1\.2\.4\./, 'its pixels are compressed as JPEG or a relative of it'],
  [/^1\.2\.840\.10008\.1\.2\.5$/, 'its pixels are compressed by run lengths'],
];

/** Representations whose length has 32 bits, after two bytes of nothing. */
const LONG = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);
const UNKNOWN_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const PIXELS = 0x7fe00010;
/** Elements that tell what the pixels are. */
const TAGS = {
  syntax: 0x00020010,
  samples: 0x00280002,
  photometric: 0x00280004,
  frames: 0x00280008,
  rows: 0x00280010,
  columns: 0x00280011,
  allocated: 0x00280100,
  stored: 0x00280101,
  highBit: 0x00280102,
  signed: 0x00280103,
  centre: 0x00281050,
  width: 0x00281051,
  intercept: 0x00281052,
  slope: 0x00281053,
} as const;
const wanted = new Set<number>([...Object.values(TAGS), PIXELS]);
const DEEPEST = 32;

interface Element {
  readonly tag: number;
  readonly start: number;
  readonly length: number;
  /** Where the next one begins, if the length is known. */
  readonly end: number;
}

/** Reads elements one after the other; those inside sequences are passed over. */
class ElementReader {
  readonly found = new Map<number, Buffer>();
  private readonly bytes: Buffer;
  private place = 132; // after the preamble and “DICM”
  private isExplicit = true;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Everything before the pixels, and the pixels if they are wanted. */
  read(): void {
    while (this.place + 8 <= this.bytes.length) {
      if (this.place > 132 && this.group() !== 2) this.isExplicit = this.syntax() !== IMPLICIT;
      const element = this.next();
      if (wanted.has(element.tag)) this.keep(element);
      if (element.tag === PIXELS) return;
      this.pass(element, 0);
    }
  }

  text(tag: number): string {
    const value = this.found.get(tag)?.toString('latin1') ?? '';
    return value.replace(/[\0 ]+$/u, '').trim();
  }

  /** The first of the numbers that an element holds as text. */
  decimal(tag: number): number | undefined {
    const value = Number.parseFloat(this.text(tag).split('\\')[0] ?? '');
    return Number.isFinite(value) ? value : undefined;
  }

  short(tag: number): number | undefined {
    const value = this.found.get(tag);
    return value === undefined || value.length < 2 ? undefined : value.readUInt16LE(0);
  }

  private syntax(): string {
    const syntax = this.text(TAGS.syntax);
    if (syntax === IMPLICIT || syntax === EXPLICIT) return syntax;
    const known = OTHER_SYNTAXES.find(([pattern]) => pattern.test(syntax))?.[1];
    throw new RangeError(
      `${known ?? 'its transfer syntax is not known'}; save it uncompressed (explicit VR little endian)`,
    );
  }

  private group(): number {
    return this.bytes.readUInt16LE(this.place);
  }

  private next(): Element {
    const { bytes, place } = this;
    if (place + 8 > bytes.length) throw new RangeError('it ends too early');
    const tag = bytes.readUInt16LE(place) * 65_536 + bytes.readUInt16LE(place + 2);
    const isDelimiter = tag === ITEM || tag === ITEM_END || tag === SEQUENCE_END;
    const representation = bytes.toString('latin1', place + 4, place + 6);
    let start = place + 8;
    let length: number;
    if (!this.isExplicit || isDelimiter) length = bytes.readUInt32LE(place + 4);
    else if (LONG.has(representation)) {
      if (place + 12 > bytes.length) throw new RangeError('it ends too early');
      length = bytes.readUInt32LE(place + 8);
      start = place + 12;
    } else if (/^[A-Z]{2}$/u.test(representation)) length = bytes.readUInt16LE(place + 6);
    else throw new RangeError('its elements are damaged');
    return { tag, start, length, end: start + length };
  }

  private keep({ tag, start, length, end }: Element): void {
    if (length === UNKNOWN_LENGTH) throw new RangeError('its pixels are compressed; save it uncompressed');
    if (end > this.bytes.length) throw new RangeError('it ends too early');
    this.found.set(tag, this.bytes.subarray(start, end));
  }

  private pass({ start, length, end }: Element, depth: number): void {
    this.place = start;
    if (length !== UNKNOWN_LENGTH) {
      if (end > this.bytes.length) throw new RangeError('it ends too early');
      this.place = end;
      return;
    }
    if (depth > DEEPEST) throw new RangeError('its sequences are nested too deeply');
    for (;;) {
      const inner = this.next();
      if (inner.tag === SEQUENCE_END || inner.tag === ITEM_END) {
        this.place = inner.end;
        return;
      }
      this.pass(inner, depth + 1);
    }
  }
}

function readElements(bytes: Buffer): ElementReader {
  const reader = new ElementReader(bytes);
  reader.read();
  return reader;
}

function sizeOf(reader: ElementReader): { readonly height: number; readonly width: number } {
  const [height = 0, width = 0] = [reader.short(TAGS.rows), reader.short(TAGS.columns)];
  if (height < 1 || width < 1) throw new RangeError('it says nothing of its size; is it an image?');
  return { height, width };
}

/** @throws RangeError for what is damaged or not read */
export function dicomSize(bytes: Buffer): { readonly height: number; readonly width: number } {
  return sizeOf(readElements(bytes));
}

/**
 * From where to where the measured values of an image without a window go; undefined for one with a window.
 * @throws RangeError as `readDicom`
 */
export function dicomRange(bytes: Buffer): ValueScale | undefined {
  const reader = readElements(bytes);
  if (windowOf(reader)) return undefined;
  const { height, width } = sizeOf(reader);
  return rangeOfValues(measuredValues(reader, height * width));
}

/**
 * @param scale what is black and what white where the file says no window; the image's own range without it
 * @throws RangeError for what is damaged, compressed or in colour
 */
export function readDicom(bytes: Buffer, scale?: ValueScale): RawImage {
  const reader = readElements(bytes);
  const { height, width } = sizeOf(reader);
  const photometric = reader.text(TAGS.photometric);
  if ((reader.short(TAGS.samples) ?? 1) !== 1 || !/^MONOCHROME[12]$/u.test(photometric)) {
    throw new RangeError(
      `its pixels are ${photometric === '' ? 'of an unknown kind' : photometric}, and grey ones are read`,
    );
  }
  const values = measuredValues(reader, height * width);
  const toGrey = windowOf(reader) ?? linearIn(scale ?? rangeOfValues(values));
  const isInverted = photometric === 'MONOCHROME1';
  const data = Uint8Array.from(values, (value) => {
    const grey = Math.round(255 * toGrey(value));
    return isInverted ? 255 - grey : grey;
  });
  return { height, width, channels: 1, data };
}

/** What was measured, of the first frame: stored values times the slope plus the intercept. */
function measuredValues(reader: ElementReader, count: number): Float64Array {
  const pixels = reader.found.get(PIXELS);
  const allocated = reader.short(TAGS.allocated) ?? 16;
  if (pixels === undefined) throw new RangeError('it has no pixels');
  if (allocated !== 8 && allocated !== 16) throw new RangeError(`its values have ${allocated} bits; 8 and 16 are read`);
  if (pixels.length < (count * allocated) / 8) throw new RangeError('it ends too early');
  const stored = Math.min(allocated, reader.short(TAGS.stored) ?? allocated);
  const shift = Math.max(0, (reader.short(TAGS.highBit) ?? stored - 1) - stored + 1);
  const isSigned = reader.short(TAGS.signed) === 1;
  const [slope, intercept] = [reader.decimal(TAGS.slope) ?? 1, reader.decimal(TAGS.intercept) ?? 0];
  const mask = 2 ** stored - 1;
  const sign = 2 ** (stored - 1);
  return Float64Array.from({ length: count }, (_, at) => {
    const raw = ((allocated === 8 ? pixels[at]! : pixels.readUInt16LE(at * 2)) >>> shift) & mask;
    return (isSigned && raw >= sign ? raw - 2 * sign : raw) * slope + intercept;
  });
}

/** From a measured value to 0 (black) … 1: the linear function of PS3.3 C.11.2.1.2.1. Undefined without a window. */
function windowOf(reader: ElementReader): ((value: number) => number) | undefined {
  const [centre, width] = [reader.decimal(TAGS.centre), reader.decimal(TAGS.width)];
  if (centre === undefined || width === undefined || width < 1) return undefined;
  const [middle, half] = [centre - 0.5, (width - 1) / 2];
  return (value) => {
    if (value <= middle - half) return 0;
    return value > middle + half ? 1 : (value - middle) / (width - 1) + 0.5;
  };
}

function rangeOfValues(values: Float64Array): ValueScale {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return { low, high };
}

function linearIn({ low, high }: ValueScale): (value: number) => number {
  return (value) => (high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0);
}
