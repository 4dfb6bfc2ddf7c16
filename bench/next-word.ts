/**
 * A training step of a language model: one LSTM layer over 32 windows of 128 tokens, the output layer tied to the embedding.
 * The program and the optimizer are those of a run, with dropout off and every window from an empty state.
 */
import type { Feeds } from '../src/main/engines/engine.ts';
import { resolvePipeline } from '../src/main/nn/index.ts';
import '../src/main/tasks/next-word.ts';
import { findTask } from '../src/main/tasks/task.ts';
import { buildModel } from '../src/main/training/model.ts';
import { syntheticTexts } from './lib/synthetic-text.ts';
import { defineTorchBench } from './lib/torch-bench.ts';

const size = { batch: 32, length: 128, vocabulary: 4096, features: 256 } as const;

const seed = 1;

function createBatch(): Feeds {
  const { batch, length, vocabulary } = size;
  const textOf = syntheticTexts(vocabulary, batch * length + 1, seed);
  // A stream without end: texts one after the other.
  const stream: number[] = [];
  for (let index = 0; stream.length <= batch * length; index++) stream.push(...textOf(index));
  return {
    tokens: Int32Array.from(stream.slice(0, batch * length)),
    segments: new Int32Array(batch * length),
    mask: new Float32Array(batch * length).fill(1),
    nextLabels: Int32Array.from(stream.slice(1, batch * length + 1)),
    nextWeights: new Float32Array(batch * length).fill(1),
  };
}

export const bench = defineTorchBench({
  summary: 'training step of an LSTM language model, with the optimizer, against PyTorch',
  size,
  workload() {
    const task = findTask('next-word');
    const options = task.options.parse({ length: size.length, state: 'reset', dropout: 0 });
    const pipeline = resolvePipeline({ preset: 'lstm-lm', options: { hiddenSize: size.features, dropout: 0 } });
    const input = { kind: 'tokens', length: size.length, vocabularySize: size.vocabulary } as const;
    return {
      program: buildModel({ task, options, pipeline, facts: { input } }, 'training', size.batch),
      feeds: createBatch(),
    };
  },
});
