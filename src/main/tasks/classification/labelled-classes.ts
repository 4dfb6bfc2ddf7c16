/** Examples with classes: what a run is told of them, and how much each counts. */
import { LabError } from '../../../shared/errors.ts';
import { quoted } from '../../../shared/excerpt.ts';
import type { Targets } from '../../data/import/targets.ts';
import type { Side } from '../labelled/sides.ts';
import { bySide } from '../labelled/sides.ts';
import type { ExampleSides, Feeds } from '../task.ts';
import type { ClassWeighting } from './options.ts';

export interface LabelledClasses {
  readonly dataset: {
    readonly classes: readonly string[];
    /** The class of each example, an index into `classes`. */
    readonly labels: Int32Array;
  };
  readonly sides: ExampleSides;
}

/** What datasets have instead of classes, and the task that it is for. */
const otherLabels = {
  numbers: ['numbers', 'regression'],
  several: ['several labels for each example', 'multi-label'],
  tags: ['a tag for each word', 'token-classification'],
  alignments: ['pairs of sequences', 'alignment'],
} as const satisfies Readonly<Record<Targets['kind'], readonly [what: string, task: string]>>;

/** Throws `LabError('bad-input')` for a dataset without classes, or with a single one. `example` is what a person calls one, such as "recording". */
export function requireClasses(
  { classes, targets }: { readonly classes: readonly string[]; readonly targets: Targets | undefined },
  example: string,
): void {
  if (targets) {
    const [what, task] = otherLabels[targets.kind];
    throw new LabError(
      'bad-input',
      `the dataset has ${what}, not classes: take the task ${task}, or import it again with --labels classes`,
    );
  }
  if (classes.length >= 2) return;
  throw new LabError(
    'bad-input',
    `every ${example} has the label ${quoted(classes[0] ?? '')}; classification needs two`,
  );
}

/** The classes of examples. */
export function labelsOf({ labels }: LabelledClasses['dataset'], examples: Uint32Array): Int32Array {
  return Int32Array.from(examples, (example) => labels[example]!);
}

/** The classes of the examples on each side. */
export function labelsBySide({ dataset, sides }: LabelledClasses): Readonly<Record<Side, Int32Array>> {
  return bySide((side) => labelsOf(dataset, sides[side]));
}

/**
 * What an example of each class counts in the training loss. Balanced: examples / (classes · examples of the class), as
 * scikit-learn's 'balanced'; 0 for a class without training examples. Undefined where all count the same.
 */
export function classWeights({ dataset, sides }: LabelledClasses, weighting: ClassWeighting): Float32Array | undefined {
  if (weighting === 'none') return undefined;
  const counts = new Float32Array(dataset.classes.length);
  for (const label of labelsOf(dataset, sides.training)) counts[label]! += 1;
  return counts.map((count) => (count === 0 ? 0 : sides.training.length / (counts.length * count)));
}

/**
 * Feeds `labels` and `weights` [examples]; undefined stands for no example, which has weight 0.
 * @param weightOf what a class counts; 1 unless given
 */
export function classFeeds(
  { labels: known }: LabelledClasses['dataset'],
  examples: readonly (number | undefined)[],
  weightOf?: Float32Array,
): Feeds {
  const labels = Int32Array.from(examples, (example) => (example === undefined ? 0 : known[example]!));
  const weights = Float32Array.from(examples, (example, row) =>
    example === undefined ? 0 : (weightOf?.[labels[row]!] ?? 1),
  );
  return { labels, weights };
}
