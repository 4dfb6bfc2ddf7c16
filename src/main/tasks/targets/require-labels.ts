/** What the labels of a dataset are is decided when it is imported; a task that needs others says so. */
import { LabError } from '../../../shared/errors.ts';
import type { Targets } from '../../data/import/targets.ts';

interface Labelled {
  readonly classes: readonly string[];
  readonly targets: Targets | undefined;
}

const words = {
  numbers: 'numbers',
  several: 'several labels for each example',
  tags: 'a tag for each word',
  alignments: 'pairs of sequences',
} as const satisfies Readonly<Record<Targets['kind'], string>>;

/**
 * The numbers of every example. Classes whose names are all numbers, such as ratings, are taken for them.
 * Throws `LabError('bad-input')` for other labels.
 */
export function requireNumbers(
  { classes, targets, labels }: Labelled & { readonly labels: Int32Array },
  folder: string,
): Extract<Targets, { kind: 'numbers' }> {
  if (targets?.kind === 'numbers') return targets;
  const numbers = classes.map((name) => (name.trim() === '' ? Number.NaN : Number(name)));
  const other = targets ? undefined : classes[numbers.findIndex((value) => !Number.isFinite(value))];
  if (targets || other !== undefined) {
    const what = targets ? `has ${words[targets.kind]}` : `has the class '${other ?? ''}', which is no number`;
    throw new LabError(
      'bad-input',
      `regression needs numbers, and the dataset in ${folder} ${what}: import it with --labels numbers and the column that has them`,
    );
  }
  return { kind: 'numbers', names: ['label'], values: Float64Array.from(labels, (label) => numbers[label]!) };
}

/** Throws `LabError('bad-input')` for a dataset whose examples have one class or numbers. */
export function requireSeveral({ targets }: Labelled, folder: string): Extract<Targets, { kind: 'several' }> {
  if (targets?.kind === 'several') return targets;
  throw new LabError(
    'bad-input',
    `several labels for each example are wanted, and the dataset in ${folder} has ${targets ? words[targets.kind] : 'one class each'}: import it with --labels several`,
  );
}
