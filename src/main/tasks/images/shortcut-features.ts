/**
 * What a network could answer pretext tasks by without having seen anything in a picture: its colours, its borders, and the
 * traces that compression and enlarging leave. Each is a few numbers of an image [C, H, W] of values from 0 to 1, for probes.
 */
import type { PixelShape } from '../../data/images/pixel-shape.ts';
import type { DenseFeatures } from '../baselines/features.ts';
import { denseFeatures } from '../baselines/features.ts';

export interface ShortcutFeature {
  readonly name: string;
  /** Completes 'from …'. */
  readonly of: string;
  readonly remedy: string;
  describe(image: Float32Array, shape: PixelShape): number[];
}

const histogramBins = 8;

/** Mean, deviation and histogram of each channel: where in the picture a colour is does not count. */
function colourStatistics(image: Float32Array, { height, width, channels }: PixelShape): number[] {
  const places = height * width;
  return Array.from({ length: channels }, (_, channel) => {
    const values = image.subarray(channel * places, (channel + 1) * places);
    const histogram = new Array<number>(histogramBins).fill(0);
    for (const value of values) {
      histogram[Math.min(histogramBins - 1, Math.floor(value * histogramBins))]! += 1 / places;
    }
    return [...meanAndDeviation(values), ...histogram];
  }).flat();
}

/** Mean and deviation of each channel along each of the four sides. */
function borderStatistics(image: Float32Array, { height, width, channels }: PixelShape): number[] {
  const depth = Math.max(1, Math.round(Math.min(height, width) / 16));
  const sides = [
    { top: 0, left: 0, bottom: depth, right: width },
    { top: height - depth, left: 0, bottom: height, right: width },
    { top: 0, left: 0, bottom: height, right: depth },
    { top: 0, left: width - depth, bottom: height, right: width },
  ];
  return Array.from({ length: channels }, (_, channel) =>
    sides.flatMap(({ top, left, bottom, right }) => {
      const values: number[] = [];
      for (let y = top; y < bottom; y += 1) {
        for (let x = left; x < right; x += 1) values.push(image[(channel * height + y) * width + x]!);
      }
      return meanAndDeviation(values);
    }),
  ).flat();
}

/** JPEG codes squares of 8 × 8 pixels. */
const period = 8;

/**
 * Mean size of the second difference in each eighth column and each eighth row, relative to that of its direction: even, unless
 * squares of a compression or the steps of an enlargement show. What the picture is of cancels out.
 */
function compressionTraces(image: Float32Array, { height, width, channels }: PixelShape): number[] {
  const places = height * width;
  const profile = (lines: number, length: number, stride: number, step: number): number[] => {
    const sums = new Array<number>(period).fill(0);
    for (let channel = 0; channel < channels; channel += 1) {
      for (let line = 0; line < lines; line += 1) {
        for (let place = 1; place < length - 1; place += 1) {
          const at = channel * places + line * stride + place * step;
          sums[place % period]! += Math.abs(image[at - step]! - 2 * image[at]! + image[at + step]!);
        }
      }
    }
    const counts = sums.map(
      (_, phase) =>
        Array.from({ length }, (_unused, place) => place).filter(
          (place) => place > 0 && place < length - 1 && place % period === phase,
        ).length,
    );
    const means = sums.map((sum, phase) => sum / Math.max(1, counts[phase]!));
    const total = means.reduce((sum, value) => sum + value, 0) / period;
    return means.map((value) => (total === 0 ? 1 : value / total));
  };
  return [...profile(height, width, width, 1), ...profile(width, height, 1, width)];
}

function meanAndDeviation(values: ArrayLike<number>): [number, number] {
  let [sum, squares] = [0, 0];
  for (let index = 0; index < values.length; index += 1) {
    sum += values[index]!;
    squares += values[index]! ** 2;
  }
  const mean = sum / values.length;
  return [mean, Math.sqrt(Math.max(0, squares / values.length - mean * mean))];
}

export const shortcutFeatures: readonly ShortcutFeature[] = [
  {
    name: 'colours',
    of: 'the colours alone, wherever they are',
    remedy: 'stronger changes of brightness, saturation and hue, or greyscale images, help',
    describe: colourStatistics,
  },
  {
    name: 'borders',
    of: 'the outermost pixels alone',
    remedy: 'a closer crop helps, or images without frames and a common ground',
    describe: borderStatistics,
  },
  {
    name: 'compression traces',
    of: 'traces of compression and enlarging alone',
    remedy: 'images from larger originals help, because making them smaller removes the traces',
    describe: compressionTraces,
  },
];

/** The feature of `count` images that lie one after the other. */
export function shortcutRows(
  { describe }: ShortcutFeature,
  images: Float32Array,
  count: number,
  shape: PixelShape,
): DenseFeatures {
  const length = images.length / count;
  const rows = Array.from({ length: count }, (_, row) =>
    describe(images.subarray(row * length, (row + 1) * length), shape),
  );
  return denseFeatures(Float32Array.from(rows.flat()), count, rows[0]?.length ?? 0);
}
