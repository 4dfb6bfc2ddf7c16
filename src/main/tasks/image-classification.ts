/** Image classification: the labelled task that measures what pretraining on images gained. */
import { z } from 'zod';
import { augmentationOptions } from '../../shared/spec/augmentation.ts';
import { augmentImage } from '../data/images/augment.ts';
import { constant, output } from '../graph/index.ts';
import { declareInputs } from '../nn/pipeline.ts';
import { LabError } from '../../shared/errors.ts';
import { classicalImages } from './images/classical-images.ts';
import { imageClassHead } from './images/heads.ts';
import { imageFacts, readPlanar, trainingStatistics, writePlanar } from './images/image-facts.ts';
import { inspectImages } from './images/image-inspection.ts';
import type { LabelledImages } from './images/labelled-images.ts';
import { balancedWeights, imageBatch, openLabelledImages } from './images/labelled-images.ts';
import { pixelBaselines } from './images/pixel-baselines.ts';
import type { Feeds, PreviewItem, TaskSampler } from './task.ts';
import { defineTask } from './task.ts';
import { classEvaluation } from './text/evaluations.ts';
import { trainingOrder } from './text/example-order.ts';
import { classAnswer } from './text/prediction.ts';
import { classAnswers } from './answers.ts';
import { labelBudgetOption } from './label-budget.ts';

const options = z.strictObject({
  features: z
    .enum(['vector', 'map'])
    .default('vector')
    .describe("What the classifier reads: the pipeline's vector, or the mean of its feature map over all places"),
  dropout: z.number().min(0).max(0.9).default(0).describe('Dropout of the features while training'),
  augmentation: augmentationOptions.prefault({}).describe('Random changes of the training images'),
  validationFraction: z.number().gt(0).max(0.8).default(0.1).describe('Share of the images kept for validation'),
  testFraction: z.number().min(0).max(0.8).default(0.2).describe('Share of the images kept for the test'),
  labelBudget: labelBudgetOption('images'),
  classWeights: z
    .enum(['none', 'balanced'])
    .default('none')
    .describe(
      'Balanced: images of rare classes count more in the training loss, in inverse proportion to their number',
    ),
  nearDuplicates: z
    .enum(['together', 'anywhere'])
    .default('together')
    .describe('Whether images that look alike stay on one side of the split; anywhere flatters the test'),
});

export type ImageClassificationOptions = z.infer<typeof options>;

export const imageClassification = defineTask<ImageClassificationOptions>({
  type: 'image-classification',
  title: 'Image classification',
  summary: 'Assigns an image to one of several classes, from a labelled dataset.',
  kind: 'supervised',
  data: ['image-dataset'],
  options,
  metrics: ['accuracy', 'macroF1', 'balancedAccuracy', 'auroc', 'averagePrecision', 'calibrationError', 'loss'],
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler: (setup) => createSampler(openLabelledImages(setup), setup.options),
  build(context, backbone, { features, dropout }, { classes = [] }) {
    const { program } = context;
    const built = backbone(declareInputs(context));
    const loss = imageClassHead(context, built, { features, dropout, classCount: classes.length });
    if (!loss) return { loss: constant(program, 0) }; // prediction has no labels, and its program does not output this
    output(program, 'loss', loss);
    return { loss };
  },
  evaluation: (_options, { classes = [] }) => classEvaluation(classes),
  async baselines(_sampler, settings, setup, signal) {
    const images = openLabelledImages({ ...setup, options: settings });
    try {
      return await pixelBaselines(images, signal);
    } finally {
      images.dataset.close();
    }
  },
  classical: (setup) => classicalImages(openLabelledImages(setup)),
  inspect: inspectImages,
  answers: classAnswers,
  demo: { form: () => 'classify-image' },
  async predict(model, { image, top }) {
    if (!image) throw new LabError('bad-input', 'this model needs an image');
    const feed = new Float32Array(image.pixels.length);
    writePlanar(image.pixels, image.channels, feed, 0);
    const { logits } = await model.run({ image: feed });
    return [classAnswer('Which class?', logits?.data, model.classes ?? [], top)];
  },
});

function createSampler(images: LabelledImages, settings: ImageClassificationOptions): TaskSampler {
  const { dataset, sides } = images;
  const { shape } = dataset;
  const order = trainingOrder(sides.training.length);
  const classWeights = settings.classWeights === 'balanced' ? balancedWeights(images) : undefined;
  const statistics = trainingStatistics(dataset, sides.training);
  const fill = statistics.mean.map((value) => value * 255);
  const changed = new Uint8Array(shape.height * shape.width * shape.channels);

  const rows = (count: number, example: (row: number) => number | undefined): (number | undefined)[] =>
    Array.from({ length: count }, (_, row) => example(row));

  function trainingBatch(seed: number, step: number, batchSize: number): Feeds {
    const chosen = rows(batchSize, (row) => sides.training[order(seed, step * batchSize + row)]);
    return imageBatch(dataset, chosen, {
      classWeights,
      change(pixels, row) {
        augmentImage(pixels, shape, settings.augmentation, fill, seed, step, row, changed);
        return changed;
      },
    });
  }

  function preview(seed: number, count: number): PreviewItem[] {
    if (count === 0) return [];
    const { image, labels } = trainingBatch(seed, 0, count);
    const { height, width, channels } = shape;
    return Array.from({ length: count }, (_, row) => ({
      kind: 'image',
      width,
      height,
      channels,
      pixels: readPlanar(image ?? [], channels, row * changed.length, height * width),
      note: `Label: ${dataset.classes[labels?.[row] ?? 0] ?? ''}`,
    }));
  }

  return {
    input: { kind: 'image', ...shape, statistics },
    classes: dataset.classes,
    labels: dataset.labels,
    images: imageFacts(dataset),
    trainingExamples: sides.training.length,
    sides,
    trainingBatch,
    evaluationBatchCount: (split, batchSize) => Math.ceil(sides[split].length / batchSize),
    evaluationBatch: (split, index, batchSize) =>
      imageBatch(
        dataset,
        rows(batchSize, (row) => sides[split][index * batchSize + row]),
      ),
    labelledBatch: (index, batchSize) =>
      imageBatch(
        dataset,
        rows(batchSize, (row) => sides.training[index * batchSize + row]),
      ),
    preview,
    close: () => {
      dataset.close();
    },
  };
}
