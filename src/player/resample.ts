/**
 * Pixels of another size, as libvips computes them for the lab (`vips_resize` with Lanczos' kernel of three lobes, bytes after each
 * pass): what becomes smaller is averaged in whole blocks down to twice the size that is wanted, and then weighed; what becomes larger
 * is interpolated by cubic curves (Catmull and Rom).
 */

/** Interleaved bytes of a picture of any size. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** @param scale of the two sides: where a picture keeps its form, the size that is wanted is rounded, and this is not */
export function resample(
  image: Pixels,
  { width, height }: { readonly width: number; readonly height: number },
  scale: { readonly x: number; readonly y: number },
): Pixels {
  const upright = transposed(reducedTo(transposed(image), height, scale.y));
  const smaller = reducedTo(upright, width, scale.x);
  if (scale.x <= 1 && scale.y <= 1) return smaller;
  // Both sides are interpolated, half a pixel to the left and the top, also where one of them keeps its size.
  const wide = enlarged(smaller, width, Math.max(1, scale.x));
  const large = transposed(enlarged(transposed(wide), height, Math.max(1, scale.y)));
  return { ...large, data: Uint8Array.from(large.data, (value) => Math.min(255, Math.max(0, value))) };
}

/** Values between two passes may lie outside of a byte. */
interface Plane extends Omit<Pixels, 'data'> {
  readonly data: Uint8Array | Int16Array;
}

/** The same with lines for columns, so that one pass serves both. */
function transposed<Data extends Uint8Array | Int16Array>({
  width,
  height,
  channels,
  data,
}: Plane & { readonly data: Data }): Plane & { readonly data: Data } {
  const result = data.slice() as Data; // an array of the same kind
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [from, to] = [(y * width + x) * channels, (x * height + y) * channels];
      for (let channel = 0; channel < channels; channel += 1) result[to + channel] = data[from + channel]!;
    }
  }
  return { width: height, height: width, channels, data: result };
}

/** Blocks are averaged as long as there are twice as many pixels as are wanted. */
const gap = 2;

function reducedTo(image: Pixels, target: number, scale: number): Pixels {
  if (scale >= 1) return image;
  const shrink = 1 / scale;
  const block = Math.max(1, Math.floor(image.width / target / gap));
  const source = block > 1 ? averaged(image, block) : image;
  const rest = shrink / block;
  // Where the size was rounded down, half of what is left over lies on each side.
  const left = (image.width - target * shrink) / block;
  if (rest === 1) return source;
  const start = left / 2;
  const points = 2 * Math.round(lobes * rest) + 1;
  const bytes = new Uint8ClampedArray(target * source.height * source.channels);
  const { data, ...size } = weighed(source, target, bytes, points, (place) => {
    const at = (place + 0.5) * rest - 0.5 + start;
    return lanczosAt(at, points, rest);
  });
  return { ...size, data: new Uint8Array(data.buffer) };
}

/** One, where a division is a product with a whole number: its rounding is part of what comes out. */
const fixed = 2 ** 24;

/** Means of so many neighbours; what is missing at the end repeats the last. */
function averaged({ width, height, channels, data }: Pixels, block: number): Pixels {
  const target = Math.ceil(width / block);
  const half = Math.floor(block / 2);
  const reciprocal = Math.floor(fixed / block);
  const result = new Uint8Array(target * height * channels);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < target; x += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        let sum = 0;
        for (let index = 0; index < block; index += 1) {
          const from = Math.min(width - 1, x * block + index);
          sum += data[(y * width + from) * channels + channel]!;
        }
        result[(y * target + x) * channels + channel] = Math.floor(((sum + half) * reciprocal) / fixed);
      }
    }
  }
  return { width: target, height, channels, data: result };
}

interface Weights {
  /** The first pixel that is weighed; it may lie outside. */
  readonly first: number;
  readonly weights: readonly number[];
}

const lobes = 3;
/** Places between two pixels, and the precision of weights. */
const places = 64;
const whole = 4096;

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const lanczos = (x: number): number => (Math.abs(x) < lobes ? sinc(x) * sinc(x / lobes) : 0);

function lanczosAt(at: number, points: number, shrink: number): Weights {
  const below = Math.floor(at);
  const share = Math.round((at - below) * places) / places;
  const half = Math.ceil(points / 2) - 1;
  const values = Array.from({ length: points }, (_, index) => lanczos((index - half - share) / shrink));
  const total = values.reduce((sum, value) => sum + value, 0);
  return { first: below - half, weights: values.map((value) => Math.trunc((value / total) * whole)) };
}

function enlarged(image: Plane, target: number, scale: number): Plane {
  const data = new Int16Array(target * image.height * image.channels);
  return weighed(image, target, data, 4, (place) => {
    const at = place / scale - 0.5;
    const below = Math.floor(at);
    const share = Math.round((at - below) * places) / places;
    return { first: below - 1, weights: catmullRom(share).map((value) => Math.round(value * whole)) };
  });
}

function catmullRom(t: number): readonly number[] {
  const [t2, t3] = [t * t, t * t * t];
  return [-t3 + 2 * t2 - t, 3 * t3 - 5 * t2 + 2, -3 * t3 + 4 * t2 + t, t3 - t2].map((value) => value / 2);
}

/** Fills `data`, which decides whether what comes out may lie outside of a byte. */
function weighed<Data extends Uint8ClampedArray<ArrayBuffer> | Int16Array>(
  source: Plane,
  target: number,
  data: Data,
  points: number,
  weightsOf: (place: number) => Weights,
): Omit<Plane, 'data'> & { readonly data: Data } {
  const { width, height, channels } = source;
  for (let x = 0; x < target; x += 1) {
    const { first, weights } = weightsOf(x);
    for (let y = 0; y < height; y += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        let sum = whole / 2;
        for (let index = 0; index < points; index += 1) {
          const from = Math.min(width - 1, Math.max(0, first + index));
          sum += weights[index]! * source.data[(y * width + from) * channels + channel]!;
        }
        data[(y * target + x) * channels + channel] = Math.floor(sum / whole);
      }
    }
  }
  return { width: target, height, channels, data };
}
