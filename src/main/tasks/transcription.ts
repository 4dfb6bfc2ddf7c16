/** Transcription: reads the image of a line or a recording, with the CTC loss of Graves et al. 2006, which needs no positions of characters. */
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import { characterErrorRate, wordErrorRate } from '../../shared/text-distance.ts';
import { constant, divide, input, maximum, multiply, output, scale, sizeAt, sum, withScope } from '../graph/index.ts';
import { ctcLosses, ctcTargets } from '../nn/ctc.ts';
import { denseLayer } from '../nn/layers.ts';
import { backboneOutput, declareInputs } from '../nn/pipeline.ts';
import { queryFeeds } from './audio/frames.ts';
import { writePlanar } from './images/image-facts.ts';
import { labelledBatches } from './labelled/batches.ts';
import { totalBudgetOption } from './labelled/label-budget.ts';
import { scoredSide } from './labelled/sides.ts';
import type { Feeds, PredictionQuery, TaskFacts, TaskSampler } from './task.ts';
import { defineTask } from './task.ts';
import { decodeByBeam } from './transcription/ctc-decoding.ts';
import { stepProbabilities, textOf, transcriptionEvaluation } from './transcription/evaluation.ts';
import type { LabelledLines } from './transcription/labelled-lines.ts';
import { openLabelledLines } from './transcription/labelled-lines.ts';
import { transcriptAnswers } from './transcription/answers.ts';
import { areTranscripts } from './label-variety.ts';

const options = z.strictObject({
  longest: z.int().min(1).max(512).default(32).describe('Characters of the longest transcript'),
  beamWidth: z
    .int()
    .min(1)
    .max(1000)
    .default(1)
    .describe('Transcripts that beam search follows when a line is read; 1 takes the likeliest path'),
  validationFraction: z
    .number()
    .gt(0)
    .max(0.8)
    .default(0.1)
    .describe('Share of the lines kept for validation, where folders do not say it'),
  testFraction: z.number().min(0).max(0.8).default(0.2).describe('Share of the lines kept for the test, likewise'),
  labelBudget: totalBudgetOption('lines'),
  nearDuplicates: z
    .enum(['together', 'anywhere'])
    .default('together')
    .describe(
      'Images of lines that look alike stay on one side of the split, and folders that share some are refused; anywhere allows it, and flatters the test',
    ),
});

export type TranscriptionOptions = z.infer<typeof options>;

defineTask<TranscriptionOptions>({
  type: 'transcription',
  title: 'Transcription',
  summary: 'Writes down what the image of a line or a recording says: the labels of the dataset are transcripts.',
  kind: 'supervised',
  data: ['image-dataset', 'audio-dataset'],
  options,
  metrics: ['characterErrorRate', 'wordErrorRate', 'accuracy', 'loss'],
  selection: { metric: 'characterErrorRate', direction: 'minimise' },
  openSampler: (setup) => createSampler(openLabelledLines(setup), setup.options),
  build(context, backbone, { longest }, { classes: alphabet = [] }) {
    const { program, mode, batchSize } = context;
    const inputs = declareInputs(context);
    const sequence = backboneOutput(backbone(inputs), 'sequence', 'transcription');
    const steps = sizeAt(sequence.shape, 1);
    if (steps < longest) {
      throw new LabError(
        'bad-spec',
        `transcription of ${longest} characters needs as many steps, twice as many if they repeat; the sequence has ${steps}. Shrink the image less from left to right, or stack fewer frames`,
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
    const targets = {
      places: input(program, 'places', 'int32', shape),
      skips: input(program, 'skips', 'float32', shape),
      ends: input(program, 'ends', 'float32', shape),
    };
    const { mask } = inputs; // recordings have one
    const lengths = mask && scale(sum(mask, [1]), steps / sizeAt(mask.shape, 1));
    const losses = ctcLosses(logits, targets, lengths);
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
      lines.material.close();
    }
  },
  answers: transcriptAnswers,
  demo: { form: (input) => (input === 'frames' ? 'transcribe-sound' : 'transcribe-image') },
  suggested: {
    presets: ['crnn', 'speech-lstm'], // it needs a network that gives a sequence
    suits: areTranscripts,
    options: ({ labels }) => {
      const longest = labels.reduce((most, { name }) => Math.max(most, Array.from(name.normalize('NFC')).length), 1);
      return { longest };
    },
    fewLabels: { steps: 100, batchSize: 32, learningRate: 1e-3, budget: 'total' },
  },
  async predict(model, query, { beamWidth }) {
    const { top } = query;
    const feeds = questionFeeds(query, model);
    const { logits } = await model.run(feeds);
    if (!logits) throw new LabError('internal', "the prediction program has no output 'logits'");
    const found = decodeByBeam(stepProbabilities(logits, 0, feeds.mask), Math.max(beamWidth, top, 16));
    const choices = found.slice(0, top).map(({ labels, logProbability }) => ({
      label: textOf(labels, model.classes ?? []),
      probability: Math.exp(logProbability),
    }));
    return [{ question: query.recording ? 'What is said?' : 'What does the line say?', choices }];
  },
});

function questionFeeds(query: PredictionQuery, { input }: TaskFacts): Feeds {
  if (input.kind === 'frames') return queryFeeds(query, input);
  const { image } = query;
  if (!image) throw new LabError('bad-input', 'this model needs an image');
  const feed = new Float32Array(image.pixels.length);
  writePlanar(image.pixels, image.channels, feed, 0);
  return { image: feed };
}

function createSampler(lines: LabelledLines, { longest }: TranscriptionOptions): TaskSampler {
  const { material, alphabet, sides } = lines;

  /** Undefined stands for no line. */
  function createBatch(chosen: readonly (number | undefined)[]): Feeds {
    const weights = Float32Array.from(chosen, (line) => Number(line !== undefined));
    const transcripts = chosen.map((line) => (line === undefined ? [] : lines.transcript(line)));
    return { ...material.feeds(chosen), ...ctcTargets(transcripts, longest), weights };
  }

  const { trainingExample, trainingStep, labelledBatch: _inOrder, ...batches } = labelledBatches(sides, createBatch);
  return {
    ...material.facts(sides.training),
    classes: alphabet,
    ...batches,
    trainingBatch: (seed, step, batchSize) => createBatch(trainingStep(seed, step, batchSize)),
    preview: (seed, count) =>
      Array.from({ length: count }, (_, row) => {
        const line = trainingExample(seed, row);
        return material.preview(line, `Transcript: ${textOf(lines.transcript(line), alphabet)}`);
      }),
    close: () => {
      material.close();
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
  const scored = scoredSide(sides);
  const pairs = Array.from(scored, (image) => ({ reference: textOf(transcript(image), alphabet), hypothesis }));
  return {
    name: 'most frequent character',
    summary: `Always '${hypothesis}', without a look at the image`,
    metrics: { characterErrorRate: characterErrorRate(pairs), wordErrorRate: wordErrorRate(pairs) },
  };
}
