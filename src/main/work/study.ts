/** The summary of a study from the folders of its finished runs: resampling test examples takes too long for the lab's process. */
import { join } from 'node:path';
import { runResult } from '../../shared/spec/run/result.ts';
import type { Study, StudyResult } from '../../shared/spec/study.ts';
import { readJson, runFolder } from '../workspace/run-folder.ts';
import type { StudyCell } from '../runs/study-plan.ts';
import { finishedCell } from '../runs/study.ts';
import { summariseStudy } from '../runs/study-summary.ts';
import type { WorkContext } from './work-context.ts';

export interface StudyQuestion {
  readonly study: Study;
  readonly runs: readonly { readonly cell: StudyCell; readonly id: string }[];
}

export async function summariseStudyRuns(
  { workspace }: WorkContext,
  { study, runs }: StudyQuestion,
): Promise<StudyResult> {
  const finished = await Promise.all(
    runs.map(async ({ cell, id }) => {
      const run = runFolder(join(workspace.runs, id));
      return finishedCell(cell, await readJson(run.result, runResult), run);
    }),
  );
  return summariseStudy(study, finished);
}
