/** An image corpus opened for the patch task: its split by image, the geometry of its patches, and pairs of them. */
import { LabError } from '../../../shared/errors.ts';
import { splitDataset } from '../../data/split.ts';
import type { ImageCorpus } from '../../data/images/image-store.ts';
import { openImageCorpus } from '../../data/images/image-store.ts';
import type { SamplerSetup } from '../task.ts';
import type { PatchGeometry, PatchOptions } from './patch-geometry.ts';
import { patchGeometry } from './patch-geometry.ts';
import type { ChromaHandling, ImageSides, PatchPairs, PatchTreatment } from './patch-sampler.ts';
import { createPatchPairs } from './patch-sampler.ts';

export interface PatchTaskOptions extends PatchOptions {
  readonly chroma: ChromaHandling;
  readonly detailLoss: number;
  readonly validationShare: number;
  readonly testShare: number;
}

export interface PatchCorpus {
  readonly store: ImageCorpus;
  readonly sides: ImageSides;
  readonly geometry: PatchGeometry;
  readonly pairs: PatchPairs;
  /** Pairs of the same images that are treated otherwise. */
  treated(change: Partial<PatchTreatment>): PatchPairs;
}

/** Throws `LabError('bad-input')` for images that are too small or too few; the corpus is closed then. */
export function openPatchCorpus({ dataFolder, options, splitSeed }: SamplerSetup<PatchTaskOptions>): PatchCorpus {
  const store = openImageCorpus(dataFolder);
  try {
    const geometry = patchGeometry(options, store.shape);
    const treatment = { geometry, chroma: options.chroma, detailLoss: options.detailLoss };
    return {
      store,
      geometry,
      sides: splitByImage(store, options, splitSeed),
      pairs: createPatchPairs(store, treatment),
      treated: (change) => createPatchPairs(store, { ...treatment, ...change }),
    };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Images, not pairs, are divided, and near duplicates stay together. */
function splitByImage(
  { groups, length, manifest }: ImageCorpus,
  { validationShare, testShare }: PatchTaskOptions,
  seed: number,
): ImageSides {
  const material = { labels: new Int32Array(length), classes: ['image'], groups, contentHash: manifest.contentHash };
  const fractions = { validation: validationShare, test: testShare };
  const { train, validation, test } = splitDataset(material, { seed, fractions });
  const empty = [
    ['training', train, true],
    ['validation', validation, validationShare > 0],
    ['test', test, testShare > 0],
  ] as const;
  for (const [side, images, wanted] of empty) {
    if (wanted && images.length === 0) {
      throw new LabError('bad-input', `none of the ${length} images is left for ${side}: import more images`);
    }
  }
  return { training: train, validation, test };
}
