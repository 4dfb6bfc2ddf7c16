/** Audio classification: assigns a recording to one of several classes, such as the word that is said. */
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import type { AudioDataset } from '../data/audio/audio-dataset.ts';
import { openAudioDataset } from '../data/audio/audio-dataset.ts';
import { splitDataset, takeLabelled } from '../data/split.ts';
import type { Value } from '../graph/index.ts';
import { constant, max, output, reshape, sizeAt, withScope } from '../graph/index.ts';
import { poolSequence, poolings } from '../nn/blocks/sequence-pooling.ts';
import { denseLayer, dropoutLayer } from '../nn/layers.ts';
import type { Backbone } from '../nn/pipeline.ts';
import { backboneOutput, declareInputs } from '../nn/pipeline.ts';
import { classicalRecordings } from './audio/classical-recordings.ts';
import { drawFrames, frameFeeds, framesInput, queryFeeds } from './audio/frames.ts';
import { fitMajorityClass, majorityProbabilities } from './baselines/majority.ts';
import { accuracyOf, balancedAccuracy, confusionMatrix, macroF1 } from './metrics/classification.ts';
import { logLoss, mostProbable } from './metrics/probabilistic.ts';
import type { Baseline, ExampleSides, Feeds, SamplerSetup, TaskSampler } from './task.ts';
import { defineTask, withoutExcluded } from './task.ts';
import { classEvaluation } from './text/evaluations.ts';
import { trainingOrder } from './text/example-order.ts';
import { classLoss } from './text/heads.ts';
import { classAnswer } from './text/prediction.ts';
import { classAnswers } from './answers.ts';
import { budgetOf, labelBudgetOption } from './label-budget.ts';

const options = z.strictObject({
  pooling: z
    .enum(['vector', ...poolings])
    .default('vector')
    .describe("How a recording becomes one vector: the pipeline's own output 'vector', or a pooling of its sequence"),
  dropout: z.number().min(0).max(0.9).default(0).describe('Dropout of the pooled vector while training'),
  validationFraction: z.number().gt(0).max(0.8).default(0.1).describe('Share of the recordings kept for validation'),
  testFraction: z.number().min(0).max(0.8).default(0.2).describe('Share of the recordings kept for the test'),
  labelBudget: labelBudgetOption('recordings'),
});

export type AudioClassificationOptions = z.infer<typeof options>;

defineTask<AudioClassificationOptions>({
  type: 'audio-classification',
  title: 'Audio classification',
  summary: 'Assigns a recording to one of several classes, from a labelled dataset.',
  kind: 'supervised',
  data: ['audio-dataset'],
  options,
  metrics: ['accuracy', 'macroF1', 'balancedAccuracy', 'auroc', 'averagePrecision', 'calibrationError', 'loss'],
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler: (setup) => createSampler(openLabelledRecordings(setup)),
  build(context, backbone, { pooling, dropout }, { classes = [] }) {
    const { program, mode } = context;
    const inputs = declareInputs(context);
    const built = backbone(inputs);
    const loss = withScope(program, 'head', () =>
      withScope(program, 'audio-classes', () => {
        const pooled = poolRecording(built, inputs.mask, pooling);
        if (mode === 'evaluation') output(program, 'embeddings', pooled);
        return classLoss(context, denseLayer(dropoutLayer(pooled, dropout, mode), 'output', classes.length));
      }),
    );
    if (!loss) return { loss: constant(program, 0) }; // prediction has no labels, and its program does not output this
    output(program, 'loss', loss);
    return { loss };
  },
  evaluation: (_options, { classes = [] }) => classEvaluation(classes),
  baselines(_sampler, settings, setup) {
    const recordings = openLabelledRecordings({ ...setup, options: settings });
    recordings.dataset.close(); // labels are in memory
    return Promise.resolve([mostFrequentClass(recordings)]);
  },
  classical: (setup) => classicalRecordings(openLabelledRecordings(setup)),
  answers: classAnswers,
  demo: { form: () => 'classify-sound' },
  async predict(model, query) {
    const { logits } = await model.run(queryFeeds(query, model.input));
    return [classAnswer('Which class?', logits?.data, model.classes ?? [], query.top)];
  },
});

