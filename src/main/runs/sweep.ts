/** Runs a sweep: trial by trial, rung by rung. Trials that are finished are not trained again, one that was stopped goes on. */
import { join } from 'node:path';
import { z } from 'zod';
import { LabError, isLabError } from '../../shared/errors.ts';
import type { RunEvent } from '../../shared/spec/run/events.ts';
import type { SweepResult } from '../../shared/spec/sweep.ts';
import { makeFolder } from '../files/durable-file.ts';
import { fileExists, namesIn } from '../files/file-exists.ts';
import { namesByBeginning } from '../files/many.ts';
import { readJson, writeJson } from '../workspace/run-folder.ts';
import { listRuns } from '../workspace/runs.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { createRun } from './create-run.ts';
import type { Waiting } from './encoded-corpus.ts';
import { waitingWith } from './encoded-corpus.ts';
import { expectedMemory } from './expected-memory.ts';
import { findRunOf, finishedRunsOf, isRunOf, newRun } from './find-runs.ts';
import { planExperiment } from './plan-experiment.ts';
import { shareWork } from './share-work.ts';
import type { SpecSource } from './spec-file.ts';
import type { OpenCell } from './study.ts';
import type { SweepCell, SweepPlan } from './sweep-plan.ts';
import { planSweep } from './sweep-plan.ts';
import type { Outcome, SweepStanding } from './sweep-standing.ts';
import { divergedOutcome, outcomeOf, standingOf, summariseSweep } from './sweep-standing.ts';
import { trainRun } from './train-run.ts';

export interface SweepRunOptions {
  readonly signal: AbortSignal;
  /** Before each training, with how the sweep stands. */
  readonly onCell?: (cell: SweepCell, standing: SweepStanding) => void;
  readonly onOutcome?: (cell: SweepCell, outcome: Outcome) => void;
  readonly onStep?: (step: number, loss: number) => void;
  readonly onEvent?: (event: RunEvent) => void;
  readonly onPhase?: (phase: string) => void;
  readonly prefetch?: boolean;
  /** Trains cells some other way than one after the other in this process; false where it was stopped. */
  readonly trainTogether?: (cells: readonly OpenCell[]) => Promise<boolean>;
}

/** What a sweep goes on after: a trial whose loss is no number any more is the worst of them. */
export function isDivergence(error: unknown): boolean {
  return isLabError(error, 'non-finite');
}

/** The answer, also saved in the workspace's `sweeps` folder; undefined when it was stopped. */
export async function runSweep(
  workspace: Workspace,
  source: SpecSource,
  options: SweepRunOptions,
): Promise<SweepResult | undefined> {
  const plan = planSweep(source);
  await checkNetworks(workspace, plan, waitingWith(options.signal, options.onPhase));
  shareWork();
  await keepSweep(workspace, plan.name, source.value);
  for (;;) {
    const known = await knownOutcomes(workspace, plan);
    const standing = standingOf(plan, (cell) => known.get(cell));
    if (standing.open.length === 0) {
      const result = summariseSweep(plan, standing);
      await writeJson(sweepFiles(workspace, plan.name).result, result);
      return result;
    }
    const goesOn = options.trainTogether
      ? await options.trainTogether(standing.open.map((cell) => openCell(workspace, cell)))
      : await trainInTurn(workspace, plan, known, options);
    if (!goesOn) return undefined;
  }
}

/** False where it was stopped. */
async function trainInTurn(
  workspace: Workspace,
  plan: SweepPlan,
  known: Map<SweepCell, Outcome>,
  options: SweepRunOptions,
): Promise<boolean> {
  for (const cell of standingOf(plan, (one) => known.get(one)).open) {
    options.onCell?.(
      cell,
      standingOf(plan, (one) => known.get(one)),
    );
    const begun = await findRunOf(workspace, cell.experiment);
    const run = begun?.run ?? (await newRun(workspace, cell.experiment, options));
    if (!run) return false;
    let outcome: Outcome;
    try {
      const result = begun?.result ?? (await trainRun(workspace, run, options));
      if (!result) return false;
      outcome = outcomeOf(plan, result);
    } catch (error) {
      if (!isDivergence(error)) throw error;
      outcome = divergedOutcome(run.id);
    }
    known.set(cell, outcome);
    options.onOutcome?.(cell, outcome);
  }
  return true;
}

function openCell(workspace: Workspace, { experiment }: SweepCell): OpenCell {
  return {
    experiment,
    expectedBytes: () => expectedMemory(workspace, experiment),
    open: async () => (await findRunOf(workspace, experiment))?.run ?? (await createRun(workspace, experiment)),
    isReady: () => Promise.resolve(true),
  };
}

