/** Runs a study's grid and measures the gains. Runs that are finished already are not done again. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isLabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { storedExperiment } from '../../shared/spec/experiment/index.ts';
import type { RunEvent } from '../../shared/spec/run/events.ts';
import type { RunResult } from '../../shared/spec/run/result.ts';
import { runResult } from '../../shared/spec/run/result.ts';
import type { Study, StudyResult } from '../../shared/spec/study.ts';
import { listedSums } from '../files/checksums.ts';
import { makeFolder } from '../files/durable-file.ts';
import { fileExists, namesIn } from '../files/file-exists.ts';
import { namesByBeginning, someAtOnce } from '../files/many.ts';
import { readAnswers } from './answers-file.ts';
import { sameDataIn } from './changed-data.ts';
import { createRun } from './create-run.ts';
import { waitingWith } from './encoded-corpus.ts';
import { expectedMemory } from './expected-memory.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { readJson, runFolder, runOrigin, writeJson } from '../workspace/run-folder.ts';
import { listRuns } from '../workspace/runs.ts';
import { shareWork } from './share-work.ts';
import type { SpecSource } from './spec-file.ts';
import type { StudyCell } from './study-plan.ts';
import { planStudy } from './study-plan.ts';
import type { FinishedCell } from './study-summary.ts';
import { fewestSeeds, isFutile, summariseStudy } from './study-summary.ts';
import { trainRun } from './train-run.ts';
import { hasTrials, untuned } from './tune-run.ts';
import { seedPlace } from '../workspace/work-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface StudyOptions {
  readonly signal: AbortSignal;
  /** Before each run; `index` counts from 0. */
  readonly onCell?: (cell: StudyCell, index: number, total: number, reused: boolean) => void;
  readonly onStep?: (step: number, loss: number) => void;
  readonly onEvent?: (event: RunEvent) => void;
  /** What is going on besides training, such as a trial of settings. */
  readonly onPhase?: (phase: string) => void;
  /** Whether a worker thread prepares the batches. The results are the same. */
  readonly prefetch?: boolean;
  /** Trains cells some other way than one after the other in this process; false where it was stopped. */
  readonly trainTogether?: (cells: readonly OpenCell[]) => Promise<boolean>;
}

/** A cell of a study that is not finished. */
export interface OpenCell {
  readonly experiment: Experiment;
  /** The run that it was begun with, or a new one. */
  readonly open: () => Promise<RunFolder>;
  /** Of its network, at most. */
  readonly expectedBytes: () => Promise<number>;
  /** Whether it can be begun: the trials of one seed choose the settings of the others. */
  readonly isReady: () => Promise<boolean>;
}

/** The answer, also saved in the workspace's `studies` folder; undefined when it was stopped. */
export async function runStudy(
  workspace: Workspace,
  study: Study,
  source: SpecSource,
  options: StudyOptions,
): Promise<StudyResult | undefined> {
  const planned = planStudy(study, source);
  shareWork();
  // Seed by seed, so that what is there at any time is a smaller study.
  const cells = study.stopForFutility ? planned.toSorted((a, b) => seedPlace(study, a) - seedPlace(study, b)) : planned;
  const folder = join(workspace.folder, 'studies');
  await makeFolder(folder);
  await writeJson(join(folder, `${study.name}.spec.json`), source.value); // by which the lab's pages find it
  const results: FinishedCell[] = [];
  let finished = await finishedRunsOf(workspace, cells);
  // Whether more seeds are of use is known seed by seed.
  const apart = study.stopForFutility ? cells.length / study.seeds.length : cells.length;
  for (let start = 0; start < cells.length; start += apart) {
    const part = cells.slice(start, start + apart);
    if (options.trainTogether) {
      const isDone = await options.trainTogether(openCells(workspace, study, cells, part, finished));
      if (!isDone) return undefined;
      finished = await finishedRunsOf(workspace, cells);
    }
    for (const [place, cell] of part.entries()) {
      // What was not finished then may be by now: another process may work on the study, too.
      const known = finished.get(cell) ?? (await findRunOf(workspace, cell.experiment));
      options.onCell?.(cell, start + place, cells.length, known !== undefined && known.result !== null);
      const run = known?.run ?? (await newRun(workspace, cell, options));
      if (!run) return undefined;
      const result = known?.result ?? (await trainRun(workspace, run, options));
      if (!result) return undefined;
      results.push(await finishedCell(cell, result, run));
    }
    const seeds = (start + part.length) / (cells.length / study.seeds.length);
    if (study.stopForFutility && seeds >= fewestSeeds && isFutile(study, results)) break;
  }
  const answer = summariseStudy(study, results);
  await writeJson(join(folder, `${study.name}.json`), answer);
  return answer;
}

/** Undefined when it was stopped before there was one. */
async function newRun(
  workspace: Workspace,
  { experiment }: StudyCell,
  { signal, onPhase }: StudyOptions,
): Promise<RunFolder | undefined> {
  return createRun(workspace, experiment, undefined, waitingWith(signal, onPhase)).catch((error: unknown) => {
    if (isLabError(error, 'aborted')) return undefined;
    throw error;
  });
}

/** Those of a part of the cells that have no result. */
function openCells(
  workspace: Workspace,
  study: Study,
  cells: readonly StudyCell[],
  part: readonly StudyCell[],
  finished: ReadonlyMap<StudyCell, KnownRun>,
): readonly OpenCell[] {
  const runs = new Map<StudyCell, RunFolder>();
  const leaderOf = (cell: StudyCell): StudyCell | undefined =>
    hasTrials(cell.experiment) && cell.experiment.tune?.seed !== undefined && cell.seed !== study.seeds[0]
      ? cells.find(
          ({ seed, condition, arm }) => seed === study.seeds[0] && condition === cell.condition && arm === cell.arm,
        )
      : undefined;
  return part
    .filter((cell) => !finished.has(cell))
    .map((cell) => {
      const leader = leaderOf(cell);
      return {
        experiment: cell.experiment,
        expectedBytes: () => expectedMemory(workspace, cell.experiment),
        async open() {
          const run =
            (await findRunOf(workspace, cell.experiment))?.run ?? (await createRun(workspace, cell.experiment));
          runs.set(cell, run);
          return run;
        },
        async isReady() {
          if (!leader || finished.has(leader)) return true;
          const run = runs.get(leader);
          return run !== undefined && (await fileExists(run.tuning));
        },
      };
    });
}

/** What a summary has to know of a cell. */
export interface MeasuredCell extends Omit<StudyCell, 'experiment'> {
  readonly experiment: Pick<Experiment, 'task'>;
}

/** A run with what a summary reads of its folder. */
export async function finishedCell(
  { condition, arm, seed, experiment }: MeasuredCell,
  result: RunResult,
  run: RunFolder,
): Promise<FinishedCell> {
  const { testFraction } = experiment.task;
  return {
    cell: { condition, arm, seed },
    result,
    answers: await readAnswers(run.answers),
    testFraction: typeof testFraction === 'number' ? testFraction : undefined,
  };
}

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

interface KnownRun {
  readonly run: RunFolder;
  readonly result: RunResult | null;
}

/** Cells that need no training any more. The folder is listed once for all of them. */
async function finishedRunsOf(
  workspace: Workspace,
  cells: readonly StudyCell[],
): Promise<ReadonlyMap<StudyCell, KnownRun>> {
  const namesOf = namesByBeginning(await namesIn(workspace.runs));
  const isSameData = sameDataIn(workspace);
  const found = new Map<StudyCell, KnownRun>();
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
async function findRunOf(workspace: Workspace, experiment: Experiment): Promise<KnownRun | undefined> {
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
