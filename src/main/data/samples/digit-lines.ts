/**
 * Lines of handwriting made of real MNIST digits: 3 to 8 of them, with varying height, slant, spacing and place on the line. The
 * digits of the training, validation and test lines are different ones, so a line never holds a digit that was trained on.
 */
import type { RandomStream } from '../../../shared/random.ts';
import { hashString, randomStream } from '../../../shared/random.ts';
import type { ImageEntry, ImageSource, RawImage } from '../images/source.ts';
import type { MnistOptions } from './mnist.ts';
import { mnistSource } from './mnist.ts';

export const digitLineShape = { height: 32, width: 192 } as const;

const sides = ['train', 'validation', 'test'] as const;
type Side = (typeof sides)[number];

/** Shares of the source digits of each kind, in the package's order. */
const shares: Readonly<Record<Side, readonly [number, number]>> = {
  train: [0, 0.7],
  validation: [0.7, 0.8],
  test: [0.8, 1],
};

export interface DigitLineOptions extends MnistOptions {
  /** Number of lines of each side. */
  readonly lines?: Readonly<Record<Side, number>>;
  readonly seed?: number;
}

interface Glyph {
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint8Array;
}

/** The lines as a source of labelled images; the label is the transcript and the first folder of the path the side. */
export function digitLineSource(options: DigitLineOptions = {}): ImageSource {
  const { lines = { train: 4000, validation: 300, test: 600 }, seed = 0, ...mnist } = options;

  async function* entries(signal: AbortSignal): AsyncGenerator<ImageEntry> {
    const digits = await readDigits(mnist, signal);
    for (const side of sides) {
      for (let line = 0; line < lines[side]; line++) {
        const stream = randomStream(seed, hashString(side), line);
        const { transcript, image } = composeLine(digits, side, stream);
        yield {
          path: `${side}/${String(line).padStart(5, '0')}`,
          label: transcript,
          read: () => Promise.resolve(image),
        };
      }
    }
  }

  return {
    kind: 'sample',
    path: 'digit-lines',
    count: () => Promise.resolve(sides.reduce((sum, side) => sum + lines[side], 0)),
    entries,
    ignored: () => new Map(),
  };
}

/** All digits by what they show, cut to their ink. */
async function readDigits(options: MnistOptions, signal: AbortSignal): Promise<readonly (readonly Glyph[])[]> {
  const digits: Glyph[][] = Array.from({ length: 10 }, () => []);
  for await (const entry of mnistSource(options).entries(signal)) {
    if (!('read' in entry)) continue;
    const image = await entry.read();
    if ('data' in image) digits[Number(entry.label)]!.push(cutToInk(image));
  }
  return digits;
}

/** Pixels below this are the paper. */
const FAINTEST_INK = 40;

function cutToInk({ height, width, data }: RawImage): Glyph {
  let [top, bottom, left, right] = [height, 0, width, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[y * width + x]! < FAINTEST_INK) continue;
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
      [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
    }
  }
  if (bottom === 0) [top, bottom, left, right] = [0, height, 0, width];
  const pixels = new Uint8Array((bottom - top) * (right - left));
  for (let y = top; y < bottom; y++) {
    pixels.set(data.subarray(y * width + left, y * width + right), (y - top) * (right - left));
  }
  return { height: bottom - top, width: right - left, pixels };
}

function between(stream: RandomStream, low: number, high: number): number {
  return low + (high - low) * stream.uniform();
}

/** Draws until the line fits, which nearly every one does. */
function composeLine(
  digits: readonly (readonly Glyph[])[],
  side: Side,
  stream: RandomStream,
): { readonly transcript: string; readonly image: RawImage } {
  const { height, width } = digitLineShape;
  for (;;) {
    const count = 3 + stream.integer(6);
    const size = between(stream, 18, 27);
    const slant = between(stream, -0.3, 0.3);
    const spacing = between(stream, 0, 8);
    const data = new Uint8Array(height * width);
    let transcript = '';
    let position = between(stream, 1, 16);
    for (let index = 0; index < count; index++) {
      const digit = stream.integer(10);
      const glyphs = digits[digit]!;
      const [from, to] = shares[side].map((share) => Math.floor(share * glyphs.length)) as [number, number]; // as given
      const glyph = glyphs[from + stream.integer(to - from)]!;
      const tall = Math.min(height - 2, size * between(stream, 0.9, 1.1));
      const top = Math.min(height - tall - 1, Math.max(1, (height - tall) / 2 + between(stream, -2, 2)));
      position = draw(glyph, { left: position, top, tall, slant: slant + between(stream, -0.08, 0.08) }, data, width);
      position += spacing + between(stream, -1, 3);
      transcript += String(digit);
    }
    if (position < width) return { transcript, image: { height, width, channels: 1, data } };
  }
}

/** Writes a glyph, scaled and sheared, where the ink is darkest it wins; returns where its ink ends. */
function draw(
  { height, width, pixels }: Glyph,
  { left, top, tall, slant }: { left: number; top: number; tall: number; slant: number },
  target: Uint8Array,
  targetWidth: number,
): number {
  const scale = tall / height;
  const lean = (Math.abs(slant) * tall) / 2;
  const wide = width * scale + 2 * lean;
  const ink = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : pixels[y * width + x]!;
  for (let row = Math.floor(top); row <= Math.ceil(top + tall); row++) {
    const y = (row + 0.5 - top) / scale - 0.5;
    const shift = slant * (top + tall / 2 - row - 0.5); // the upper half leans to the right
    for (let column = Math.floor(left); column <= Math.ceil(left + wide); column++) {
      if (row < 0 || column < 0 || column >= targetWidth || row >= target.length / targetWidth) continue;
      const x = (column + 0.5 - left - lean - shift) / scale - 0.5;
      const [x0, y0] = [Math.floor(x), Math.floor(y)];
      const [dx, dy] = [x - x0, y - y0];
      const upper = ink(x0, y0) * (1 - dx) + ink(x0 + 1, y0) * dx;
      const lower = ink(x0, y0 + 1) * (1 - dx) + ink(x0 + 1, y0 + 1) * dx;
      const place = row * targetWidth + column;
      target[place] = Math.max(target[place]!, Math.round(upper * (1 - dy) + lower * dy));
    }
  }
  return left + wide;
}
