/**
 * Contrastive views: two random views of an image are to have nearly the same projection, and those of different images
 * different ones (T. Chen, S. Kornblith, M. Norouzi, G. Hinton, "A simple framework for contrastive learning of visual
 * representations", ICML 2020). The network learns what stays when a picture is cropped, mirrored and coloured otherwise.
 *
 * Both views of all images are one batch through one network, so batch normalisation sees them together. The negatives of a
 * view are all other views of its batch: the batch size is part of the task, and losses compare at equal batch sizes alone.
 */
import { z } from 'zod';
import { plural } from '../../shared/display.ts';
import { LabError } from '../../shared/errors.ts';
import { viewAugmentationOptions } from '../../shared/spec/augmentation.ts';
import { input, matmul, output, sliceAxis } from '../graph/index.ts';
import type { Value } from '../graph/program.ts';
import { projectionHead } from './images/heads.ts';
import { imageFacts, readPlanar, trainingStatistics } from './images/image-facts.ts';
import type { ImageViews } from './images/image-views.ts';
import { candidateCount, createImageViews } from './images/image-views.ts';
import type { UnlabelledImages } from './images/unlabelled-images.ts';
import { openUnlabelledImages } from './images/unlabelled-images.ts';
import { inspectViews } from './images/view-audit.ts';
import { viewEvaluation } from './images/view-evaluation.ts';
import { decoupledLoss, ntXentLoss, unitRows, vicregLoss, viewSimilarity } from './contrastive-losses.ts';
import { askWhichView, candidateNames } from './images/view-prediction.ts';
import type { EvaluationSplit, PreviewItem, SamplerSetup, TaskSampler } from './task.ts';
import { defineTask } from './task.ts';
import { classAnswers } from './classification/answers.ts';

const USUAL_BATCH = 64;

const options = z
  .strictObject({
    loss: z
      .enum(['nt-xent', 'dcl', 'vicreg'])
      .default('nt-xent')
      .describe(
        "nt-xent: SimCLR's loss over all other views of the batch; dcl: the same without the positive pair in the denominator (Yeh et al. 2022), for small batches; vicreg: variance, invariance and covariance, without negatives (Bardes et al. 2022)",
      ),
    temperature: z
      .number()
      .positive()
      .default(0.2)
      .describe('Divides the cosines in nt-xent and dcl: the smaller, the more the most similar negatives count'),
    invariance: z.number().min(0).default(25).describe('Weight of the distance between the two views, in vicreg'),
    variance: z.number().min(0).default(25).describe('Weight of the variance of the features, in vicreg'),
    covariance: z.number().min(0).default(1).describe('Weight of the covariance between features, in vicreg'),
    projectionLayers: z.int().min(1).max(4).default(2).describe('Dense layers from the embedding to the projection'),
    projectionHidden: z.int().positive().default(256).describe('Features of the layers between them'),
    projectionFeatures: z
      .int()
      .min(2)
      .default(128)
      .describe(
        'Features of the projection that the loss compares; it is thrown away when the backbone is transferred',
      ),
    augmentation: viewAugmentationOptions
      .prefault({})
      .describe('The random changes that make a view; by default those for colour photographs'),
    evaluationImages: z
      .int()
      .min(2)
      .default(512)
      .describe(
        'Largest number of images in each of the validation and test splits; whole batches of them are evaluated',
      ),
    validationFraction: z.number().gt(0).max(0.8).default(0.1).describe('Share of the images kept for validation'),
    testFraction: z.number().min(0).max(0.8).default(0.1).describe('Share of the images kept for the test'),
  })
  .refine(({ validationFraction, testFraction }) => validationFraction + testFraction < 1, {
    message: 'validationFraction and testFraction leave no image to train on',
  });

export type ContrastiveViewsOptions = z.infer<typeof options>;

