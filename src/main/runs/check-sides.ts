/**
 * The classes on each side of a split, before anything is trained: a side without examples, or a class that is never tested,
 * is found here and not after the last run of a study.
 */
import { plural } from '../../shared/display.ts';
import { LabError } from '../../shared/errors.ts';
import type { TaskSampler } from '../tasks/index.ts';

export interface ClassSides {
  readonly name: string;
  readonly training: number;
  readonly validation: number;
  readonly test: number;
}

/** With fewer test examples, an accuracy of a class has an interval as wide as chance. */
const FEW_TEST_EXAMPLES = 10;
const NAMED = 5;
const sideNames = ['training', 'validation', 'test'] as const;

/** Undefined for tasks without classes. */
export function classSides({ sides, labels, classes }: TaskSampler): ClassSides[] | undefined {
  if (sides === undefined || labels === undefined || classes === undefined) return undefined;
  const counts = classes.map((name) => ({ name, training: 0, validation: 0, test: 0 }));
  for (const side of sideNames) for (const example of sides[side]) counts[labels[example]!]![side] += 1;
  return counts;
}

function named(classes: readonly ClassSides[]): string {
  const names = classes.slice(0, NAMED).map(({ name }) => `“${name}”`);
  return `${names.join(', ')}${classes.length > NAMED ? ` and ${classes.length - NAMED} more` : ''}`;
}

/**
 * Throws `LabError('bad-spec')` where a side has no example although it should, or a class has none to train on, or to test
 * while others have.
 */
export function requireExamples(sampler: TaskSampler, testFraction: unknown): void {
  const { sides } = sampler;
  if (sides === undefined) return;
  const total = sides.training.length + sides.validation.length + sides.test.length;
  const wantsTest = testFraction !== 0;
  for (const side of sideNames) {
    if (sides[side].length > 0 || (side === 'test' && !wantsTest)) continue;
    const share = side === 'training' ? 'task.validationFraction and task.testFraction' : `task.${side}Fraction`;
    const remedy = `Import more, ${side === 'training' ? 'lower' : 'raise'} ${share}${side === 'test' ? ', or set it to 0 for no test at all' : ''}`;
    const examples = plural(total, 'example');
    throw new LabError('bad-spec', `The ${side} side has none of the ${examples}. ${remedy}`, { side, total });
  }
  const untested = wantsTest ? (classSides(sampler) ?? []).filter(({ test }) => test === 0) : [];
  if (untested.length === 0) return;
  const have = untested.length === 1 ? 'has' : 'have';
  throw new LabError(
    'bad-spec',
    `${untested.length === 1 ? 'The class' : 'The classes'} ${named(untested)} ${have} no test example, so nothing could be said of ${untested.length === 1 ? 'it' : 'them'}. Import more of ${untested.length === 1 ? 'it' : 'them'}, merge or drop ${untested.length === 1 ? 'it' : 'them'}, raise task.testFraction, or set it to 0 for no test at all`,
    { classes: untested.map(({ name }) => name) },
  );
}

/** What will be hard to measure, for a person. */
export function sideWarnings(classes: readonly ClassSides[]): string[] {
  const few = classes.filter(({ test }) => test > 0 && test < FEW_TEST_EXAMPLES);
  const untrained = classes.filter(({ training }) => training === 0);
  return [
    ...(untrained.length === 0 ? [] : [`No training example of ${named(untrained)}: what is said of it is chance`]),
    ...(few.length === 0
      ? []
      : [
          `Fewer than ${FEW_TEST_EXAMPLES} test examples of ${named(few)}: intervals will be too wide to tell anything`,
        ]),
  ];
}
