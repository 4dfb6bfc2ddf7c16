/**
 * Rotation: by how many quarters was this image turned? (S. Gidaris, P. Singh, N. Komodakis, "Unsupervised representation
 * learning by predicting image rotations", ICLR 2018.) To answer, a network must know the things in a picture and which way
 * up they are. It is the cheapest of the tasks on images: one small head, and any batch size.
 *
 * An image comes in all four turns, one after the other, which the paper found to be better than one turn at a time; so the
 * four are equally frequent in every batch whose size is a multiple of four.
 */
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import { augmentationOptions } from '../../shared/spec/augmentation.ts';
import { declareInputs } from '../nn/pipeline.ts';
import { constantBaseline } from './images/constant-baseline.ts';
import { rotationHead } from './images/heads.ts';
import { imageFacts, readPlanar, trainingStatistics, writePlanar } from './images/image-facts.ts';
import { inspectTurned } from './images/rotation-audit.ts';
import { createTurnedImages, turnCount, turnImage, turnNames } from './images/turned-images.ts';
import type { UnlabelledImages } from './images/unlabelled-images.ts';
import { openUnlabelledImages } from './images/unlabelled-images.ts';
import { namedLoss } from './named-loss.ts';
import type {
  EvaluationSplit,
  PredictionModel,
  PredictionQuery,
  PreviewItem,
  SamplerSetup,
  TaskSampler,
} from './task.ts';
import { defineTask } from './task.ts';
import { classEvaluation } from './classification/evaluation.ts';
import { classAnswer, classAnswers } from './classification/answers.ts';

const options = z
  .strictObject({
    augmentation: augmentationOptions
      .prefault({})
      .describe('Random changes of the training images, before they are turned'),
    evaluationImages: z
      .int()
      .min(1)
      .default(512)
      .describe('Largest number of images in each of the validation and test splits; each is shown in four turns'),
    validationFraction: z.number().gt(0).max(0.8).default(0.1).describe('Share of the images kept for validation'),
    testFraction: z.number().min(0).max(0.8).default(0.1).describe('Share of the images kept for the test'),
  })
  .refine(({ validationFraction, testFraction }) => validationFraction + testFraction < 1, {
    message: 'validationFraction and testFraction leave no image to train on',
  });

export type RotationOptions = z.infer<typeof options>;

defineTask<RotationOptions>({
  type: 'rotation',
  title: 'Rotation',
  summary:
    'Turns an image by 0, 90, 180 or 270 degrees and asks which of the four it was (RotNet, Gidaris et al. 2018).',
  kind: 'pretext',
  data: ['image-corpus'],
  options,
  selection: { metric: 'loss', direction: 'minimise' },
  metrics: ['accuracy', 'loss'],
  openSampler: (setup) => createSampler(openTurnedCorpus(setup), setup),
  build(context, backbone) {
    const loss = rotationHead(context, backbone(declareInputs(context)));
    return namedLoss(context.program, loss);
  },
  evaluation: () => classEvaluation(turnNames),
  baselines: (sampler) =>
    Promise.resolve([constantBaseline(sampler, turnNames, 'the four turns are equally frequent, so this is chance')]),
  async inspect(inspection) {
    const corpus = openTurnedCorpus(inspection.setup);
    try {
      return await inspectTurned(inspection, corpus);
    } finally {
      corpus.store.close();
    }
  },
  answers: classAnswers,
  demo: { form: () => 'rotation' },
  suggested: { presets: ['resnet-mini'], training: { batchSize: 128, learningRate: 2e-3 } },
  predict: predictTurns,
});

/** Four questions, one for each turn of the image; the true one is part of the question. */
async function predictTurns(model: PredictionModel, { image, top }: PredictionQuery) {
  if (!image) throw new LabError('bad-input', 'this model needs an image');
  const { pixels, channels } = image;
  const turned = new Uint8Array(pixels.length);
  const feed = new Float32Array(pixels.length);
  const answers = [];
  for (const [turn, name] of turnNames.entries()) {
    turnImage(pixels, image, turn, turned);
    writePlanar(turned, channels, feed, 0);
    const { logits } = await model.run({ image: feed });
    answers.push(classAnswer(`How is the image turned? (${name})`, logits?.data, turnNames, top));
  }
  return answers;
}

/** Throws `LabError('bad-input')` for images that are not square; the corpus is closed then. */
function openTurnedCorpus(setup: SamplerSetup<RotationOptions>): UnlabelledImages {
  const { options: settings } = setup;
  const fractions = { validation: settings.validationFraction, test: settings.testFraction };
  const corpus = openUnlabelledImages(setup, fractions);
  const { height, width } = corpus.store.shape;
  if (height === width) return corpus;
  corpus.store.close();
  throw new LabError(
    'bad-input',
    `rotation needs square images, and these have ${width} × ${height} pixels: turned by 90 degrees they would have another shape. Import them with one size, such as --size ${Math.min(height, width)}`,
    { height, width },
  );
}

function createSampler(
  { store, sides }: UnlabelledImages,
  { options: settings, splitSeed }: SamplerSetup<RotationOptions>,
): TaskSampler {
  const { shape } = store;
  const statistics = trainingStatistics(store, sides.training);
  const fill = statistics.mean.map((value) => value * 255);
  const training = createTurnedImages(store, settings.augmentation, fill);
  const plain = createTurnedImages(store, undefined, fill);
  const examples = (split: EvaluationSplit): number =>
    turnCount * Math.min(settings.evaluationImages, sides[split].length);

  function preview(seed: number, count: number): PreviewItem[] {
    if (count === 0) return [];
    const { image } = training.batch(sides.training, seed, 0, count);
    const { height, width, channels } = shape;
    return Array.from({ length: count }, (_, row) => {
      const drawn = training.example(sides.training, seed, row);
      return {
        kind: 'image',
        width,
        height,
        channels,
        pixels: readPlanar(image ?? [], channels, row * height * width * channels, height * width),
        note: `${store.source(drawn.image).path}: ${turnNames[drawn.turn]!}`,
      };
    });
  }

  return {
    input: { kind: 'image', ...shape, statistics },
    classes: turnNames,
    images: imageFacts(store),
    trainingExamples: turnCount * sides.training.length,
    trainingBatch: (seed, step, batchSize) => training.batch(sides.training, seed, step * batchSize, batchSize),
    evaluationBatchCount: (split, batchSize) => Math.ceil(examples(split) / batchSize),
    evaluationBatch: (split, index, batchSize) =>
      plain.batch(sides[split], splitSeed, index * batchSize, batchSize, examples(split)),
    preview,
    close: () => {
      store.close();
    },
  };
}
