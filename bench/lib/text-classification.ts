/** The training step of a two-class text classifier with mean pooling, whatever its network: program and optimizer of a run, no dropout. */
import { randomStream } from '../../src/shared/random.ts';
import type { Feeds } from '../../src/main/engines/engine.ts';
import { resolvePipeline } from '../../src/main/nn/index.ts';
import { findTask } from '../../src/main/tasks/task.ts';
import { createTokenBatch, writeSingle } from '../../src/main/tasks/text/token-batch.ts';
import { textClassification } from '../../src/main/tasks/text-classification.ts';
import { buildModel } from '../../src/main/training/model.ts';
import { specialTokens, syntheticTexts } from './synthetic-text.ts';
import type { Workload } from './torch-bench.ts';

export interface ClassificationSize {
  readonly batch: number;
  readonly length: number;
  readonly vocabulary: number;
  readonly classes: number;
}

const seed = 1;

function createBatch(size: ClassificationSize): Feeds {
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

/** `preset` with its options, under the head of text classification. */
export function classificationWorkload(
  size: ClassificationSize,
  pipeline: Parameters<typeof resolvePipeline>[0],
): Workload {
  const task = findTask(textClassification.type);
  const options = textClassification.options.parse({ length: size.length, pooling: 'mean', dropout: 0 });
  const input = { kind: 'tokens', length: size.length, vocabularySize: size.vocabulary } as const;
  const classes = Array.from({ length: size.classes }, (_, index) => `class ${index}`);
  const model = { task, options, pipeline: resolvePipeline(pipeline), facts: { input, classes } };
  return { program: buildModel(model, 'training', size.batch), feeds: createBatch(size) };
}
