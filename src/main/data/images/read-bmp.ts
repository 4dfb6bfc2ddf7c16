/**
 * Windows bitmaps (Microsoft, “Bitmap Storage”; BITMAPCOREHEADER and BITMAPINFOHEADER to version 5), uncompressed: palettes of 1,
 * 4 and 8 bits, 16, 24 and 32 bits with or without masks. Transparency is left out, since most writers leave it at nothing.
 */
import type { RawImage } from './source.ts';

interface Header {
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Where the headers end: masks or colours begin. */
  readonly end: number;
  readonly pixels: number;
  readonly colours: number;
  readonly coloursAt: number;
  readonly bytesPerColour: 3 | 4;
}

const FILE_HEADER = 14;
const CORE_HEADER = 12;
const INFO_HEADER = 40;
const [PLAIN, MASKS, MASKS_WITH_ALPHA] = [0, 3, 6];

/** Of the header alone. @throws RangeError for what is damaged, Error for what is not read */
export function bmpSize(bytes: Buffer): { readonly height: number; readonly width: number } {
  const { height, width } = readHeader(bytes);
  return { height, width };
}

function readHeader(bytes: Buffer): Header {
  const pixels = bytes.readUInt32LE(10);
  const size = bytes.readUInt32LE(FILE_HEADER);
  if (size === CORE_HEADER) {
    const [width, height, bits] = [bytes.readUInt16LE(18), bytes.readUInt16LE(20), bytes.readUInt16LE(24)];
    const end = FILE_HEADER + size;
    const rest = { compression: PLAIN, end, pixels, coloursAt: end, bytesPerColour: 3 as const };
    return { width, height, bits, isTopDown: false, colours: bits <= 8 ? 2 ** bits : 0, ...rest };
  }
  if (size < INFO_HEADER) throw new Error('its header is of a kind that is not known');
  const [width, signedHeight] = [bytes.readInt32LE(18), bytes.readInt32LE(22)];
  const [bits, compression, named] = [bytes.readUInt16LE(28), bytes.readUInt32LE(30), bytes.readUInt32LE(46)];
  if (width <= 0 || signedHeight === 0) throw new RangeError('its size is none');
  const end = FILE_HEADER + size;
  // Masks stand behind the shortest header and within the longer ones.
  const coloursAt = size === INFO_HEADER && compression === MASKS ? end + 12 : end;
  const colours = bits <= 8 ? (named === 0 ? 2 ** bits : named) : 0;
  const height = Math.abs(signedHeight);
  return {
    width,
    height,
    isTopDown: signedHeight < 0,
    bits,
    compression,
    end,
    pixels,
    colours,
    coloursAt,
    bytesPerColour: 4,
  };
}

/** @throws RangeError where the file ends too early, Error for compression that is not read */
export function readBmp(bytes: Buffer): RawImage {
  const header = readHeader(bytes);
  const { width, height, isTopDown, bits, compression, pixels } = header;
  const isMasked = compression === MASKS || compression === MASKS_WITH_ALPHA;
  if (compression !== PLAIN && !isMasked) throw new Error('its compression is not read; save it without');
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (pixels + stride * (height - 1) + Math.ceil((width * bits) / 8) > bytes.length) {
    throw new RangeError('it ends too early');
  }
  const colourOf = bits <= 8 ? paletteReader(bytes, header) : directReader(bytes, header, isMasked);
  const data = new Uint8Array(height * width * 3);
  for (let row = 0; row < height; row += 1) {
    const start = pixels + stride * (isTopDown ? row : height - 1 - row);
    for (let column = 0; column < width; column += 1) colourOf(start, column, data, (row * width + column) * 3);
  }
  return { height, width, channels: 3, data };
}

/** Puts the colour of a pixel of a row into the picture. */
type ColourReader = (rowStart: number, column: number, data: Uint8Array, target: number) => void;

function paletteReader(bytes: Buffer, { bits, colours, coloursAt, bytesPerColour }: Header): ColourReader {
  if (![1, 4, 8].includes(bits)) throw new Error(`it has ${bits} bits a pixel`);
  const mask = 2 ** bits - 1;
  return (rowStart, column, data, target) => {
    const bit = column * bits;
    const byte = bytes[rowStart + (bit >> 3)]!;
    const colour = Math.min((byte >> (8 - bits - (bit & 7))) & mask, colours - 1);
    const place = coloursAt + colour * bytesPerColour;
    for (let channel = 0; channel < 3; channel += 1) data[target + channel] = bytes[place + 2 - channel] ?? 0;
  };
}

function directReader(bytes: Buffer, { bits, end }: Header, isMasked: boolean): ColourReader {
  if (![16, 24, 32].includes(bits)) throw new Error(`it has ${bits} bits a pixel`);
  const width = bits / 8;
  if (!isMasked && bits !== 16) {
    return (rowStart, column, data, target) => {
      const place = rowStart + column * width;
      for (let channel = 0; channel < 3; channel += 1) data[target + channel] = bytes[place + 2 - channel]!;
    };
  }
  // The masks stand at the same place in all headers: behind the 40 bytes that they share.
  const at = Math.min(end, FILE_HEADER + INFO_HEADER);
  const masks = isMasked ? [0, 4, 8].map((offset) => bytes.readUInt32LE(at + offset)) : [0x7c00, 0x3e0, 0x1f];
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, largest: Math.max(1, mask >>> shift) };
  });
  return (rowStart, column, data, target) => {
    const value = bytes.readUIntLE(rowStart + column * width, width);
    for (const [channel, { mask, shift, largest }] of channels.entries()) {
      data[target + channel] = Math.round((((value & mask) >>> shift) * 255) / largest);
    }
  };
}
