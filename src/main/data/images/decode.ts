/**
 * From an image file's bytes, whatever its format, depth and colour space, to 8-bit sRGB or grey pixels of one shape.
 * Every way in which a file can be bad ends in a `DecodeFailure` with its reason: the importer lists it and goes on.
 *
 * Decoding is sharp's (libvips): orientation from EXIF, embedded colour profiles and CMYK converted to sRGB, 16-bit depth
 * reduced, the first frame of an animation, the first page of a TIFF, transparency laid on the background.
 */
import type { Metadata, ResizeOptions, Sharp } from 'sharp';
import { LabError, messageOf } from '../../../shared/errors.ts';
import type { ImageChannels, ImageFit, ValueScales } from '../../../shared/spec/manifests/image-corpus.ts';
import { isWhole, rangeOf, readValues, scaleOf, toBytes, valueKind } from './deep-values.ts';
import { loadSharp } from './load-sharp.ts';
import { bmpSize, readBmp } from './read-bmp.ts';
import { dicomSize, readDicom } from './read-dicom.ts';
import { pnmSize, readPnm } from './read-pnm.ts';
import type { RawImage, SkipReason } from './source.ts';

/** What every image is brought to. */
export interface Preparation {
  readonly height: number;
  readonly width: number;
  readonly channels: ImageChannels;
  readonly fit: ImageFit;
  /** The shorter side before the crop; only for `center-crop`. */
  readonly resizeShorter: number | null;
  /** Red, green, blue, 0 … 255. */
  readonly background: readonly [number, number, number];
  /** Images whose shorter side has fewer pixels are refused. */
  readonly minimumSide: number;
  /** Images with more pixels, by their header, are refused before any of them is decoded. */
  readonly maximumPixels: number;
  /** The mildest fault of the file that makes it refused, on libvips' scale. */
  readonly failOn: 'warning' | 'error' | 'truncated' | 'none';
  /** How values that are no bytes become bytes; without it, by the range of each image. */
  readonly valueScales?: ValueScales | undefined;
}

export interface DecodedImage {
  /** height × width × channels bytes, row-major, channels interleaved. */
  readonly pixels: Uint8Array;
  readonly format: string;
  /** The size of the original as it is looked at, that is with its EXIF orientation applied. */
  readonly originalHeight: number;
  readonly originalWidth: number;
  /** How many frames or pages the file has; the first one is used. */
  readonly frames: number;
}

/** An image that cannot be used; the message continues "<path>: …". */
export class DecodeFailure extends Error {
  readonly reason: SkipReason;

  constructor(reason: SkipReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DecodeFailure';
    this.reason = reason;
  }
}

const DECODABLE_FORMATS = 'JPEG, PNG, WebP, TIFF, GIF, AVIF, BMP, PNM and grey DICOM';

function startsWith(bytes: Uint8Array, offset: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[offset + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/**
 * The format a file's first bytes tell, or nothing. Only these reach the decoder: a name's extension is no evidence, and
 * formats that can refer to other files (SVG, PDF) have no place in an import.
 */
export function sniffFormat(bytes: Uint8Array): string | undefined {
  if (startsWith(bytes, 0, '\xff\xd8\xff')) return 'jpeg';
  if (startsWith(bytes, 0, '\x89PNG\r\n\x1a\n')) return 'png';
  if (startsWith(bytes, 0, 'RIFF') && startsWith(bytes, 8, 'WEBP')) return 'webp';
  if (startsWith(bytes, 0, 'GIF87a') || startsWith(bytes, 0, 'GIF89a')) return 'gif';
  const tiffVersion = startsWith(bytes, 0, 'II') ? bytes[2] : startsWith(bytes, 0, 'MM') ? bytes[3] : undefined;
  if (tiffVersion === 42 || tiffVersion === 43) return 'tiff';
  if (startsWith(bytes, 4, 'ftypavif') || startsWith(bytes, 4, 'ftypavis')) return 'avif';
  if (startsWith(bytes, 128, 'DICM')) return 'dicom';
  if (startsWith(bytes, 0, 'BM')) return 'bmp';
  if (bytes[0] === 80 && bytes[1]! >= 49 && bytes[1]! <= 54 && /\s/.test(String.fromCharCode(bytes[2] ?? 0))) {
    return 'pnm';
  }
  return undefined;
}

/** Formats that the decoder does not know, read here. */
interface Reader {
  readonly size: typeof bmpSize;
  readonly read: (bytes: Buffer, scales: ValueScales) => RawImage;
}

const READERS: Readonly<Record<string, Reader>> = {
  bmp: { size: bmpSize, read: (bytes) => readBmp(bytes) },
  dicom: { size: dicomSize, read: (bytes, { dicom }) => readDicom(bytes, dicom) },
  pnm: { size: pnmSize, read: (bytes) => readPnm(bytes) },
};

/** What a file is that is no image we decode, for the report. */
function describeUnsupported(bytes: Uint8Array): string {
  const remedy = `convert it to one of ${DECODABLE_FORMATS}`;
  if (bytes.length === 0) return 'the file is empty';
  if (startsWith(bytes, 4, 'ftyp')) {
    return `a HEIC image, whose decoder may not be given away with the lab, or a film; ${remedy}`;
  }
  if (startsWith(bytes, 0, '%PDF')) return `a PDF document; ${remedy}`;
  const head = bytes.subarray(0, 512);
  if (head.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13))) {
    const text = Buffer.from(head).toString('latin1').trimStart();
    if (/<svg[\s>]/.test(text)) return `an SVG drawing; ${remedy}`;
    if (/^<(!doctype|html)/i.test(text)) return 'a web page, not an image; probably a failed download';
    return 'a text file, not an image';
  }
  return `not an image in a known format; ${remedy}`;
}

