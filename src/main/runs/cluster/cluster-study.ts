/** A study that other computers do: how it stands, by the shared folder and by the scheduler, and how it is cancelled. */
import { writeFile } from 'node:fs/promises';
import { LabError } from '../../../shared/errors.ts';
import { fileExists } from '../../files/file-exists.ts';
import { ownerOfLock } from '../../files/process-lock.ts';
import type { CellFailure, WorkCell } from '../../workspace/work-folder.ts';
import {
  isLeftOut,
  readFailure,
  readFutility,
  readPlan,
  readWorkState,
  workFolderOf,
} from '../../workspace/work-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { JobStates } from './job-states.ts';
import { pollJobs } from './job-states.ts';
import type { Submission } from './jobs-file.ts';
import { readSubmission } from './jobs-file.ts';
import type { RunCommand } from './run-command.ts';
import { runCommand } from './run-command.ts';
import { cancelCommand } from './submit.ts';
import { join } from 'node:path';

/** Left out: the study has stopped for futility before its seed. */
export type CellState = 'waiting' | 'running' | 'lost' | 'done' | 'failed' | 'left out';

export interface CellStatus extends Pick<WorkCell, 'id' | 'condition' | 'arm' | 'seed'> {
  readonly state: CellState;
  readonly failure?: CellFailure | undefined;
  /** The computer that trains it. */
  readonly host?: string | undefined;
}

export interface ClusterStudy {
  readonly study: string;
  readonly submission: Submission | undefined;
  readonly jobs: JobStates;
  readonly cancelled: boolean;
  readonly cells: readonly CellStatus[];
}

/** Undefined for a study that was never laid out for other computers. */
export async function readClusterStudy(
  workspace: Workspace,
  study: string,
  run: RunCommand = runCommand,
): Promise<ClusterStudy | undefined> {
  const folder = workFolderOf(workspace, study);
  if (!(await fileExists(folder.plan))) return undefined;
  const [plan, state, submission, answer] = await Promise.all([
    readPlan(folder),
    readWorkState(folder),
    readSubmission(folder),
    readFutility(folder),
  ]);
  const jobs: JobStates = submission ? await pollJobs(submission, run) : { elements: [], problem: null };
  const statuses = await Promise.all(
    plan.cells.map(async (cell): Promise<CellStatus> => {
      const { key, id, condition, arm, seed } = cell;
      const about = { id, condition, arm, seed };
      if (state.done.has(key)) return { ...about, state: 'done' };
      if (state.failed.has(key)) return { ...about, state: 'failed', failure: await readFailure(folder, key) };
      const owner = state.claimed.has(key) ? await ownerOfLock(join(folder.claims, `${key}.lock`)) : undefined;
      if (owner) return { ...about, state: 'running', host: owner.host };
      if (isLeftOut(plan, answer, cell)) return { ...about, state: 'left out' };
      return { ...about, state: state.claimed.has(key) ? 'lost' : 'waiting' };
    }),
  );
  return { study, submission, jobs, cancelled: await fileExists(folder.cancelled), cells: statuses };
}

/**
 * Asks nodes at work to stop at a checkpoint, and takes what waits out of the scheduler. Throws `LabError('not-found')` where
 * nothing was submitted, and what the scheduler says where it does not cancel.
 */
export async function cancelClusterStudy(
  workspace: Workspace,
  study: string,
  run: RunCommand = runCommand,
): Promise<void> {
  const folder = workFolderOf(workspace, study);
  if (!(await fileExists(folder.plan))) {
    throw new LabError('not-found', `The study '${study}' was not submitted to other computers`, { study });
  }
  await writeFile(folder.cancelled, '');
  const submission = await readSubmission(folder);
  if (!submission) return;
  const { elements } = await pollJobs(submission, run);
  const busy = new Set(elements.flatMap(({ job, state }) => (state === 'waiting' || state === 'running' ? [job] : [])));
  const failures: string[] = [];
  for (const job of submission.jobs.filter((one) => busy.has(one.job))) {
    const { code, out, err } = await run(cancelCommand(submission, job));
    if (code !== 0) failures.push(`${job.job}: ${`${err}\n${out}`.trim()}`);
  }
  if (failures.length > 0) {
    throw new LabError('bad-input', `${submission.template.title} did not cancel everything: ${failures.join('; ')}`, {
      study,
    });
  }
}
