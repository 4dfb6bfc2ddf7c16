/**
 * A training step of text classification on bert-mini, as fine-tuning takes it: 32 texts of up to 128 tokens, two
 * classes, mean pooling, every weight trained. The program and the optimizer are those of a run, with dropout off.
 */
import { classificationWorkload } from './lib/text-classification.ts';
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

export const bench = defineTorchBench({
  summary: 'fine-tuning step of bert-mini with two classes, with the optimizer, against PyTorch',
  size,
  workload: () => classificationWorkload(size, { preset: 'bert-mini', options: { dropout: 0 } }),
});
