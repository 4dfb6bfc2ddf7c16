/**
 * A training step of token classification with a CRF on bert-mini: 32 sentences of up to 64 words, 17 tags, every weight
 * trained. The program and the optimizer are those of a run, with dropout off.
 */
import { randomStream } from '../src/shared/random.ts';
import type { Feeds } from '../src/main/engines/engine.ts';
import { resolvePipeline } from '../src/main/nn/index.ts';
import { findTask } from '../src/main/tasks/task.ts';
import { createTokenBatch, writeSingle } from '../src/main/tasks/text/token-batch.ts';
import '../src/main/tasks/token-classification.ts';
import { buildModel } from '../src/main/training/model.ts';
import { specialTokens, syntheticTexts } from './lib/synthetic-text.ts';
import { defineTorchBench } from './lib/torch-bench.ts';

const size = {
  batch: 32,
  length: 128,
  words: 64,
  tags: 17,
  vocabulary: 8192,
  layers: 4,
  features: 256,
  heads: 4,
  feedForward: 1024,
  maximumLength: 512,
} as const;

const seed = 1;

/** A word of one or two pieces each, as many as fit. */
function createBatch(): Feeds {
  const { batch: rows, length, words, tags: tagCount } = size;
  const textOf = syntheticTexts(size.vocabulary, length - 2, seed);
  const batch = createTokenBatch(rows, length, specialTokens);
  const stream = randomStream(seed);
  const wordPositions = new Int32Array(rows * words);
  const tags = new Int32Array(rows * words);
  const wordMask = new Float32Array(rows * words);
  for (let row = 0; row < rows; row += 1) {
    const text = textOf(row);
    writeSingle(batch, row, text, specialTokens);
    let position = 1; // behind the mark that texts begin with
    for (let word = 0; word < words && position <= text.length; word += 1) {
      wordPositions[row * words + word] = position;
      tags[row * words + word] = stream.integer(tagCount);
      wordMask[row * words + word] = 1;
      position += 1 + stream.integer(2);
    }
  }
  const { tokens, segments, mask } = batch;
  return { tokens, segments, mask, wordPositions, tags, wordMask, weights: new Float32Array(rows).fill(1) };
}

export const bench = defineTorchBench({
  summary: 'training step of tagging with a CRF on bert-mini, with the optimizer, against PyTorch',
  size,
  workload() {
    const task = findTask('token-classification');
    const options = task.options.parse({ length: size.length, words: size.words, decoder: 'crf', dropout: 0 });
    const pipeline = resolvePipeline({ preset: 'bert-mini', options: { dropout: 0 } });
    const input = { kind: 'tokens', length: size.length, vocabularySize: size.vocabulary } as const;
    const tags = Array.from({ length: size.tags }, (_, index) => `tag ${index}`);
    const model = { task, options, pipeline, facts: { input, tags } };
    return { program: buildModel(model, 'training', size.batch), feeds: createBatch() };
  },
});
