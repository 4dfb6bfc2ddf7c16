/**
 * A training step of masked words on bert-mini: 32 sequences of 128 tokens, a vocabulary of 8192, 20 predictions a
 * sequence. The program, the batch and the optimizer are those of a run, with dropout off.
 */
import { resolvePipeline } from '../src/main/nn/index.ts';
import { maskedWords } from '../src/main/tasks/masked-words.ts';
import { findTask } from '../src/main/tasks/task.ts';
import { createMasker, predictionCount } from '../src/main/tasks/text/masking.ts';
import { createPretextSampler } from '../src/main/tasks/text/pretext-sampler.ts';
import type { ExampleSource } from '../src/main/tasks/text/pretext-sampler.ts';
import { writeSingle } from '../src/main/tasks/text/token-batch.ts';
import type { TaskSampler } from '../src/main/tasks/task.ts';
import { buildModel } from '../src/main/training/model.ts';
import { specialCount, specialTokens, syntheticTexts } from './lib/synthetic-text.ts';
import { defineTorchBench } from './lib/torch-bench.ts';

const size = {
  batch: 32,
  length: 128,
  vocabulary: 8192,
  predictions: 20,
  layers: 4,
  features: 256,
  heads: 4,
  feedForward: 1024,
  maximumLength: 512,
} as const;

const corpusTexts = 100_000;
const seed = 1;
const taskOptions = { length: size.length, maskProbability: 0.16, maximumPredictions: size.predictions };

/** The task's own sampler, over texts that are made up instead of read from a corpus. */
function openSampler(): TaskSampler {
  const textOf = syntheticTexts(size.vocabulary, size.length - 2, seed);
  const source: ExampleSource = {
    count: corpusTexts,
    write: (batch, row, index) => writeSingle(batch, row, textOf(index), specialTokens),
  };
  const masking = {
    share: 0.16,
    maximumPredictions: size.predictions,
    wholeWords: false,
    keepProbability: 0.1,
    randomProbability: 0.1,
  };
  const vocabulary = {
    size: size.vocabulary,
    special: specialTokens,
    continuation: new Uint8Array(size.vocabulary),
    reserved: Uint32Array.from({ length: specialCount }, (_, id) => id),
  };
  const masked = { mask: createMasker(vocabulary, masking), places: predictionCount(size.length, masking) };
  return createPretextSampler({
    sources: { training: source, validation: source, test: source },
    length: size.length,
    vocabularySize: size.vocabulary,
    special: specialTokens,
    splitSeed: seed,
    evaluationExamples: 1,
    masking: { training: masked, evaluation: masked },
    describe: () => ({ kind: 'text', text: '' }),
    close: () => undefined,
  });
}

export const bench = defineTorchBench({
  summary: 'masked-word training step of bert-mini, with the optimizer, against PyTorch',
  size,
  workload() {
    const task = findTask(maskedWords.type);
    const sampler = openSampler();
    const pipeline = resolvePipeline({ preset: 'bert-mini', options: { dropout: 0 } });
    const model = { task, options: maskedWords.options.parse(taskOptions), pipeline, facts: { input: sampler.input } };
    return {
      program: buildModel(model, 'training', size.batch),
      feeds: sampler.trainingBatch(seed, 0, size.batch),
      nextBatch: (step) => sampler.trainingBatch(seed, step, size.batch),
    };
  },
});
