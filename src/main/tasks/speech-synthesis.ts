/** Speech synthesis: characters become frames of sound, with durations that are learned from recordings and their texts alone. */
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import {
  add,
  constant,
  divide,
  input,
  maximum,
  multiply,
  output,
  reshape,
  scale,
  sum,
  withScope,
} from '../graph/index.ts';
import type { Value } from '../graph/index.ts';
import { backboneOutput, declareInputs } from '../nn/pipeline.ts';
import { wavBytes } from '../data/audio/write-wav.ts';
import { drawFrames } from './audio/frames.ts';
import { labelledBatches } from './labelled/batches.ts';
import { totalBudgetOption } from './labelled/label-budget.ts';
import { splitOptions } from './labelled/split-options.ts';
import { inspectVoice } from './speech/audit.ts';
import { meanFrame, speechEvaluation } from './speech/evaluation.ts';
import type { SpeechFacts } from './speech/facts.ts';
import { DECIBELS } from './speech/mel-cepstrum.ts';
import {
  alignedDurations,
  decodedFrames,
  durationLosses,
  durationsOf,
  frameLosses,
  predictedLogDurations,
} from './speech/network.ts';
import { speechOf, spokenFrames } from './speech/spoken.ts';
import type { VoiceMaterial } from './speech/voice-material.ts';
import { openVoiceMaterial, tokensOfText } from './speech/voice-material.ts';
import type { TaskFacts, TaskSampler } from './task.ts';
import { defineTask } from './task.ts';
import { textOf } from './transcription/evaluation.ts';

const options = z.strictObject({
  longest: z.int().min(1).max(512).default(64).describe('Characters of the longest text'),
  stepFrames: z.int().min(1).max(12).default(2).describe('Frames that are made at once: 1, 2, 3, 4, 6 or 12'),
  decoderSize: z.int().min(8).max(2048).default(160).describe('State of the decoder, in each direction'),
  decoderLayers: z.int().min(1).max(4).default(1).describe('Recurrent layers of the decoder'),
  dynamicRange: z
    .number()
    .min(20)
    .max(120)
    .default(60)
    .describe('Decibels below the loudest sound from which on everything is silence'),
  ...splitOptions('recordings'),
  labelBudget: totalBudgetOption('recordings'),
  nearDuplicates: z.literal('together').default('together').describe('Recordings of one group stay on one side'),
});

export type SpeechSynthesisOptions = z.infer<typeof options>;

/** Speech may be longer than the longest recording by this. */
const ROOM = 1.25;
/** Weights of the losses beside that of the frames. */
const [DURATION_WEIGHT, ALIGNMENT_WEIGHT] = [0.5, 0.1];

