/**
 * Relative patch position: which of eight neighbours of a patch is this? (C. Doersch, A. Gupta, A. A. Efros, "Unsupervised
 * visual representation learning by context prediction", ICCV 2015.) To answer, a network must know the things that are
 * cut, and where their parts belong.
 *
 * The twins are one network applied to both patches in one batch: their weights are the same because there is only one set
 * of them, and batch normalisation sees all patches of the step.
 */
import { z } from 'zod';
import { input } from '../graph/index.ts';
import { constantBaseline } from './images/constant-baseline.ts';
import { gridPicture } from './images/patch-pictures.ts';
import { patchPairHead } from './images/heads.ts';
import { imageFacts, trainingStatistics } from './images/image-facts.ts';
import { inspectPatches } from './images/patch-audit.ts';
import type { PatchCorpus } from './images/patch-corpus.ts';
import { openPatchCorpus } from './images/patch-corpus.ts';
import { placeNames } from './images/patch-geometry.ts';
import { predictPlaces } from './images/patch-prediction.ts';
import { namedLoss } from './named-loss.ts';
import type { EvaluationSplit, PreviewItem, SamplerSetup, TaskSampler } from './task.ts';
import { defineTask } from './task.ts';
import { classEvaluation } from './classification/evaluation.ts';
import { classAnswers } from './classification/answers.ts';

const options = z
  .strictObject({
    patchSize: z
      .int()
      .min(4)
      .max(512)
      .optional()
      .describe('Side of a patch in pixels; by default about a fifth of the shorter side of the images'),
    gap: z
      .int()
      .min(0)
      .optional()
      .describe('Pixels between neighbouring patches, against answers by edges that run on; by default half a patch'),
    jitter: z
      .int()
      .min(0)
      .optional()
      .describe('Maximum number of pixels that a patch is moved by; by default 7 % of its side'),
    chroma: z
      .enum(['projection', 'dropping', 'none'])
      .default('projection')
      .describe(
        'Against chromatic aberration, which tells where in a photograph a patch was: take the green–magenta axis out, or replace two of three channels by noise. Grey images have none',
      ),
    detailLoss: z
      .number()
      .min(0)
      .max(1)
      .default(1 / 3)
      .describe('Share of the patches that are made small and large again, so that sharpness tells nothing'),
    fusion: z.int().positive().default(256).describe('Features of the layer in which the two patches meet'),
    pairsPerImage: z.int().positive().default(8).describe('Pairs of each image that make an epoch'),
    evaluationPairs: z.int().min(1).default(2048).describe('Pairs in each of the validation and test splits'),
    validationFraction: z.number().gt(0).max(0.8).default(0.1).describe('Share of the images kept for validation'),
    testFraction: z.number().min(0).max(0.8).default(0.1).describe('Share of the images kept for the test'),
  })
  .refine(({ validationFraction, testFraction }) => validationFraction + testFraction < 1, {
    message: 'validationFraction and testFraction leave no image to train on',
  });

export type PatchPositionOptions = z.infer<typeof options>;

export const patchPosition = defineTask<PatchPositionOptions>({
  type: 'patch-position',
  title: 'Relative patch position',
  summary:
    'Shows two neighbouring patches of an image and asks on which of eight sides the second one lies (Doersch et al. 2015).',
  kind: 'pretext',
  data: ['image-corpus'],
  options,
  metrics: ['accuracy', 'loss'],
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler: (setup) => createSampler(openPatchCorpus(setup), setup),
  build(context, backbone, { fusion }) {
    const { program, batchSize, input: kind } = context;
    const shape = kind.kind === 'image' ? [kind.channels, kind.height, kind.width] : [];
    const image = input(program, 'image', 'float32', [2 * batchSize, ...shape]);
    const loss = patchPairHead(context, backbone({ image }), fusion);
    return namedLoss(program, loss);
  },
  evaluation: () => classEvaluation(placeNames),
  baselines: (sampler) =>
    Promise.resolve([constantBaseline(sampler, placeNames, 'the places are drawn equally often, so this is chance')]),
  inspect: inspectPatches,
  answers: classAnswers,
  demo: { form: () => 'patch-position' },
  suggested: { presets: ['patch-cnn'] },
  readsParts: true,
  predictsOneByOne: true, // both patches of a pair lie in one batch
  predict: predictPlaces,
});

function createSampler(
  corpus: PatchCorpus,
  { options: settings, splitSeed }: SamplerSetup<PatchPositionOptions>,
): TaskSampler {
  const { store, sides, pairs, geometry } = corpus;
  const { size } = geometry;
  const { channels } = store.shape;
  const chosen = (split: EvaluationSplit): number => (sides[split].length === 0 ? 0 : settings.evaluationPairs);

  function describe(seed: number, counter: number): PreviewItem {
    const { image } = pairs.batch(sides.training, seed, counter, 1);
    const { place, image: index } = pairs.pair(sides.training, seed, counter);
    return {
      kind: 'image',
      ...gridPicture(image as Float32Array, place, geometry, channels), // the sampler's own feeds
      note: `${store.source(index).path}: the second patch lies ${placeNames[place]!}`,
    };
  }

  return {
    input: {
      kind: 'image',
      height: size,
      width: size,
      channels,
      statistics: trainingStatistics(store, sides.training),
    },
    classes: placeNames,
    images: imageFacts(store),
    trainingExamples: sides.training.length * settings.pairsPerImage,
    trainingBatch: (seed, step, batchSize) => pairs.batch(sides.training, seed, step * batchSize, batchSize),
    evaluationBatchCount: (split, batchSize) => Math.ceil(chosen(split) / batchSize),
    evaluationBatch: (split, index, batchSize) =>
      pairs.batch(sides[split], splitSeed, index * batchSize, batchSize, chosen(split)),
    preview: (seed, count) => Array.from({ length: count }, (_, counter) => describe(seed, counter)),
    close: () => {
      store.close();
    },
  };
}