/** Builds every different network of the trials, so that settings that do not go together are told before anything is trained. */
export async function checkNetworks(workspace: Workspace, plan: SweepPlan, waiting: Waiting = {}): Promise<void> {
  const checked = new Set<string>();
  for (const [index, settings] of plan.trials.entries()) {
    const { experiment } = plan.cell(index + 1, 0);
    const { learningRate: _rate, optimizer: _optimizer, schedule: _schedule, ...training } = experiment.training;
    const key = JSON.stringify({ ...experiment, name: '', seed: 0, training });
    if (checked.has(key)) continue;
    checked.add(key);
    try {
      await planExperiment(workspace, experiment, waiting);
    } catch (error) {
      if (!isLabError(error, 'bad-spec') && !isLabError(error, 'bad-input')) throw error;
      throw new LabError(
        error.code,
        `Trial ${index + 1} (${settingsOf(settings)}): ${error.message}. Leave out values that do not go together`,
        error.details,
        error,
      );
    }
  }
}

function settingsOf(settings: Readonly<Record<string, unknown>>): string {
  return Object.entries(settings)
    .map(([path, value]) => `${path}: ${JSON.stringify(value)}`)
    .join(', ');
}

/** Of the trainings of a sweep those that are over. */
async function knownOutcomes(workspace: Workspace, plan: SweepPlan): Promise<Map<SweepCell, Outcome>> {
  const known = new Map<SweepCell, Outcome>();
  for (;;) {
    const { open } = standingOf(plan, (cell) => known.get(cell));
    const before = known.size;
    for (const [cell, { result }] of await finishedRunsOf(workspace, open)) {
      if (result) known.set(cell, outcomeOf(plan, result));
    }
    const namesOf = namesByBeginning(await namesIn(workspace.runs));
    for (const cell of open.filter((one) => !known.has(one) && namesOf(`${one.experiment.name}-`).length > 0)) {
      const diverged = await divergedRunOf(workspace, cell);
      if (diverged !== undefined) known.set(cell, divergedOutcome(diverged));
    }
    if (known.size === before || open.some((cell) => !known.has(cell))) return known; // no rung is complete that was not
  }
}

async function divergedRunOf(workspace: Workspace, { experiment }: SweepCell): Promise<string | undefined> {
  const { runs } = await listRuns(workspace, experiment.name);
  return runs.find(
    (run) => run.failureCode === 'non-finite' && run.status === 'failed' && isRunOf(run.experiment, experiment),
  )?.id;
}

export function sweepsFolder({ folder }: Workspace): string {
  return join(folder, 'sweeps');
}

const specEnding = '.spec.json';

/** What it asks, and once it is over what it found. */
export function sweepFiles(workspace: Workspace, name: string): { readonly spec: string; readonly result: string } {
  const folder = sweepsFolder(workspace);
  return { spec: join(folder, `${name}${specEnding}`), result: join(folder, `${name}.json`) };
}

/** By which pages and commands find it. */
export async function keepSweep(workspace: Workspace, name: string, spec: unknown): Promise<void> {
  await makeFolder(sweepsFolder(workspace));
  await writeJson(sweepFiles(workspace, name).spec, spec);
}

/** Names of the sweeps of a workspace. */
export async function listSweeps(workspace: Workspace): Promise<readonly string[]> {
  const files = await namesIn(sweepsFolder(workspace));
  return files
    .filter((file) => file.endsWith(specEnding))
    .map((file) => file.slice(0, -specEnding.length))
    .sort();
}

/** As it was written. Throws `LabError('not-found')`. */
export async function readSweep(workspace: Workspace, name: string): Promise<unknown> {
  const { spec: file } = sweepFiles(workspace, name);
  if (/^[a-z0-9][a-z0-9._-]*$/.test(name) && (await fileExists(file))) return readJson(file, z.unknown());
  const known = await listSweeps(workspace);
  const hint = known.length === 0 ? "'pretext sweep' makes one" : `There is: ${known.join(', ')}`;
  throw new LabError('not-found', `There is no sweep '${name}'. ${hint}`, { name });
}

export interface LoadedSweep {
  readonly plan: SweepPlan;
  readonly standing: SweepStanding;
  readonly result: SweepResult;
}

/** How a sweep stands by the runs of the workspace, whoever trained them. Throws `LabError('not-found')`. */
export async function loadSweep(workspace: Workspace, name: string): Promise<LoadedSweep> {
  const plan = planSweep({ value: await readSweep(workspace, name), locate: () => `sweep ${name}` });
  const known = await knownOutcomes(workspace, plan);
  const standing = standingOf(plan, (cell) => known.get(cell));
  return { plan, standing, result: summariseSweep(plan, standing) };
}
