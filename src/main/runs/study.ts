/** Runs a study's grid and measures the gains. Runs that are finished already are not done again. */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { RunEvent } from '../../shared/spec/run/events.ts';
import type { RunResult } from '../../shared/spec/run/result.ts';
import type { Study, StudyResult } from '../../shared/spec/study.ts';
import { makeFolder } from '../files/durable-file.ts';
import { fileExists } from '../files/file-exists.ts';
import { readAnswers } from './answers-file.ts';
import { createRun } from './create-run.ts';
import { expectedMemory } from './expected-memory.ts';
import type { KnownRun } from './find-runs.ts';
import { findRunOf, finishedRunsOf, newRun } from './find-runs.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { writeJson } from '../workspace/run-folder.ts';
import { shareWork } from './share-work.ts';
import type { SpecSource } from './spec-file.ts';
import type { StudyCell } from './study-plan.ts';
import { planStudy } from './study-plan.ts';
import type { FinishedCell } from './study-summary.ts';
import { fewestSeeds, isFutile, summariseStudy } from './study-summary.ts';
import { trainRun } from './train-run.ts';
import { hasTrials } from './tune-run.ts';
import { seedPlace } from '../workspace/work-folder.ts';
import { studyFiles } from '../workspace/studies.ts';
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
  const files = studyFiles(workspace, study.name);
  await makeFolder(files.folder);
  await writeJson(files.spec, source.value); // by which the lab's pages find it
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
      const run = known?.run ?? (await newRun(workspace, cell.experiment, options));
      if (!run) return undefined;
      const result = known?.result ?? (await trainRun(workspace, run, options));
      if (!result) return undefined;
      results.push(await finishedCell(cell, result, run));
    }
    const seeds = (start + part.length) / (cells.length / study.seeds.length);
    if (study.stopForFutility && seeds >= fewestSeeds && isFutile(study, results)) break;
  }
  const answer = summariseStudy(study, results);
  await writeJson(files.result, answer);
  return answer;
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
