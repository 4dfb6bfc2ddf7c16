/**
 * Stored pixels become what a network reads: another size, other proportions, other channels. The resampling is that of Pillow and
 * torchvision with antialiasing (a triangle as wide as the steps between the pixels of the result), in double precision and rounded
 * once, so that equal pixels give equal bytes on every computer and in a browser.
 */
import type { NetworkImages } from '../../../shared/spec/network-images.ts';
import type { PixelShape } from './pixel-shape.ts';

/** The shape of what the network reads. */
export function networkShape({ channels }: PixelShape, wanted: NetworkImages): PixelShape {
  return { height: wanted.height, width: wanted.width, channels: wanted.channels ?? channels };
}

/** Whether stored pixels have to be changed: those of the right size are taken as they are, whatever the fit. */
export function isStoredSo(stored: PixelShape, wanted: NetworkImages): boolean {
  const { height, width, channels } = networkShape(stored, wanted);
  return stored.height === height && stored.width === width && stored.channels === channels;
}

/** Where the result lies in the scaled picture; negative where a contained picture leaves a margin. */
interface Placement {
  readonly height: number;
  readonly width: number;
  readonly top: number;
  readonly left: number;
}

function placementOf({ height, width }: PixelShape, wanted: NetworkImages): Placement {
  const [down, across] = [wanted.height / height, wanted.width / width];
  const at = (scaledHeight: number, scaledWidth: number): Placement => ({
    height: scaledHeight,
    width: scaledWidth,
    top: Math.floor((scaledHeight - wanted.height) / 2),
    left: Math.floor((scaledWidth - wanted.width) / 2),
  });
  const scaled = (scale: number): [number, number] => [Math.round(height * scale), Math.round(width * scale)];
  switch (wanted.fit) {
    case 'stretch':
      return at(wanted.height, wanted.width);
    case 'contain': {
      const [rows, columns] = scaled(Math.min(down, across));
      return at(Math.min(wanted.height, Math.max(1, rows)), Math.min(wanted.width, Math.max(1, columns)));
    }
    case 'cover':
    case 'center-crop': {
      const shorter = wanted.resizeShorter ?? Math.min(wanted.height, wanted.width);
      const scale = wanted.fit === 'cover' ? Math.max(down, across) : shorter / Math.min(height, width);
      const [rows, columns] = scaled(scale);
      return at(Math.max(wanted.height, rows), Math.max(wanted.width, columns));
    }
  }
}

/** For each pixel of a line of the result: the first source pixel that takes part, and the weights of those from it on. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: readonly Float64Array[];
}

/** Of pixels `from` up to `from + count` of a line of `source` pixels that is scaled to `target`. */
function tapsOf(source: number, target: number, from: number, count: number): Taps {
  const step = source / target;
  const reach = Math.max(1, step);
  const first = new Int32Array(count);
  const weights = Array.from({ length: count }, (_, index) => {
    const centre = (from + index + 0.5) * step;
    const start = Math.max(0, Math.floor(centre - reach + 0.5));
    const end = Math.min(source, Math.floor(centre + reach + 0.5));
    first[index] = start;
    const raw = Float64Array.from({ length: end - start }, (_unused, tap) =>
      Math.max(0, 1 - Math.abs(start + tap + 0.5 - centre) / reach),
    );
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    return raw.map((weight) => weight / total);
  });
  return { first, weights };
}

/**
 * What makes the network's pixels of stored ones, for many images of one shape.
 *
 * @param background red, green, blue, 0 … 255: what lies beside a contained picture
 */
export function createPixelFitter(
  stored: PixelShape,
  wanted: NetworkImages,
  background: readonly number[],
): (pixels: Uint8Array) => Uint8Array {
  const { height, width, channels } = networkShape(stored, wanted);
  // Colours are given up before the resampling, and grey becomes colours after it: both are less work.
  const between = { ...stored, channels: Math.min(stored.channels, channels) };
  const place = placementOf(stored, wanted);
  const [top, left] = [Math.max(0, -place.top), Math.max(0, -place.left)];
  const inside = { height: Math.min(height, place.height), width: Math.min(width, place.width) };
  const rows = tapsOf(stored.height, place.height, Math.max(0, place.top), inside.height);
  const columns = tapsOf(stored.width, place.width, Math.max(0, place.left), inside.width);
  const margin = channels === 1 ? [luma(background, 0)] : background;
  return (pixels) => {
    const source = stored.channels > between.channels ? toGrey(pixels) : pixels;
    const scaled = resample(source, between, rows, columns);
    const result = new Uint8Array(height * width * channels);
    if (inside.height < height || inside.width < width) {
      for (let index = 0; index < result.length; index += 1) result[index] = margin[index % channels]!;
    }
    for (let y = 0; y < inside.height; y += 1) {
      for (let x = 0; x < inside.width; x += 1) {
        const from = (y * inside.width + x) * between.channels;
        const target = ((y + top) * width + x + left) * channels;
        for (let channel = 0; channel < channels; channel += 1) {
          result[target + channel] = scaled[from + (channel % between.channels)]!;
        }
      }
    }
    return result;
  };
}

interface Picture extends PixelShape {
  readonly pixels: Uint8Array;
}

/** One picture as the network reads it; unchanged where nothing else is wanted than what it is. */
export function asNetworkReads(
  { height, width, channels, pixels }: Picture,
  wanted: NetworkImages | undefined,
  background: readonly number[],
): Picture {
  const stored = { height, width, channels };
  if (!wanted || isStoredSo(stored, wanted)) return { ...stored, pixels };
  return { ...networkShape(stored, wanted), pixels: createPixelFitter(stored, wanted, background)(pixels) };
}

/** Brightness as Rec. 601 has it, and Pillow's conversion to grey. */
function luma(pixels: ArrayLike<number>, offset: number): number {
  return Math.floor(0.299 * pixels[offset]! + 0.587 * pixels[offset + 1]! + 0.114 * pixels[offset + 2]! + 0.5);
}

function toGrey(pixels: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: pixels.length / 3 }, (_, place) => luma(pixels, 3 * place));
}

/** Rows first, each only as often as it is needed, then columns. */
function resample(pixels: Uint8Array, { width, channels }: PixelShape, rows: Taps, columns: Taps): Uint8Array {
  const line = new Float64Array(width * channels);
  const result = new Uint8Array(rows.first.length * columns.first.length * channels);
  let target = 0;
  for (const [y, rowWeights] of rows.weights.entries()) {
    line.fill(0);
    for (let tap = 0; tap < rowWeights.length; tap += 1) {
      const weight = rowWeights[tap]!;
      const from = (rows.first[y]! + tap) * line.length;
      for (let place = 0; place < line.length; place += 1) line[place]! += weight * pixels[from + place]!;
    }
    for (const [x, weights] of columns.weights.entries()) {
      const from = columns.first[x]! * channels;
      for (let channel = 0; channel < channels; channel += 1) {
        let sum = 0;
        for (let tap = 0; tap < weights.length; tap += 1) sum += weights[tap]! * line[from + tap * channels + channel]!;
        result[target] = Math.min(255, Math.floor(sum + 0.5));
        target += 1;
      }
    }
  }
  return result;
}
