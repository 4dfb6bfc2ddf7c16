/**
 * A training step of text classification on bert-mini, as fine-tuning takes it: 32 texts of up to 128 tokens, two
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
  layers: 4,
  features: 256,
  heads: 4,
  feedForward: 1024,
  maximumLength: 512,
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
  summary: 'fine-tuning step of bert-mini with two classes, with the optimizer, against PyTorch',
  size,
  workload() {
    const task = findTask(textClassification.type);
    const options = textClassification.options.parse({ length: size.length, pooling: 'mean', dropout: 0 });
    const pipeline = resolvePipeline({ preset: 'bert-mini', options: { dropout: 0 } });
    const input = { kind: 'tokens', length: size.length, vocabularySize: size.vocabulary } as const;
    const classes = Array.from({ length: size.classes }, (_, index) => `class ${index}`);
    const model = { task, options, pipeline, facts: { input, classes } };
    return { program: buildModel(model, 'training', size.batch), feeds: createBatch() };
  },
});
