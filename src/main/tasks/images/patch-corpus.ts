/** An image corpus opened for the patch task: its split by image, the geometry of its patches, and pairs of them. */
import type { ImageCorpus } from '../../data/images/image-store.ts';
import { openImageCorpus } from '../../data/images/image-store.ts';
import type { SamplerSetup } from '../task.ts';
import type { PatchGeometry, PatchOptions } from './patch-geometry.ts';
import { patchGeometry } from './patch-geometry.ts';
import type { ChromaHandling, PatchPairs, PatchTreatment } from './patch-sampler.ts';
import { createPatchPairs } from './patch-sampler.ts';
import type { ImageSides } from './unlabelled-images.ts';
import { splitByImage } from './unlabelled-images.ts';

export interface PatchTaskOptions extends PatchOptions {
  readonly chroma: ChromaHandling;
  readonly detailLoss: number;
  readonly validationFraction: number;
  readonly testFraction: number;
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
export function openPatchCorpus({
  dataFolder,
  options,
  splitSeed,
  images: network,
}: SamplerSetup<PatchTaskOptions>): PatchCorpus {
  const store = openImageCorpus(dataFolder, { network });
  try {
    const geometry = patchGeometry(options, store.shape);
    const treatment = { geometry, chroma: options.chroma, detailLoss: options.detailLoss };
    return {
      store,
      geometry,
      sides: splitByImage(store, { validation: options.validationFraction, test: options.testFraction }, splitSeed),
      pairs: createPatchPairs(store, treatment),
      treated: (change) => createPatchPairs(store, { ...treatment, ...change }),
    };
  } catch (error) {
    store.close();
    throw error;
  }
}
