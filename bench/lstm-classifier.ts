/**
 * A training step of text classification with one LSTM layer of 256 features: 32 texts of up to 128 tokens, two
 * classes, mean pooling, every weight trained. The program and the optimizer are those of a run, with dropout off.
 */
import { randomStream } from '../src/shared/random.ts';
import type { Feeds } from '../src/main/engines/engine.ts';
import { resolvePipeline } from '../src/main/nn/index.ts';
import { findTask } from '../src/main/tasks/task.ts';
import { createTokenBatch, writeSingle } from '../src/main/tasks/text/token-batch.ts';
import { textClassification } from '../src/main/tasks/text-classification.ts';
import { buildModel } from '../src/main/training/model.ts';
import { specialTokens, syntheticTexts } from './lib/synthetic-text.ts';
import { defineTorchBench } from './lib/torch-bench.ts';

const size = {
  batch: 32,
  length: 128,
  vocabulary: 8192,
  classes: 2,
  features: 256,
} as const;

const seed = 1;

function createBatch(): Feeds {
  const textOf = syntheticTexts(size.vocabulary, size.length - 2, seed);
  const batch = createTokenBatch(size.batch, size.length, specialTokens);
  for (let row = 0; row < size.batch; row++) writeSingle(batch, row, textOf(row), specialTokens);
  const stream = randomStream(seed);
  const { tokens, segments, mask } = batch;
  return {
    tokens,
    segments,
    mask,
    labels: Int32Array.from({ length: size.batch }, () => stream.integer(size.classes)),
    weights: new Float32Array(size.batch).fill(1),
  };
}

export const bench = defineTorchBench({
  summary: 'training step of an LSTM classifier, with the optimizer, against PyTorch',
  size,
  workload() {
    const task = findTask(textClassification.type);
    const options = textClassification.options.parse({ length: size.length, pooling: 'mean', dropout: 0 });
    const pipeline = resolvePipeline({ preset: 'lstm-lm', options: { features: size.features, dropout: 0 } });
    const input = { kind: 'tokens', length: size.length, vocabularySize: size.vocabulary } as const;
    const classes = Array.from({ length: size.classes }, (_, index) => `class ${index}`);
    const model = { task, options, pipeline, facts: { input, classes } };
    return { program: buildModel(model, 'training', size.batch), feeds: createBatch() };
  },
});
