/** The summary of a study from the folders of its finished runs: resampling test examples takes too long for the lab's process. */
import { join } from 'node:path';
import { runResult } from '../../shared/spec/run/result.ts';
import type { Study, StudyResult } from '../../shared/spec/study.ts';
import { readJson, runFolder } from '../workspace/run-folder.ts';
import type { FinishedCell } from '../runs/study-summary.ts';
import type { MeasuredCell } from '../runs/study.ts';
import { finishedCell } from '../runs/study.ts';
import { summariseStudy } from '../runs/study-summary.ts';
import type { WorkContext } from './work-context.ts';

export interface StudyQuestion {
  readonly study: Study;
  readonly runs: readonly { readonly cell: MeasuredCell; readonly id: string }[];
}

const readAtOnce = 64;

export async function summariseStudyRuns(
  { workspace }: WorkContext,
  { study, runs }: StudyQuestion,
): Promise<StudyResult> {
  const finished: FinishedCell[] = [];
  // Some at a time: a process may have a thousand files open, and a study thousands of runs.
  for (let start = 0; start < runs.length; start += readAtOnce) {
    const some = runs.slice(start, start + readAtOnce).map(async ({ cell, id }) => {
      const run = runFolder(join(workspace.runs, id));
      return finishedCell(cell, await readJson(run.result, runResult), run);
    });
    finished.push(...(await Promise.all(some)));
  }
  return summariseStudy(study, finished);
}
