/**
 * Netpbm's images (https://netpbm.sourceforge.net/doc/pnm.html): black and white (PBM), grey (PGM) and colour (PPM), as numbers
 * (P1–P3) or bytes (P4–P6). Values are scaled by the largest one that the file names.
 */
import type { RawImage } from './source.ts';

interface Header {
  readonly kind: number;
  readonly width: number;
  readonly height: number;
  readonly largest: number;
  /** Where the values begin. */
  readonly end: number;
}

const BLANK = /[ \t\r\n\v\f]/;

/** Of the header alone. @throws RangeError for what is damaged */
export function pnmSize(bytes: Buffer): { readonly height: number; readonly width: number } {
  const { height, width } = readHeader(bytes);
  return { height, width };
}

function readHeader(bytes: Buffer): Header {
  const kind = bytes[1]! - 48;
  const wanted = kind === 1 || kind === 4 ? 2 : 3;
  const numbers: number[] = [];
  let place = 2;
  while (numbers.length < wanted) {
    let text = '';
    for (let byte = bytes[place]; byte !== undefined; place += 1, byte = bytes[place]) {
      const letter = String.fromCharCode(byte);
      if (letter === '#') {
        while (bytes[place] !== undefined && bytes[place] !== 10 && bytes[place] !== 13) place += 1;
      } else if (!BLANK.test(letter)) text += letter;
      else if (text !== '') break;
    }
    if (!/^\d+$/.test(text)) throw new RangeError('its header is damaged');
    numbers.push(Number(text));
  }
  const [width = 0, height = 0, largest = 1] = numbers;
  if (width < 1 || height < 1 || largest < 1 || largest > 65_535) throw new RangeError('its header is damaged');
  return { kind, width, height, largest, end: place + 1 };
}

/** @throws RangeError where the file is damaged or ends too early */
export function readPnm(bytes: Buffer): RawImage {
  const header = readHeader(bytes);
  const { kind, width, height, largest } = header;
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const count = width * height * channels;
  const values = kind >= 4 ? binaryValues(bytes, header, channels, count) : writtenValues(bytes, header, count);
  const isBitmap = kind === 1 || kind === 4;
  const data = new Uint8Array(count);
  for (let index = 0; index < count; index += 1) {
    const value = values(index);
    if (value > largest) throw new RangeError(`it has the value ${value}, above the largest one, ${largest}`);
    // In bitmaps, 1 is black.
    data[index] = isBitmap ? 255 * (1 - value) : Math.round((value * 255) / largest);
  }
  return { height, width, channels, data };
}

function binaryValues(bytes: Buffer, { kind, width, largest, end }: Header, channels: number, count: number) {
  const isBitmap = kind === 4;
  const rowBytes = isBitmap ? Math.ceil(width / 8) : width * channels * (largest > 255 ? 2 : 1);
  const rows = count / (width * channels);
  if (end + rowBytes * rows > bytes.length) throw new RangeError('it ends too early');
  if (isBitmap) {
    return (index: number): number => {
      const column = index % width;
      return (bytes[end + Math.floor(index / width) * rowBytes + (column >> 3)]! >> (7 - (column & 7))) & 1;
    };
  }
  if (largest > 255) return (index: number): number => bytes.readUInt16BE(end + index * 2);
  return (index: number): number => bytes[end + index]!;
}

function writtenValues(bytes: Buffer, { kind, end }: Header, count: number) {
  const text = bytes.toString('latin1', end - 1).replace(/#[^\r\n]*/gu, ' ');
  // The digits of bitmaps may stand without blanks between them.
  const found = text.match(kind === 1 ? /[01]/gu : /\d+/gu) ?? [];
  if (found.length < count) throw new RangeError('it ends too early');
  return (index: number): number => Number(found[index]);
}
