/** Which examples of its dataset a run has answered, so that an error leads to its example, whatever has been edited since. */
import type { AnsweredRun } from '../../shared/study/answered-run.ts';
import { answeredExamples } from '../../shared/study/answered-run.ts';
import { importedNumbers } from '../data/editing/imported-numbers.ts';
import type { EvaluationSplit } from '../tasks/index.ts';
import type { AnsweredExamples } from './answers-file.ts';
import type { PreparedRun } from './prepare.ts';

/** Undefined for a run on a corpus, and where several rows are of one example. Throws `LabError('corrupt')`. */
export function importedPlaces(
  { sampler, material: { folder, kind } }: Pick<PreparedRun, 'sampler' | 'material'>,
  split: EvaluationSplit,
  answers: AnsweredRun,
): AnsweredExamples | undefined {
  const numbers = sampler.sides?.[split];
  const count = answeredExamples(answers);
  if (!numbers || answers.kind === 'tags' || count > numbers.length) return undefined;
  const { originalHash, placeOf } = importedNumbers(folder, kind);
  return { originalHash, places: Uint32Array.from(numbers.subarray(0, count), placeOf) };
}
