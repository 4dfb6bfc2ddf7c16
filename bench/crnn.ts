/** A training step of transcription: 16 lines of 3 to 8 characters, 32 × 192 pixels, read by our preset crnn with CTC. */
import { randomStream } from '../src/shared/random.ts';
import type { Feeds } from '../src/main/engines/engine.ts';
import { ctcTargets } from '../src/main/nn/ctc.ts';
import { resolvePipeline } from '../src/main/nn/index.ts';
import { findTask } from '../src/main/tasks/task.ts';
import '../src/main/tasks/transcription.ts';
import { buildModel } from '../src/main/training/model.ts';
import { defineTorchBench } from './lib/torch-bench.ts';

const size = { batch: 16, height: 32, pixels: 192, width: 16, features: 64, characters: 10, longest: 8 } as const;

const seed = 1;

function createBatch(): Feeds {
  const stream = randomStream(seed);
  const { batch, height, pixels, characters, longest } = size;
  const transcripts = Array.from({ length: batch }, () =>
    Array.from({ length: 3 + stream.integer(longest - 2) }, () => 1 + stream.integer(characters)),
  );
  return {
    image: Float32Array.from({ length: batch * height * pixels }, () => stream.uniform()),
    ...ctcTargets(transcripts, longest),
    weights: new Float32Array(batch).fill(1),
  };
}

export const bench = defineTorchBench({
  summary: 'training step of a CRNN with CTC on lines of characters, with the optimizer, against PyTorch',
  size,
  workload() {
    const task = findTask('transcription');
    const options = task.options.parse({ longest: size.longest });
    const pipeline = resolvePipeline({ preset: 'crnn', options: { width: size.width, hiddenSize: size.features } });
    const statistics = { mean: [0.5], standardDeviation: [0.29] };
    const input = { kind: 'image', height: size.height, width: size.pixels, channels: 1, statistics } as const;
    const classes = Array.from({ length: size.characters }, (_, index) => String(index));
    const model = { task, options, pipeline, facts: { input, classes } };
    return { program: buildModel(model, 'training', size.batch), feeds: createBatch() };
  },
});
