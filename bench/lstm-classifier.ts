/**
 * A training step of text classification with one LSTM layer of 256 features: 32 texts of up to 128 tokens, two
 * classes, mean pooling, every weight trained. The program and the optimizer are those of a run, with dropout off.
 */
import { classificationWorkload } from './lib/text-classification.ts';
import { defineTorchBench } from './lib/torch-bench.ts';

const size = {
  batch: 32,
  length: 128,
  vocabulary: 8192,
  classes: 2,
  features: 256,
} as const;

export const bench = defineTorchBench({
  summary: 'training step of an LSTM classifier, with the optimizer, against PyTorch',
  size,
  workload: () =>
    classificationWorkload(size, { preset: 'lstm-lm', options: { hiddenSize: size.features, dropout: 0 } }),
});
