/** Image classification: the labelled task that measures what pretraining on images gained. */
import { z } from 'zod';
import { augmentationOptions } from '../../shared/spec/augmentation.ts';
import { augmentImage } from '../data/images/augment.ts';
import { declareInputs } from '../nn/pipeline.ts';
import { LabError } from '../../shared/errors.ts';
import { classAnswer, classAnswers } from './classification/answers.ts';
import { classEvaluation } from './classification/evaluation.ts';
import { classWeights } from './classification/labelled-classes.ts';
import { classMetricNames } from './classification/metrics.ts';
import { classificationOptions } from './classification/options.ts';
import { classicalImages } from './images/classical-images.ts';
import { imageClassHead } from './images/heads.ts';
import { imageFacts, readPlanar, trainingStatistics, writePlanar } from './images/image-facts.ts';
import { inspectImages } from './images/image-inspection.ts';
import type { LabelledImages } from './images/labelled-images.ts';
import { imageBatch, openLabelledImages } from './images/labelled-images.ts';
import { pixelBaselines } from './images/pixel-baselines.ts';
import { areClasses } from './label-variety.ts';
import { labelledBatches } from './labelled/batches.ts';
import { classicalClasses, linearClasses } from './linear/classes.ts';
import { namedLoss } from './named-loss.ts';
import type { Feeds, PreviewItem, TaskSampler } from './task.ts';
import { defineTask } from './task.ts';

const options = z.strictObject({
  features: z
    .enum(['vector', 'map'])
    .default('vector')
    .describe("What the classifier reads: the pipeline's vector, or the mean of its feature map over all places"),
  dropout: z.number().min(0).max(0.9).default(0).describe('Dropout of the features while training'),
  augmentation: augmentationOptions.prefault({}).describe('Random changes of the training images'),
  ...classificationOptions('images'),
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
  metrics: classMetricNames,
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler: (setup) => createSampler(openLabelledImages(setup), setup.options),
  build(context, backbone, { features, dropout }, { classes = [] }) {
    const built = backbone(declareInputs(context));
    const loss = imageClassHead(context, built, { features, dropout, classCount: classes.length });
    return namedLoss(context.program, loss);
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
  classical: (setup) => classicalClasses(classicalImages(openLabelledImages(setup))),
  linear: linearClasses,
  inspect: inspectImages,
  answers: classAnswers,
  demo: { form: () => 'classify-image' },
  suggested: {
    suits: areClasses,
    presets: ['resnet-mini'],
    training: { batchSize: 32, learningRate: 1e-3 },
    fewLabels: { steps: 100, batchSize: 32, learningRate: 1e-3, budget: 'perClass' },
  },
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
  const {
    trainingStep,
    trainingExample: _one,
    ...batches
  } = labelledBatches(sides, (examples) => imageBatch(dataset, examples));
  const weights = classWeights(images, settings.classWeights);
  const statistics = trainingStatistics(dataset, sides.training);
  const fill = statistics.mean.map((value) => value * 255);
  const changed = new Uint8Array(shape.height * shape.width * shape.channels);

  function trainingBatch(seed: number, step: number, batchSize: number): Feeds {
    return imageBatch(dataset, trainingStep(seed, step, batchSize), {
      classWeights: weights,
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
    ...batches,
    trainingBatch,
    preview,
    close: () => {
      dataset.close();
    },
  };
}
