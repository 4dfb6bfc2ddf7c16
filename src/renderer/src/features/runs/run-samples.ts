/** The answers of a run to the same examples over its training. */
import type { z } from 'zod';
import type { runsContract } from '../../../../shared/contract/runs.ts';

export type RunSamples = z.output<typeof runsContract.samples.output>;
export type SampleExample = RunSamples['examples'][number];

/**
 * The probability of the right answer at every step that has answers. An answer that is not among the likeliest ones counts as 0:
 * it is less likely than all of those.
 */
export function truthHistory(example: Pick<SampleExample, 'truth' | 'answers'>, question: number): (number | null)[] {
  const truth = example.truth[question];
  return example.answers.map((answers) => {
    const answer = answers[question];
    if (answer === undefined || truth === undefined) return null;
    return answer.choices.find(({ label }) => label === truth)?.probability ?? 0;
  });
}
