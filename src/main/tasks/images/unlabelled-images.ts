/** An image corpus opened for a pretext task: its images divided by image, with near duplicates on one side. */
import { LabError } from '../../../shared/errors.ts';
import { splitDataset } from '../../data/split.ts';
import type { ImageCorpus } from '../../data/images/image-store.ts';
import { openImageCorpus } from '../../data/images/image-store.ts';
import type { EvaluationSplit, SamplerSetup } from '../task.ts';

export type ImageSides = Readonly<Record<'training' | EvaluationSplit, Uint32Array>>;

export interface SplitFractions {
  readonly validation: number;
  readonly test: number;
}

export interface UnlabelledImages {
  readonly store: ImageCorpus;
  /** Indices of images. */
  readonly sides: ImageSides;
}

/** Opens a corpus and divides it. Throws `LabError('bad-input')` where a side would be empty; the corpus is closed then. */
export function openUnlabelledImages(
  { dataFolder, splitSeed, images: network }: Pick<SamplerSetup, 'dataFolder' | 'splitSeed' | 'images'>,
  fractions: SplitFractions,
): UnlabelledImages {
  const store = openImageCorpus(dataFolder, { network });
  try {
    return { store, sides: splitByImage(store, fractions, splitSeed) };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Images, not examples of them, are divided, or stay on the sides that came with them. Throws `LabError('bad-input')` where a side would be empty. */
export function splitByImage(
  { groups, sides, length, manifest }: ImageCorpus,
  fractions: SplitFractions,
  seed: number,
): ImageSides {
  const { contentHash } = manifest;
  const material = { labels: new Int32Array(length), classes: ['image'], groups, sides, contentHash };
  const { train, validation, test } = splitDataset(material, { seed, fractions });
  const empty = [
    ['training', train, true],
    ['validation', validation, fractions.validation > 0],
    ['test', test, fractions.test > 0],
  ] as const;
  for (const [side, images, wanted] of empty) {
    if (wanted && images.length === 0) {
      throw new LabError('bad-input', `none of the ${length} images is left for ${side}: import more images`);
    }
  }
  return { training: train, validation, test };
}