defineTask<ContrastiveViewsOptions>({
  type: 'contrastive-views',
  title: 'Contrastive views',
  summary:
    'Makes two random views of each image and brings their features together, away from those of other images (SimCLR, Chen et al. 2020; DCL; VICReg).',
  kind: 'pretext',
  data: ['image-corpus'],
  options,
  selection: { metric: 'loss', direction: 'minimise' },
  metrics: ['accuracy', 'loss', 'projectionSpread', 'embeddingRank'],
  openSampler: (setup) => createSampler(openViews(setup), setup),
  build(context, backbone, settings) {
    const { program, mode, batchSize, input: kind } = context;
    const { temperature, projectionLayers, projectionHidden, projectionFeatures } = settings;
    if (mode !== 'prediction' && batchSize < 2) {
      throw new LabError(
        'bad-spec',
        'training.batchSize: contrastive-views compares images with each other: give at least 2',
      );
    }
    const shape = kind.kind === 'image' ? [kind.channels, kind.height, kind.width] : [];
    const rows = mode === 'prediction' ? 1 + candidateCount : 2 * batchSize;
    const image = input(program, 'image', 'float32', [rows, ...shape]);
    const projections = projectionHead(context, backbone({ image }), {
      layers: projectionLayers,
      hidden: projectionHidden,
      features: projectionFeatures,
    });
    if (mode === 'prediction') {
      const units = unitRows(projections);
      const [asked, candidates] = [sliceAxis(units, 0, 0, 1), sliceAxis(units, 0, 1, rows)];
      const logits = matmul(asked, candidates, { transposeB: true, scale: 1 / temperature, exact: true });
      output(program, 'logits', logits);
      return { loss: logits }; // prediction has no loss, and its program does not output one
    }
    const weights = input(program, 'weights', 'float32', [rows]);
    const similarity = viewSimilarity(projections, weights, temperature);
    const losses: Readonly<Record<ContrastiveViewsOptions['loss'], () => Value>> = {
      'nt-xent': () => ntXentLoss(similarity, weights),
      dcl: () => decoupledLoss(similarity, weights),
      vicreg: () => vicregLoss(projections, weights, settings),
    };
    const loss = losses[settings.loss]();
    output(program, 'loss', loss);
    if (mode === 'evaluation') {
      output(program, 'predictions', similarity.predictions);
      output(program, 'projections', projections);
    }
    return { loss };
  },
  evaluation: viewEvaluation,
  /** Chance depends on the batch size; the audit compares with it, and with colours. */
  baselines: () => Promise.resolve([]),
  async inspect(inspection) {
    const { corpus, views } = openViews(inspection.setup);
    try {
      return await inspectViews(inspection, corpus, views);
    } finally {
      corpus.store.close();
    }
  },
  answers: classAnswers,
  demo: { form: () => 'which-view' },
  suggested: {
    presets: ['resnet-mini'],
    training: { batchSize: USUAL_BATCH, learningRate: 3e-3 },
    // No image may come twice in a batch, and some are kept for validation and test.
    trainingOn: ({ examples }) => ({ batchSize: Math.min(USUAL_BATCH, Math.max(2, Math.floor(0.7 * examples))) }),
  },
  predictsOneByOne: true, // a view and its candidates are the batch
  predict: (model, query, settings) => askWhichView(model, query, settings.augmentation),
});

interface Views {
  readonly corpus: UnlabelledImages;
  readonly views: ImageViews;
}

function openViews(setup: SamplerSetup<ContrastiveViewsOptions>): Views {
  const { options: settings } = setup;
  const fractions = { validation: settings.validationFraction, test: settings.testFraction };
  const corpus = openUnlabelledImages(setup, fractions);
  const fill = trainingStatistics(corpus.store, corpus.sides.training).mean.map((value) => value * 255);
  return { corpus, views: createImageViews(corpus.store, settings.augmentation, fill) };
}

function createSampler(
  { corpus: { store, sides }, views }: Views,
  { options: settings, splitSeed }: SamplerSetup<ContrastiveViewsOptions>,
): TaskSampler {
  const { shape } = store;
  const available = (split: EvaluationSplit): number => Math.min(settings.evaluationImages, sides[split].length);
  /** Whole batches, because the loss depends on how many images are in one; all images where they do not fill one. */
  const evaluated = (split: EvaluationSplit, batchSize: number): number => {
    const count = available(split);
    return count < batchSize ? count : count - (count % batchSize);
  };

  function preview(seed: number, count: number): PreviewItem[] {
    const size = Math.min(count, sides.training.length);
    if (size === 0) return [];
    const { image } = views.training(sides.training, seed, 0, size);
    const { height, width, channels } = shape;
    return views.images(sides.training, seed, 0, size).map((index, row) => {
      const [first, second] = [0, 1].map((view) =>
        readPlanar(image ?? [], channels, (2 * row + view) * height * width * channels, height * width),
      );
      const line = width * channels;
      const pixels = new Uint8Array(2 * height * line);
      for (let y = 0; y < height; y += 1) {
        pixels.set(first!.subarray(y * line, (y + 1) * line), 2 * y * line);
        pixels.set(second!.subarray(y * line, (y + 1) * line), (2 * y + 1) * line);
      }
      return {
        kind: 'image',
        width: 2 * width,
        height,
        channels,
        pixels,
        note: `${store.source(index).path}: two views`,
      };
    });
  }

  return {
    input: { kind: 'image', ...shape, statistics: trainingStatistics(store, sides.training) },
    classes: candidateNames,
    images: imageFacts(store),
    trainingExamples: sides.training.length,
    trainingBatch(seed, step, batchSize) {
      if (batchSize > sides.training.length) {
        throw new LabError(
          'bad-spec',
          `training.batchSize: no image may come twice in a batch, and ${plural(sides.training.length, 'image is', 'images are')} left to train on: set it to ${sides.training.length} or less`,
        );
      }
      return views.training(sides.training, seed, step, batchSize);
    },
    evaluationBatchCount: (split, batchSize) => Math.ceil(evaluated(split, batchSize) / batchSize),
    evaluationBatch: (split, index, batchSize) =>
      views.evaluation(sides[split], splitSeed, index * batchSize, batchSize, evaluated(split, batchSize)),
    ...(sides.validation.length >= candidateCount && {
      question: (split, index) => views.question(sides[split].subarray(0, available(split)), splitSeed, index),
    }),
    preview,
    close: () => {
      store.close();
    },
  };
}
