/** The runs of a workspace that are of exactly these experiments: what is finished is not trained again, what was stopped goes on. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isLabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { storedExperiment } from '../../shared/spec/experiment/index.ts';
import type { RunResult } from '../../shared/spec/run/result.ts';
import { runResult } from '../../shared/spec/run/result.ts';
import { listedSums } from '../files/checksums.ts';
import { fileExists, namesIn } from '../files/file-exists.ts';
import { namesByBeginning, someAtOnce } from '../files/many.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { readJson, runFolder, runOrigin } from '../workspace/run-folder.ts';
import { listRuns } from '../workspace/runs.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { sameDataIn } from './changed-data.ts';
import { createRun } from './create-run.ts';
import { waitingWith } from './encoded-corpus.ts';
import { untuned } from './tune-run.ts';

/** Whether a run is of this experiment, whatever was chosen for it by trials. What its data holds by now is not looked at. */
export function isRunOf(spec: unknown, experiment: Experiment): boolean {
  if (JSON.stringify(spec) === JSON.stringify(experiment)) return true; // most are, and thousands are compared
  const parsed = storedExperiment.safeParse(spec); // specs of before lack what has been added since
  if (!parsed.success || parsed.data.name !== experiment.name) return false;
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown; // without undefined members
  return isDeepStrictEqual(plain(untuned(parsed.data)), plain(untuned(withTakenOver(experiment, parsed.data))));
}

/** Options of tasks that a model or a run decides which an experiment begins with, as they are where nobody has chosen. */
const openOptions: Readonly<Record<string, unknown>> = { pooling: 'mean', hidden: 'none', separators: 1 };

/** What a run takes over is written into its spec (`completeExperiment`), and was left open by the experiment. */
function withTakenOver(asked: Experiment, { pipeline, images, task: known }: Experiment): Experiment {
  const { from } = asked;
  const isOfModel = 'model' in asked.pipeline;
  if (!isOfModel && !(from && ('model' in from || 'run' in from))) return asked;
  const isOpen = (name: string, value: unknown): boolean =>
    name in known && (name === 'head' || openOptions[name] === value);
  const task = Object.fromEntries(
    Object.entries(asked.task).map(([name, value]) => [name, isOpen(name, value) ? known[name] : value]),
  ) as Experiment['task']; // its type is among them
  return {
    ...asked,
    task,
    pipeline: isOfModel ? pipeline : asked.pipeline,
    ...(asked.images === undefined && images !== undefined && { images }),
  };
}

export interface KnownRun {
  readonly run: RunFolder;
  readonly result: RunResult | null;
}

/** Cells of a study or a sweep that need no training any more. The folder is listed once for all of them. */
export async function finishedRunsOf<Cell extends { readonly experiment: Experiment }>(
  workspace: Workspace,
  cells: readonly Cell[],
): Promise<ReadonlyMap<Cell, KnownRun>> {
  const namesOf = namesByBeginning(await namesIn(workspace.runs));
  const isSameData = sameDataIn(workspace);
  const found = new Map<Cell, KnownRun>();
  await someAtOnce(cells, async (cell) => {
    const run = await finishedRunOf(workspace, namesOf(`${cell.experiment.name}-`), cell.experiment, isSameData);
    if (run) found.set(cell, run);
  });
  return found;
}

/** Of several the latest. What is damaged is passed over. */
async function finishedRunOf(
  workspace: Workspace,
  names: readonly string[],
  experiment: Experiment,
  isSameData: ReturnType<typeof sameDataIn>,
): Promise<KnownRun | undefined> {
  const runs: (KnownRun & { readonly createdAt: string })[] = [];
  for (const id of names) {
    const run = runFolder(join(workspace.runs, id));
    try {
      if (!(await fileExists(run.result))) continue;
      const sums = await listedSums(run.folder);
      if (!isRunOf(await readJson(run.spec, storedExperiment, sums), experiment)) continue;
      const { createdAt, data } = await readJson(run.origin, runOrigin, sums);
      if (!(await isSameData(data))) continue;
      runs.push({ run, result: await readJson(run.result, runResult, sums), createdAt });
    } catch (error) {
      if (!isLabError(error)) throw error;
    }
  }
  return runs.sort((a, b) => b.createdAt.localeCompare(a.createdAt))[0];
}

/** A run of exactly this experiment, on its data as it is now: finished, or one to go on with. */
export async function findRunOf(workspace: Workspace, experiment: Experiment): Promise<KnownRun | undefined> {
  const { runs } = await listRuns(workspace, experiment.name);
  const isSameData = sameDataIn(workspace);
  const same: (typeof runs)[number][] = [];
  for (const run of runs.filter((one) => one.status !== 'running' && isRunOf(one.experiment, experiment))) {
    if (await isSameData((await readJson(runFolder(run.folder).origin, runOrigin)).data)) same.push(run);
  }
  const best =
    same.find(({ result }) => result) ?? same.find(({ status }) => status === 'stopped' || status === 'interrupted');
  return best && { run: runFolder(best.folder), result: best.result };
}

/** Undefined when it was stopped before there was one. */
export async function newRun(
  workspace: Workspace,
  experiment: Experiment,
  { signal, onPhase }: { readonly signal: AbortSignal; readonly onPhase?: (phase: string) => void },
): Promise<RunFolder | undefined> {
  return createRun(workspace, experiment, undefined, waitingWith(signal, onPhase)).catch((error: unknown) => {
    if (isLabError(error, 'aborted')) return undefined;
    throw error;
  });
}
