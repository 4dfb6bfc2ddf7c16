/** The batches of a labelled dataset, which every labelled task draws alike; what it feeds of its examples is its own. */
import type { Feeds, TaskSampler } from '../task.ts';
import type { ExampleSides } from '../task.ts';
import { trainingOrder } from '../text/example-order.ts';

/** Feeds of so many examples; undefined stands for none, which fills up a last batch. */
export type MakeBatch = (examples: readonly (number | undefined)[]) => Feeds;

export interface LabelledBatches extends Pick<
  TaskSampler,
  'trainingExamples' | 'evaluationBatchCount' | 'evaluationBatch' | 'labelledBatch'
> {
  readonly sides: ExampleSides;
  /** Which training example comes as number `counter`: a new permutation of all of them in each epoch. */
  trainingExample(this: void, seed: number, counter: number): number;
  /** The examples of a training step, in random order. */
  trainingStep(this: void, seed: number, step: number, batchSize: number): readonly number[];
}

export function labelledBatches(sides: ExampleSides, batch: MakeBatch): LabelledBatches {
  const order = trainingOrder(sides.training.length);
  const trainingExample = (seed: number, counter: number): number => sides.training[order(seed, counter)]!;
  const rows = (examples: Uint32Array, index: number, batchSize: number): (number | undefined)[] =>
    Array.from({ length: batchSize }, (_, row) => examples[index * batchSize + row]);
  return {
    sides,
    trainingExamples: sides.training.length,
    trainingExample,
    trainingStep: (seed, step, batchSize) =>
      Array.from({ length: batchSize }, (_, row) => trainingExample(seed, step * batchSize + row)),
    evaluationBatchCount: (split, batchSize) => Math.ceil(sides[split].length / batchSize),
    evaluationBatch: (split, index, batchSize) => batch(rows(sides[split], index, batchSize)),
    labelledBatch: (index, batchSize) => batch(rows(sides.training, index, batchSize)),
  };
}
