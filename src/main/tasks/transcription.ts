/** Transcription: reads an image of a line, with the CTC loss of Graves et al. 2006, which needs no positions of characters. */
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import { characterErrorRate, wordErrorRate } from '../../shared/text-distance.ts';
import { constant, divide, input, maximum, multiply, output, sizeAt, sum, withScope } from '../graph/index.ts';
import { ctcLosses, ctcTargets } from '../nn/ctc.ts';
import { denseLayer } from '../nn/layers.ts';
import { backboneOutput, declareInputs } from '../nn/pipeline.ts';
import { imageFacts, readPlanar, trainingStatistics, writePlanar } from './images/image-facts.ts';
import type { Feeds, PreviewItem, TaskSampler } from './task.ts';
import { defineTask } from './task.ts';
import { trainingOrder } from './text/example-order.ts';
import { decodeByBeam } from './transcription/ctc-decoding.ts';
import { fedTranscript, stepProbabilities, textOf, transcriptionEvaluation } from './transcription/evaluation.ts';
import type { LabelledLines } from './transcription/labelled-lines.ts';
import { openLabelledLines } from './transcription/labelled-lines.ts';

const options = z.strictObject({
  longest: z.int().min(1).max(512).default(32).describe('Characters of the longest transcript'),
  beamWidth: z
    .int()
    .min(1)
    .max(1000)
    .default(1)
    .describe('Transcripts that beam search follows when a line is read; 1 takes the likeliest path'),
  validationShare: z
    .number()
    .gt(0)
    .max(0.8)
    .default(0.1)
    .describe('Share of the lines kept for validation, where folders do not say it'),
  testShare: z.number().min(0).max(0.8).default(0.2).describe('Share of the lines kept for the test, likewise'),
  labelsInAll: z.int().min(1).optional().describe('Train on so many lines'),
});

export type TranscriptionOptions = z.infer<typeof options>;

defineTask<TranscriptionOptions>({
  type: 'transcription',
  title: 'Transcription',
  summary: 'Reads the text in the image of a line: the labels of the dataset are transcripts.',
  kind: 'supervised',
  data: ['image-dataset'],
  options,
  selection: { metric: 'characterErrorRate', direction: 'minimise' },
  openSampler: (setup) => createSampler(openLabelledLines(setup), setup.options),
  build(context, backbone, { longest }, { classes: alphabet = [] }) {
    const { program, mode, batchSize } = context;
    const sequence = backboneOutput(backbone(declareInputs(context)), 'sequence', 'transcription');
    const steps = sizeAt(sequence.shape, 1);
    if (steps < longest) {
      throw new LabError(
        'bad-spec',
        `transcription of ${longest} characters needs as many steps, twice as many if they repeat; the sequence has ${steps}. Shrink the image less from left to right`,
      );
    }
    const logits = withScope(program, 'head', () =>
      withScope(program, 'transcription', () =>
        denseLayer(sequence, 'output', alphabet.length + 1, { initialisation: 'glorot' }),
      ),
    );
    if (mode !== 'training') output(program, 'logits', logits);
    if (mode === 'prediction') return { loss: constant(program, 0) }; // it has no labels, and does not output this
    const shape = [batchSize, 2 * longest + 1];
    const losses = ctcLosses(logits, {
      places: input(program, 'places', 'int32', shape),
      skips: input(program, 'skips', 'float32', shape),
      ends: input(program, 'ends', 'float32', shape),
    });
    if (mode === 'evaluation') output(program, 'losses', losses);
    const weights = input(program, 'weights', 'float32', [batchSize]);
    const loss = divide(sum(multiply(losses, weights)), maximum(sum(weights), constant(program, 1)));
    output(program, 'loss', loss);
    return { loss };
  },
  evaluation: ({ longest, beamWidth }, { classes = [] }) => transcriptionEvaluation(classes, longest, beamWidth),
  baselines(_sampler, settings, setup) {
    const lines = openLabelledLines({ ...setup, options: settings });
    try {
      return Promise.resolve([frequentCharacter(lines)]);
    } finally {
      lines.dataset.close();
    }
  },
  async predict(model, { image, top }, { beamWidth }) {
    if (!image) throw new LabError('bad-input', 'this model needs an image');
    const feed = new Float32Array(image.pixels.length);
    writePlanar(image.pixels, image.channels, feed, 0);
    const { logits } = await model.run({ image: feed });
    if (!logits) throw new LabError('internal', "the prediction program has no output 'logits'");
    const found = decodeByBeam(stepProbabilities(logits, 0), Math.max(beamWidth, top, 16));
    const choices = found.slice(0, top).map(({ labels, logProbability }) => ({
      label: textOf(labels, model.classes ?? []),
      probability: Math.exp(logProbability),
    }));
    return [{ question: 'What does the line say?', choices }];
  },
});