/** How libvips' messages name the loader of a format, as in "VipsJpeg: premature end of JPEG image". */
const LOADERS: Readonly<Record<string, RegExp>> = {
  jpeg: /jpeg/i,
  png: /png/i,
  webp: /webp/i,
  gif: /gif/i,
  tiff: /tiff/i,
  avif: /heif|avif/i,
};

/**
 * What a decoder's error says about a file of this format. libvips collects the messages of all its threads in one place, so
 * those about files of other formats that failed at the same time are left out, and what is about no file at all.
 */
export function damageOf(error: unknown, format: string): string {
  const isOthers = (line: string): boolean =>
    Object.entries(LOADERS).some(([other, loader]) => other !== format && loader.test(line)) &&
    LOADERS[format]?.test(line) !== true;
  const lines = messageOf(error)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !isOthers(line) && !line.includes('treated as error due to failOn'));
  if (lines.length === 0) return 'its data are corrupt or end too early';
  return [...new Set(lines)].slice(0, 2).join('; ').slice(0, 200);
}

function requireUsableSize(height: number, width: number, preparation: Preparation): void {
  if (height * width > preparation.maximumPixels) {
    const limit = preparation.maximumPixels / 1e6;
    const message = `${width} × ${height} pixels; the limit is ${limit} million pixels (option maximumPixels)`;
    throw new DecodeFailure('too-large', message);
  }
  if (Math.min(height, width) < preparation.minimumSide) {
    const message = `${width} × ${height} pixels; at least ${preparation.minimumSide} on each side are needed (option minimumSide)`;
    throw new DecodeFailure('too-small', message);
  }
}

function resized(image: Sharp, original: { height: number; width: number }, preparation: Preparation): Sharp {
  const { height, width, fit, background } = preparation;
  const colour = { r: background[0], g: background[1], b: background[2] };
  if (fit !== 'center-crop') {
    const sharpFit: ResizeOptions['fit'] = fit === 'stretch' ? 'fill' : fit;
    return image.resize({ width, height, fit: sharpFit, position: 'centre', background: colour });
  }
  const shorter = preparation.resizeShorter ?? Math.min(height, width);
  const scale = shorter / Math.min(original.height, original.width);
  const scaledHeight = Math.max(height, Math.round(original.height * scale));
  const scaledWidth = Math.max(width, Math.round(original.width * scale));
  return image.resize({ width: scaledWidth, height: scaledHeight, fit: 'fill' }).extract({
    left: Math.floor((scaledWidth - width) / 2),
    top: Math.floor((scaledHeight - height) / 2),
    width,
    height,
  });
}