/** A sequence that is shorter than the recording has a mask as many times shorter. */
function poolRecording(
  backbone: Backbone,
  mask: Value | undefined,
  pooling: AudioClassificationOptions['pooling'],
): Value {
  if (pooling === 'vector') return backboneOutput(backbone, 'vector', 'audio-classification');
  const sequence = backboneOutput(backbone, 'sequence', 'audio-classification');
  const steps = sizeAt(sequence.shape, 1);
  if (!mask) return poolSequence(sequence, undefined, pooling);
  const [batch, length] = mask.shape as readonly [number, number]; // as inputs of frames have it
  if (length % steps !== 0) {
    throw new LabError(
      'bad-spec',
      `audio-classification: ${length} frames became ${steps} steps, which does not come out even; stack 2, 3, 4, 6 or 12 frames, or set task.pooling to vector`,
    );
  }
  return poolSequence(sequence, max(reshape(mask, [batch, steps, length / steps]), [2]), pooling);
}

export interface LabelledRecordings {
  readonly dataset: AudioDataset;
  readonly sides: ExampleSides;
}

function openLabelledRecordings({
  dataFolder,
  options: settings,
  splitSeed,
  labelSeed,
  excludedFromTest,
}: SamplerSetup<AudioClassificationOptions>): LabelledRecordings {
  const dataset = openAudioDataset(dataFolder);
  try {
    const { labels, classes, groups, sides, manifest } = dataset;
    if (classes.length < 2) {
      throw new LabError('bad-input', `every recording has the label '${classes[0] ?? ''}'; classification needs two`);
    }
    const material = { labels, classes, groups, sides, contentHash: manifest.contentHash };
    const fractions = { validation: settings.validationFraction, test: settings.testFraction };
    const { train, validation, test } = splitDataset(material, { seed: splitSeed, fractions });
    const budget = budgetOf(settings.labelBudget);
    const training = budget ? takeLabelled(material, train, budget, labelSeed ?? splitSeed) : train;
    return { dataset, sides: withoutExcluded({ training, validation, test }, excludedFromTest) };
  } catch (error) {
    dataset.close();
    throw error;
  }
}

function createSampler({ dataset, sides }: LabelledRecordings): TaskSampler {
  const order = trainingOrder(sides.training.length);

  /** Undefined stands for no recording. */
  function createBatch(recordings: readonly (number | undefined)[]): Feeds {
    return {
      ...frameFeeds(dataset, recordings),
      labels: Int32Array.from(recordings, (index) => (index === undefined ? 0 : dataset.labels[index]!)),
      weights: Float32Array.from(recordings, (index) => Number(index !== undefined)),
    };
  }

  return {
    input: framesInput(dataset),
    classes: dataset.classes,
    labels: dataset.labels,
    audio: dataset.manifest.options,
    trainingExamples: sides.training.length,
    sides,
    trainingBatch: (seed, step, batchSize) =>
      createBatch(Array.from({ length: batchSize }, (_, row) => sides.training[order(seed, step * batchSize + row)])),
    evaluationBatchCount: (split, batchSize) => Math.ceil(sides[split].length / batchSize),
    evaluationBatch: (split, index, batchSize) =>
      createBatch(Array.from({ length: batchSize }, (_, row) => sides[split][index * batchSize + row])),
    labelledBatch: (index, batchSize) =>
      createBatch(Array.from({ length: batchSize }, (_, row) => sides.training[index * batchSize + row])),
    preview: (seed, count) =>
      Array.from({ length: count }, (_, row) => {
        const index = sides.training[order(seed, row)]!;
        const label = dataset.classes[dataset.labels[index]!] ?? '';
        return { ...drawFrames(dataset.frames(index), dataset.manifest.options.bands), note: `Label: ${label}` };
      }),
    close: () => {
      dataset.close();
    },
  };
}

function mostFrequentClass({ dataset, sides }: LabelledRecordings): Baseline {
  const count = dataset.classes.length;
  const labelsOf = (side: Uint32Array): Int32Array => Int32Array.from(side, (index) => dataset.labels[index]!);
  const labels = labelsOf(sides.test.length > 0 ? sides.test : sides.validation);
  const majority = fitMajorityClass(labelsOf(sides.training), count);
  const probabilities = majorityProbabilities(majority, labels.length);
  const matrix = confusionMatrix(labels, mostProbable(probabilities, count), count);
  return {
    name: 'majority class',
    summary: `Always '${dataset.classes[majority.label]!}', the most frequent class of the training recordings`,
    metrics: {
      loss: logLoss(probabilities, labels, count),
      accuracy: accuracyOf(matrix),
      macroF1: macroF1(matrix),
      balancedAccuracy: balancedAccuracy(matrix),
    },
  };
}
