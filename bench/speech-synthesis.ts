/**
 * A training step of a voice: 16 texts of up to 40 characters with recordings of up to 3 seconds, a character LSTM, durations learned from
 * alignments that only move forward, and a bidirectional LSTM as decoder. The program and the optimizer are those of a run.
 */
import type { Feeds } from '../src/main/engines/engine.ts';
import { resolvePipeline } from '../src/main/nn/index.ts';
import { findTask } from '../src/main/tasks/task.ts';
import '../src/main/tasks/speech-synthesis.ts';
import { buildModel } from '../src/main/training/model.ts';
import { randomStream } from '../src/shared/random.ts';
import { frameOptions } from '../src/shared/spec/manifests/audio-dataset.ts';
import { defineTorchBench } from './lib/torch-bench.ts';

const size = {
  batch: 16,
  characters: 40,
  vocabulary: 28,
  bands: 64,
  stepFrames: 2,
  steps: 120,
  features: 96,
  kernel: 5,
  decoder: 160,
} as const;

const seed = 1;
/** Steps that a character lasts in the recordings: they are as long as their texts. */
const stepsOfCharacter = 3;

function createBatch(): Feeds {
  const { batch, characters, vocabulary, bands, stepFrames, steps } = size;
  const width = bands * stepFrames;
  const stream = randomStream(seed);
  const tokens = new Int32Array(batch * characters);
  const mask = new Float32Array(batch * characters);
  const frames = new Float32Array(batch * steps * width);
  const stepMask = new Float32Array(batch * steps);
  for (let row = 0; row < batch; row += 1) {
    const length = characters / 2 + stream.integer(characters / 2 + 1);
    for (let place = 0; place < length; place += 1) {
      tokens[row * characters + place] = 1 + stream.integer(vocabulary - 1);
      mask[row * characters + place] = 1;
    }
    for (let step = 0; step < length * stepsOfCharacter; step += 1) {
      stepMask[row * steps + step] = 1;
      const from = (row * steps + step) * width;
      for (let feature = 0; feature < width; feature += 1) frames[from + feature] = stream.normal();
    }
  }
  const segments = new Int32Array(batch * characters);
  return { tokens, segments, mask, frames, stepMask, weights: new Float32Array(batch).fill(1) };
}

export const bench = defineTorchBench({
  summary: 'training step of a voice with learned durations, with the optimizer, against PyTorch',
  size,
  workload() {
    const task = findTask('speech-synthesis');
    const { characters, vocabulary, bands, stepFrames, steps } = size;
    const options = task.options.parse({ longest: characters, stepFrames, decoderSize: size.decoder });
    const pipeline = resolvePipeline({
      preset: 'character-lstm',
      options: { hiddenSize: size.features, kernel: size.kernel },
    });
    const input = { kind: 'tokens', length: characters, vocabularySize: vocabulary } as const;
    const speech = {
      alphabet: Array.from({ length: vocabulary - 1 }, (_, index) => String.fromCodePoint(97 + index)),
      length: steps * stepFrames,
      frames: frameOptions.parse({ bands, normalise: false }),
      mean: Array.from({ length: bands }, () => 0),
      deviation: Array.from({ length: bands }, () => 1),
      floor: -10,
    };
    const model = { task, options, pipeline, facts: { input, speech } };
    return { program: buildModel(model, 'training', size.batch), feeds: createBatch() };
  },
});
