/** What classical methods read of labelled images: raw pixels, histograms of oriented gradients, and histograms of colours. */
import type { ImageDataset } from '../../data/images/image-store.ts';
import { areaAverages } from '../../data/images/resample.ts';
import type { DenseFeatures } from '../baselines/features.ts';
import { denseFeatures } from '../baselines/features.ts';
import { labelsBySide } from '../classification/labelled-classes.ts';
import type { Side } from '../labelled/sides.ts';
import { bySide } from '../labelled/sides.ts';
import type { LabelledFeatures } from '../linear/classes.ts';
import type { ClassicalFeatures } from '../linear/linear-method.ts';
import { colourHistogram, gradientHistograms } from './hand-made-features.ts';
import type { LabelledImages } from './labelled-images.ts';
import { pixelFeatures } from './pixel-baselines.ts';

/** Larger images are averaged down: what they look like is in few pixels. */
const PIXEL_SIDE = 32;
const GRADIENT_SIDE = 64;

export function classicalImages(labelled: LabelledImages): LabelledFeatures {
  const { dataset, sides } = labelled;
  const each = (describe: (image: number) => Float32Array): (() => Readonly<Record<Side, DenseFeatures>>) => {
    return () => bySide((side) => describeAll(sides[side], describe));
  };
  const gradients = (cell: number) => (image: number) => gradientsOf(dataset, image, cell);
  const colours = (image: number): Float32Array => colourHistogram(dataset.pixels(image), dataset.shape);
  const joined = (image: number): Float32Array => Float32Array.from([...gradients(8)(image), ...colours(image)]);
  const { height, width } = dataset.shape;
  const candidates: ClassicalFeatures[] = [
    { name: 'raw pixels', features: () => bySide((side) => pixelFeatures(dataset, sides[side], PIXEL_SIDE)) },
    { name: 'colour histogram', features: each(colours) },
    ...[4, 8]
      .filter((cell) => Math.min(height, width) >= 2 * cell)
      .map((cell) => ({ name: `HOG, ${cell} pixels to a cell`, features: each(gradients(cell)) })),
    ...(Math.min(height, width) >= 16 ? [{ name: 'HOG and colour histogram', features: each(joined) }] : []),
  ];
  return {
    labels: labelsBySide(labelled),
    classes: dataset.classes,
    candidates,
    close: () => {
      dataset.close();
    },
  };
}

function gradientsOf({ pixels, shape }: ImageDataset, image: number, cell: number): Float32Array {
  if (Math.max(shape.height, shape.width) <= GRADIENT_SIDE) return gradientHistograms(pixels(image), shape, { cell });
  const small = areaAverages(pixels(image), shape, GRADIENT_SIDE);
  return gradientHistograms(small, { ...shape, height: GRADIENT_SIDE, width: GRADIENT_SIDE }, { cell });
}

function describeAll(images: Uint32Array, describe: (image: number) => Float32Array): DenseFeatures {
  const rows = Array.from(images, describe);
  const columns = rows[0]?.length ?? 0;
  const values = new Float32Array(rows.length * columns);
  for (const [row, features] of rows.entries()) values.set(features, row * columns);
  return denseFeatures(values, rows.length, columns);
}