function createSampler(lines: LabelledLines, { longest }: TranscriptionOptions): TaskSampler {
  const { dataset, alphabet, sides } = lines;
  const { shape } = dataset;
  const { height, width, channels } = shape;
  const order = trainingOrder(sides.training.length);

  /** Undefined stands for no line. */
  function createBatch(images: readonly (number | undefined)[]): Feeds {
    const size = height * width * channels;
    const image = new Float32Array(images.length * size);
    const weights = Float32Array.from(images, (index) => Number(index !== undefined));
    for (const [row, index] of images.entries()) {
      if (index !== undefined) writePlanar(dataset.pixels(index), channels, image, row * size);
    }
    const transcripts = images.map((index) => (index === undefined ? [] : lines.transcript(index)));
    return { image, ...ctcTargets(transcripts, longest), weights };
  }

  const trainingBatch = (seed: number, step: number, batchSize: number): Feeds =>
    createBatch(Array.from({ length: batchSize }, (_, row) => sides.training[order(seed, step * batchSize + row)]));

  return {
    input: { kind: 'image', ...shape, statistics: trainingStatistics(dataset, sides.training) },
    classes: alphabet,
    images: imageFacts(dataset),
    trainingExamples: sides.training.length,
    trainingBatch,
    evaluationBatchCount: (split, batchSize) => Math.ceil(sides[split].length / batchSize),
    evaluationBatch: (split, index, batchSize) =>
      createBatch(Array.from({ length: batchSize }, (_, row) => sides[split][index * batchSize + row])),
    preview(seed, count) {
      if (count === 0) return [];
      const feeds = trainingBatch(seed, 0, count);
      return Array.from({ length: count }, (_, row): PreviewItem => ({
        kind: 'image',
        width,
        height,
        channels,
        pixels: readPlanar(feeds.image ?? [], channels, row * height * width * channels, height * width),
        note: `Transcript: ${textOf(fedTranscript(feeds, row, 2 * longest + 1), alphabet)}`,
      }));
    },
    close: () => {
      dataset.close();
    },
  };
}

/** What can be read with closed eyes: the most frequent character, as often as an average line has characters. */
function frequentCharacter({ sides, alphabet, transcript }: LabelledLines) {
  const training = Array.from(sides.training, transcript);
  const counts = new Float64Array(alphabet.length + 1);
  for (const label of training.flat()) counts[label]! += 1;
  const frequent = counts.indexOf(Math.max(...counts));
  const length = Math.round(training.flat().length / training.length);
  const hypothesis = textOf(new Array<number>(length).fill(frequent), alphabet);
  const scored = sides.test.length > 0 ? sides.test : sides.validation;
  const pairs = Array.from(scored, (image) => ({ reference: textOf(transcript(image), alphabet), hypothesis }));
  return {
    name: 'most frequent character',
    summary: `Always '${hypothesis}', without a look at the image`,
    metrics: { characterErrorRate: characterErrorRate(pairs), wordErrorRate: wordErrorRate(pairs) },
  };
}