defineTask<SpeechSynthesisOptions>({
  type: 'speech-synthesis',
  title: 'Speech synthesis',
  summary:
    'Speaks a text (text to speech): learns from recordings and their transcripts how each character sounds, and how long.',
  kind: 'supervised',
  data: ['audio-dataset'],
  options,
  metrics: ['melCepstralDistance', 'melError', 'lengthError', 'loss'],
  selection: { metric: 'melCepstralDistance', direction: 'minimise' },
  openSampler: (setup) => createSampler(openVoiceMaterial(setup), setup.options),
  build(context, backbone, settings, facts) {
    const { program, mode, batchSize } = context;
    const { stepFrames, decoderSize } = settings;
    const { frames: frameOptions, length, mean, deviation } = voiceOf(facts);
    const inputs = declareInputs(context);
    const { mask } = inputs;
    if (!mask) throw new LabError('bad-spec', 'speech-synthesis reads characters');
    const sequence = backboneOutput(backbone(inputs), 'sequence', 'speech-synthesis');
    const text = { sequence, mask };
    const width = stepFrames * frameOptions.bands;
    const steps = length / stepFrames;
    const ofStep = (values: readonly number[]): Value =>
      constant(
        program,
        Float32Array.from({ length: width }, (_, place) => values[place % values.length]!),
        [1, 1, width],
      );
    return withScope(program, 'head', () =>
      withScope(program, 'speech-synthesis', () => {
        const predicted = predictedLogDurations(text, decoderSize);
        if (mode !== 'training') {
          const durations = durationsOf(predicted, mask);
          const room = Math.ceil((ROOM * length) / stepFrames);
          const { frames, shares } = decodedFrames(context, text, durations, room, width, settings);
          output(program, 'spoken', add(multiply(frames, ofStep(deviation)), ofStep(mean)));
          output(program, 'durations', durations);
          if (mode === 'prediction') {
            output(program, 'alignment', shares);
            return { loss: constant(program, 0) }; // it has no recording, and does not output this
          }
        }
        const wanted = input(program, 'frames', 'float32', [batchSize, steps, width]);
        const stepMask = input(program, 'stepMask', 'float32', [batchSize, steps]);
        const weights = input(program, 'weights', 'float32', [batchSize]);
        const aligned = alignedDurations(text, wanted, stepMask);
        const { frames } = decodedFrames(context, text, aligned.durations, steps, width, settings);
        const losses = add(
          frameLosses(frames, wanted, stepMask),
          add(
            scale(durationLosses(predicted, aligned.durations, mask), DURATION_WEIGHT),
            scale(aligned.losses, ALIGNMENT_WEIGHT),
          ),
        );
        if (mode === 'evaluation') {
          output(program, 'losses', losses);
          output(program, 'melErrors', scale(frameLosses(frames, wanted, stepMask, ofStep(deviation)), DECIBELS));
        }
        const loss = divide(sum(multiply(losses, weights)), maximum(sum(weights), constant(program, 1)));
        output(program, 'loss', reshape(loss, []));
        return { loss };
      }),
    );
  },
  evaluation: ({ stepFrames }, facts) => speechEvaluation(stepFrames, voiceOf(facts)),
  baselines(_sampler, settings, setup) {
    const material = openVoiceMaterial({ ...setup, options: settings });
    try {
      return Promise.resolve([meanFrame(material, material.lines.sides)]);
    } finally {
      material.close();
    }
  },
  inspect: inspectVoice,
  demo: { form: () => 'speak-text', examples: [{ text: 'three seven', textPair: null }] },
  suggested: {
    presets: ['character-lstm'],
    suits: () => false, // transcripts are for transcription, unless a person wants a voice
    options: ({ labels }) => ({
      longest: labels.reduce((most, { name }) => Math.max(most, Array.from(name.normalize('NFC')).length), 1),
    }),
  },
  sound({ outputs, feeds, facts }, { stepFrames }) {
    const voice = voiceOf(facts);
    const read = Array.from(feeds.tokens ?? []).filter((token) => token > 0);
    const { frames } = spokenFrames(outputs, 0, read.length, stepFrames, voice);
    const { samples, rate } = speechOf(frames, voice);
    return { text: textOf(read, voice.alphabet), wav: wavBytes(samples, rate) };
  },
  async predict(model, { text = '' }, { longest, stepFrames }) {
    const facts = voiceOf(model);
    const length = model.input.kind === 'tokens' ? model.input.length : longest;
    const tokens = tokensOfText(text, facts, length);
    const mask = Float32Array.from(tokens, (token) => Number(token > 0));
    const characters = tokens.filter((token) => token > 0);
    const outputs = await model.run({ tokens, segments: new Int32Array(length), mask });
    const { frames, durations, isTruncated } = spokenFrames(outputs, 0, characters.length, stepFrames, facts);
    return [
      {
        question: 'Speech',
        choices: [],
        isTruncated,
        speech: {
          ...speechOf(frames, facts),
          frames,
          bands: facts.frames.bands,
          secondsPerFrame: facts.frames.hopMilliseconds / 1000,
          characters: Array.from(characters, (token, index) => ({
            character: facts.alphabet[token - 1] ?? '',
            frames: durations[index]!,
          })),
        },
      },
    ];
  },
});

function voiceOf({ speech }: TaskFacts): SpeechFacts {
  if (!speech) throw new LabError('corrupt', 'the run does not say what its voice was trained on');
  return speech;
}

function createSampler(material: VoiceMaterial, { longest }: SpeechSynthesisOptions): TaskSampler {
  const { lines, facts, feeds, frames } = material;
  const { alphabet, sides } = lines;
  const { trainingExample, trainingStep, labelledBatch: _inOrder, ...batches } = labelledBatches(sides, feeds);
  const scaled = (recording: number): Float32Array =>
    frames(recording).map((value, place) => {
      const band = place % facts.frames.bands;
      return (Math.max(value, facts.floor) - facts.mean[band]!) / facts.deviation[band]!;
    });
  return {
    input: { kind: 'tokens', length: longest, vocabularySize: alphabet.length + 1 },
    speech: facts,
    ...batches,
    trainingBatch: (seed, step, batchSize) => feeds(trainingStep(seed, step, batchSize)),
    preview: (seed, count) =>
      Array.from({ length: count }, (_, row) => {
        const recording = trainingExample(seed, row);
        const note = `Text: ${textOf(lines.transcript(recording), alphabet)}`;
        return { ...drawFrames(scaled(recording), facts.frames.bands), note };
      }),
    close: () => {
      material.close();
    },
  };
}
