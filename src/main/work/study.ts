/** The summary of a study from the folders of its finished runs: resampling test examples takes too long for the lab's process. */
import { join } from 'node:path';
import { runResult } from '../../shared/spec/run/result.ts';
import type { Study, StudyResult } from '../../shared/spec/study.ts';
import { someAtOnce } from '../files/many.ts';
import { readJson, runFolder } from '../workspace/run-folder.ts';
import type { MeasuredCell } from '../runs/study.ts';
import { finishedCell } from '../runs/study.ts';
import { summariseStudy } from '../runs/study-summary.ts';
import type { WorkContext } from './work-context.ts';

export interface StudyQuestion {
  readonly study: Study;
  readonly runs: readonly { readonly cell: MeasuredCell; readonly id: string }[];
}

export async function summariseStudyRuns(
  { workspace }: WorkContext,
  { study, runs }: StudyQuestion,
): Promise<StudyResult> {
  const finished = await someAtOnce(runs, async ({ cell, id }) => {
    const run = runFolder(join(workspace.runs, id));
    return finishedCell(cell, await readJson(run.result, runResult), run);
  });
  return summariseStudy(study, finished);
}
