/** A labelled image dataset for a run: its split, its label budget, and batches of its images. */
import { takeLabelled } from '../../data/split.ts';
import type { ImageDataset } from '../../data/images/image-store.ts';
import { openImageDataset } from '../../data/images/image-store.ts';
import { splitImages } from '../../data/images/leakage.ts';
import type { LabelBudget } from '../label-budget.ts';
import { budgetOf } from '../label-budget.ts';
import type { ExampleSides, Feeds, SamplerSetup } from '../task.ts';
import { withoutExcluded } from '../task.ts';
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

/** Throws `LabError('bad-spec')` for a budget that is too large. */
export function openLabelledImages({
  dataFolder,
  options,
  splitSeed,
  labelSeed,
  excludedFromTest,
  images: network,
}: Pick<
  SamplerSetup<LabelledImageSettings>,
  'dataFolder' | 'options' | 'splitSeed' | 'labelSeed' | 'excludedFromTest' | 'images'
>): LabelledImages {
  const dataset = openImageDataset(dataFolder, { network });
  try {
    const { train, validation, test } = splitImages(dataset, {
      seed: splitSeed,
      fractions: { validation: options.validationFraction, test: options.testFraction },
      allowSharedGroups: options.nearDuplicates === 'anywhere',
    });
    const budget = budgetOf(options.labelBudget);
    const { labels, classes, groups, manifest } = dataset;
    const material = { labels, classes, groups, contentHash: manifest.contentHash };
    const training = budget ? takeLabelled(material, train, budget, labelSeed ?? splitSeed) : train;
    return { dataset, sides: withoutExcluded({ training, validation, test }, excludedFromTest) };
  } catch (error) {
    dataset.close();
    throw error;
  }
}

/** Examples / (classes · examples of the class), as scikit-learn's 'balanced'; 0 for a class without training examples. */
export function balancedWeights({ dataset, sides: { training } }: LabelledImages): Float32Array {
  const counts = new Float32Array(dataset.classes.length);
  for (const image of training) counts[dataset.labels[image]!]! += 1;
  return counts.map((count) => (count === 0 ? 0 : training.length / (counts.length * count)));
}

export interface ImageBatchOptions {
  /** Weight of each class in the loss; 1 unless given. */
  readonly classWeights?: Float32Array | undefined;
  /** What is put in place of an image's pixels; the image itself unless given. */
  readonly change?: ((pixels: Uint8Array, row: number) => Uint8Array) | undefined;
}

/** Feeds `image` [rows, C, H, W], `labels` and `weights`; undefined stands for no image. */
export function imageBatch(
  { labels: known, pixels, shape }: ImageDataset,
  images: readonly (number | undefined)[],
  { classWeights, change }: ImageBatchOptions = {},
): Feeds {
  const length = shape.height * shape.width * shape.channels;
  const image = new Float32Array(images.length * length);
  const labels = new Int32Array(images.length);
  const weights = new Float32Array(images.length);
  for (const [row, index] of images.entries()) {
    if (index === undefined) continue;
    const original = pixels(index);
    writePlanar(change?.(original, row) ?? original, shape.channels, image, row * length);
    const label = known[index]!;
    labels[row] = label;
    weights[row] = classWeights?.[label] ?? 1;
  }
  return { image, labels, weights };
}
