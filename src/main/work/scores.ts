/** The probabilities of a classifier, looked at by class and threshold. */
import type { RunScores, RunScoresInput } from '../../shared/contract/scores.ts';
import { describeScores } from '../runs/describe-scores.ts';
import { findRun } from '../workspace/runs.ts';
import type { WorkContext } from './work-context.ts';

export async function scoresOfRun({ workspace }: WorkContext, { id, ...input }: RunScoresInput): Promise<RunScores> {
  return describeScores(await findRun(workspace, id), input);
}