async function decode(
  image: Sharp,
  metadata: Metadata,
  format: string,
  preparation: Preparation,
): Promise<DecodedImage> {
  const original = metadata.autoOrient;
  requireUsableSize(original.height, original.width, preparation);
  const [red, green, blue] = preparation.background;
  let pipeline = image;
  if (metadata.hasAlpha) pipeline = pipeline.flatten({ background: { r: red, g: green, b: blue } });
  const { data, info } = await resized(pipeline, original, preparation)
    .toColourspace(preparation.channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { height, width, channels } = preparation;
  if (info.height !== height || info.width !== width || info.channels !== channels) {
    const got = `${info.width} × ${info.height} × ${info.channels}`;
    throw new DecodeFailure('unsupported', `decoded to ${got} instead of ${width} × ${height} × ${channels}`);
  }
  const frames = metadata.pages ?? 1;
  return { pixels: data, format, originalHeight: original.height, originalWidth: original.width, frames };
}

/**
 * Decodes an image file to the prepared shape.
 * @throws DecodeFailure with the reason.
 */
export async function decodeImage(bytes: Buffer, preparation: Preparation): Promise<DecodedImage> {
  const format = sniffFormat(bytes);
  if (format === undefined) throw new DecodeFailure('unsupported', describeUnsupported(bytes));
  const reader = READERS[format];
  if (reader !== undefined) {
    return { ...(await decodeRaw(readSimple(bytes, format, reader, preparation), preparation)), format };
  }
  const sharp = await loadSharp();
  const open = (): Sharp =>
    sharp(bytes, {
      autoOrient: true,
      failOn: preparation.failOn,
      // The limit is checked here, with a message of ours; sharp's own would refuse before telling the size.
      limitInputPixels: false,
      sequentialRead: true,
    });
  try {
    const image = open();
    const metadata = await image.metadata();
    requireUsableSize(metadata.autoOrient.height, metadata.autoOrient.width, preparation);
    const scaled = await decodeDeep(open, metadata, preparation);
    if (scaled === undefined) return await decode(image, metadata, format, preparation);
    return { ...(await decodeRaw(scaled, preparation)), format, frames: metadata.pages ?? 1 };
  } catch (error) {
    if (error instanceof DecodeFailure) throw error;
    throw new DecodeFailure('damaged', `damaged ${format} image: ${damageOf(error, format)}`, error);
  }
}

/** Of a format without compression: its size is checked before its pixels are read. */
function readSimple(bytes: Buffer, format: string, { size, read }: Reader, preparation: Preparation): RawImage {
  try {
    const { height, width } = size(bytes);
    requireUsableSize(height, width, preparation);
    return read(bytes, preparation.valueScales ?? {});
  } catch (error) {
    if (error instanceof DecodeFailure) throw error;
    throw new DecodeFailure('damaged', `${format.toUpperCase()} image that cannot be read: ${messageOf(error)}`, error);
  }
}

/** An image whose values are no bytes, scaled to bytes; undefined for others, and for those that use their whole type. */
async function decodeDeep(
  open: () => Sharp,
  metadata: Metadata,
  preparation: Preparation,
): Promise<RawImage | undefined> {
  const kind = valueKind(metadata);
  if (kind === null || (kind === 'integer' && metadata.hasAlpha)) return undefined;
  const known = preparation.valueScales?.[kind];
  if (known !== undefined && isWhole(kind, known)) return undefined;
  const values = await readValues(open(), metadata);
  const scale = known ?? scaleOf(kind, rangeOf(values));
  if (isWhole(kind, scale)) return undefined;
  const { height, width, channels } = values;
  return { height, width, channels, data: toBytes(values, scale) };
}

/**
 * Brings pixels that are already decoded to the prepared shape.
 * @throws DecodeFailure with the reason.
 */
export async function decodeRaw(raw: RawImage, preparation: Preparation): Promise<DecodedImage> {
  const { height, width, channels } = raw;
  if (raw.data.length !== height * width * channels) {
    throw new LabError('internal', `${raw.data.length} bytes do not make ${height} × ${width} × ${channels} pixels.`);
  }
  if (height === preparation.height && width === preparation.width && channels === preparation.channels) {
    requireUsableSize(height, width, preparation);
    return { pixels: raw.data, format: 'raw', originalHeight: height, originalWidth: width, frames: 1 };
  }
  const sharp = await loadSharp();
  const image = sharp(raw.data, { raw: { height, width, channels } });
  return decode(image, await image.metadata(), 'raw', preparation);
}
