/** A dataset of one kind, whose examples have numbers or several labels, as tasks read it. */
import type { Targets } from '../../data/import/targets.ts';
import type { Split } from '../../data/split.ts';
import type { LabelSets } from '../../data/split-labels.ts';
import type { ClassicalFeatures } from '../linear/linear-method.ts';
import type { ExampleSides, Feeds, PreviewItem, TaskFacts } from '../task.ts';

export interface TargetSource {
  readonly size: number;
  readonly classes: readonly string[];
  readonly labels: Int32Array;
  readonly targets: Targets | undefined;
  readonly contentHash: string;
  /** Several labels are on every side in proportion; numbers are drawn as they come. */
  split(seed: number, fractions: { readonly validation: number; readonly test: number }): Split;
  facts(training: Uint32Array): Pick<TaskFacts, 'input' | 'images' | 'audio'>;
  /** What the network reads of examples; undefined stands for none. */
  feeds(examples: readonly (number | undefined)[]): Feeds;
  /** The same with the random changes of training. */
  trainingFeeds(examples: readonly number[], seed: number, step: number, training: Uint32Array): Feeds;
  preview(example: number, note: string): PreviewItem;
  /** What classical methods read of examples. */
  classical(sides: ExampleSides): readonly ClassicalFeatures[];
  close(): void;
}

/** Several labels, by which a split is drawn. */
export function labelSetsOf(targets: Targets | undefined): LabelSets | undefined {
  return targets?.kind === 'several' ? { count: targets.names.length, values: targets.values } : undefined;
}
