/** A labelled image dataset for a run: its split, its label budget, and batches of its images. */
import type { ImageDataset } from '../../data/images/image-store.ts';
import { openImageDataset } from '../../data/images/image-store.ts';
import { splitImages } from '../../data/images/leakage.ts';
import { classFeeds, requireClasses } from '../classification/labelled-classes.ts';
import type { LabelBudget } from '../labelled/label-budget.ts';
import { drawSides } from '../labelled/sides.ts';
import type { ExampleSides, Feeds, SamplerSetup } from '../task.ts';
import { writePlanar } from './image-facts.ts';

export interface LabelledImages {
  readonly dataset: ImageDataset;
  /** Indices of images. */
  readonly sides: ExampleSides;
}

export interface LabelledImageSettings {
  readonly validationFraction: number;
  readonly testFraction: number;
  readonly labelBudget?: LabelBudget | undefined;
  readonly nearDuplicates: 'together' | 'anywhere';
}

/** Throws `LabError('bad-input')` for a single class, `LabError('bad-spec')` for a budget that is too large. */
export function openLabelledImages(
  setup: Pick<
    SamplerSetup<LabelledImageSettings>,
    'dataFolder' | 'options' | 'splitSeed' | 'labelSeed' | 'excludedFromTest' | 'images'
  >,
): LabelledImages {
  const { dataFolder, options, splitSeed, images: network } = setup;
  const dataset = openImageDataset(dataFolder, { network });
  try {
    requireClasses(dataset, 'image');
    const split = splitImages(dataset, {
      seed: splitSeed,
      fractions: { validation: options.validationFraction, test: options.testFraction },
      allowSharedGroups: options.nearDuplicates === 'anywhere',
    });
    const { labels, classes, groups, manifest } = dataset;
    const material = { labels, classes, groups, contentHash: manifest.contentHash };
    return { dataset, sides: drawSides(material, split, setup) };
  } catch (error) {
    dataset.close();
    throw error;
  }
}

export interface ImageBatchOptions {
  /** Weight of each class in the loss; 1 unless given. */
  readonly classWeights?: Float32Array | undefined;
  /** What is put in place of an image's pixels; the image itself unless given. */
  readonly change?: ((pixels: Uint8Array, row: number) => Uint8Array) | undefined;
}

/** Feeds `image` [rows, C, H, W], `labels` and `weights`; undefined stands for no image. */
export function imageBatch(
  dataset: ImageDataset,
  images: readonly (number | undefined)[],
  { classWeights, change }: ImageBatchOptions = {},
): Feeds {
  const { pixels, shape } = dataset;
  const length = shape.height * shape.width * shape.channels;
  const image = new Float32Array(images.length * length);
  for (const [row, index] of images.entries()) {
    if (index === undefined) continue;
    const original = pixels(index);
    writePlanar(change?.(original, row) ?? original, shape.channels, image, row * length);
  }
  return { image, ...classFeeds(dataset, images, classWeights) };
}
