/** Audio classification: assigns a recording to one of several classes, such as the word that is said. */
import { z } from 'zod';
import type { AudioDataset } from '../data/audio/audio-dataset.ts';
import { openAudioDataset } from '../data/audio/audio-dataset.ts';
import { splitDataset } from '../data/split.ts';
import type { Value } from '../graph/index.ts';
import { poolings } from '../nn/blocks/sequence-pooling.ts';
import type { Backbone } from '../nn/pipeline.ts';
import { backboneOutput, declareInputs } from '../nn/pipeline.ts';
import { poolOverTime } from './audio/pool-over-time.ts';
import { classicalRecordings } from './audio/classical-recordings.ts';
import { drawFrames, frameFeeds, framesInput, queryFeeds } from './audio/frames.ts';
import { classAnswer, classAnswers } from './classification/answers.ts';
import { majorityBaseline } from './classification/baselines.ts';
import { classEvaluation } from './classification/evaluation.ts';
import { classHead } from './classification/head.ts';
import { classFeeds, classWeights, requireClasses } from './classification/labelled-classes.ts';
import { classMetricNames } from './classification/metrics.ts';
import { classificationOptions } from './classification/options.ts';
import { labelledBatches } from './labelled/batches.ts';
import { classicalClasses, linearClasses } from './linear/classes.ts';
import { drawSides } from './labelled/sides.ts';
import { areClasses } from './label-variety.ts';
import { namedLoss } from './named-loss.ts';
import type { ExampleSides, Feeds, SamplerSetup, TaskSampler } from './task.ts';
import { defineTask } from './task.ts';

const options = z.strictObject({
  pooling: z
    .enum(['vector', ...poolings])
    .default('vector')
    .describe("How a recording becomes one vector: the pipeline's own output 'vector', or a pooling of its sequence"),
  dropout: z.number().min(0).max(0.9).default(0).describe('Dropout of the pooled vector while training'),
  ...classificationOptions('recordings'),
});

export type AudioClassificationOptions = z.infer<typeof options>;

defineTask<AudioClassificationOptions>({
  type: 'audio-classification',
  title: 'Audio classification',
  summary: 'Assigns a recording to one of several classes, from a labelled dataset.',
  kind: 'supervised',
  data: ['audio-dataset'],
  options,
  metrics: classMetricNames,
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler: (setup) => createSampler(openLabelledRecordings(setup), setup.options),
  build(context, backbone, { pooling, dropout }, { classes = [] }) {
    const inputs = declareInputs(context);
    const built = backbone(inputs);
    const loss = classHead(context, {
      scope: 'audio-classes',
      classCount: classes.length,
      dropout,
      pooled: () => poolRecording(built, inputs.mask, pooling),
    });
    return namedLoss(context.program, loss);
  },
  evaluation: (_options, { classes = [] }) => classEvaluation(classes),
  baselines(_sampler, settings, setup) {
    const recordings = openLabelledRecordings({ ...setup, options: settings });
    recordings.dataset.close(); // labels are in memory
    return Promise.resolve([majorityBaseline(recordings, 'recordings')]);
  },
  classical: (setup) => classicalClasses(classicalRecordings(openLabelledRecordings(setup))),
  linear: linearClasses,
  answers: classAnswers,
  demo: { form: () => 'classify-sound' },
  suggested: {
    suits: areClasses,
    fewLabels: { steps: 120, batchSize: 16, learningRate: 5e-4, budget: 'total' },
  },
  async predict(model, query) {
    const { logits } = await model.run(queryFeeds(query, model.input));
    return [classAnswer('Which class?', logits?.data, model.classes ?? [], query.top)];
  },
});

function poolRecording(
  backbone: Backbone,
  mask: Value | undefined,
  pooling: AudioClassificationOptions['pooling'],
): Value {
  if (pooling === 'vector') return backboneOutput(backbone, 'vector', 'audio-classification');
  const sequence = backboneOutput(backbone, 'sequence', 'audio-classification');
  return poolOverTime(sequence, mask, pooling, 'audio-classification');
}

export interface LabelledRecordings {
  readonly dataset: AudioDataset;
  readonly sides: ExampleSides;
}

function openLabelledRecordings(setup: SamplerSetup<AudioClassificationOptions>): LabelledRecordings {
  const { dataFolder, options: settings, splitSeed } = setup;
  const dataset = openAudioDataset(dataFolder);
  try {
    const { labels, classes, groups, sides, manifest } = dataset;
    requireClasses(dataset, 'recording');
    const material = { labels, classes, groups, sides, contentHash: manifest.contentHash };
    const fractions = { validation: settings.validationFraction, test: settings.testFraction };
    const split = splitDataset(material, { seed: splitSeed, fractions });
    return { dataset, sides: drawSides(material, split, setup) };
  } catch (error) {
    dataset.close();
    throw error;
  }
}

function createSampler(recordings: LabelledRecordings, settings: AudioClassificationOptions): TaskSampler {
  const { dataset, sides } = recordings;
  const lossWeights = classWeights(recordings, settings.classWeights);

  /** Undefined stands for no recording. Weights of classes count in training alone. */
  function createBatch(examples: readonly (number | undefined)[], weights?: Float32Array): Feeds {
    return { ...frameFeeds(dataset, examples), ...classFeeds(dataset, examples, weights) };
  }

  const { trainingExample, trainingStep, ...batches } = labelledBatches(sides, (examples) => createBatch(examples));
  return {
    input: framesInput(dataset),
    classes: dataset.classes,
    labels: dataset.labels,
    audio: dataset.manifest.options,
    ...batches,
    trainingBatch: (seed, step, batchSize) => createBatch(trainingStep(seed, step, batchSize), lossWeights),
    preview: (seed, count) =>
      Array.from({ length: count }, (_, row) => {
        const index = trainingExample(seed, row);
        const label = dataset.classes[dataset.labels[index]!] ?? '';
        return { ...drawFrames(dataset.frames(index), dataset.manifest.options.bands), note: `Label: ${label}` };
      }),
    close: () => {
      dataset.close();
    },
  };
}
