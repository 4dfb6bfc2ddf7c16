/** Pretrains for a given time: as many steps as fit into it on this machine, or as many as are asked for. Done once. */
import { join } from 'node:path';
import { LabError } from '../../src/shared/errors.ts';
import type { Experiment } from '../../src/shared/spec/experiment/index.ts';
import type { RunResult } from '../../src/shared/spec/run/result.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { runFolder } from '../../src/main/workspace/run-folder.ts';
import { listRuns } from '../../src/main/workspace/runs.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import type { LabelledSet, Pretraining, SpecPart } from './labelled-set.ts';

export interface Budget {
  /** For names and headings: `2 min`, `100 steps`. */
  readonly title: string;
  readonly minutes?: number;
  readonly steps?: number;
}

export interface Pretrained {
  readonly run: string;
  readonly steps: number;
  readonly seconds: number;
}

export interface PretrainOptions {
  readonly workspace: Workspace;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/** Steps that tell how long a step takes; the first few are left out of nothing, so budgets are kept rather than overdrawn. */
const probedSteps = 20;

/** The finished run, from an earlier call where there is one. Throws `LabError('aborted')` when it was stopped. */
export async function pretrain(
  set: LabelledSet,
  { name, experiment }: Pretraining,
  budget: Budget,
  options: PretrainOptions,
): Promise<Pretrained> {
  const runName = `few-labels.${set.name}.${name}.${slug(budget.title)}`;
  const before = await findNamed(options.workspace, runName);
  if (before?.result) return describe(runName, before.result);
  const steps = budget.steps ?? (await stepsIn(set, { name, experiment }, budget.minutes ?? 1, options));
  options.progress(`${set.name}: ${name}, ${budget.title}: ${steps} steps`);
  const run = before?.run ?? (await createRun(options.workspace, specOf(runName, experiment, steps)));
  const result = await trainRun(options.workspace, run, { signal: options.signal });
  if (!result) throw new LabError('aborted', 'Stopped. The same command goes on where it stopped');
  return describe(runName, result);
}

/** How many steps a minute has, measured by a short run that is kept in the workspace, so that a budget stays what it was. */
async function stepsIn(
  set: LabelledSet,
  { name, experiment }: Pick<Pretraining, 'name' | 'experiment'>,
  minutes: number,
  { workspace, signal, progress }: PretrainOptions,
): Promise<number> {
  const runName = `few-labels.${set.name}.${name}.speed`;
  const before = await findNamed(workspace, runName);
  let result = before?.result;
  if (!result) {
    progress(`${set.name}: ${name}: how long does a step take?`);
    const spec = specOf(runName, experiment, probedSteps, { test: false, baselines: false, inspect: false });
    const run = before?.run ?? (await createRun(workspace, spec));
    result = await trainRun(workspace, run, { signal });
  }
  if (!result) throw new LabError('aborted', 'Stopped. The same command goes on where it stopped');
  return Math.max(1, Math.round((minutes * 60 * result.steps) / result.seconds.training));
}

function specOf(name: string, experiment: SpecPart, steps: number, evaluation: SpecPart = {}): Experiment {
  const { training, evaluation: own, ...rest } = experiment;
  const value = {
    version: 2,
    name,
    ...rest,
    training: { ...partOf(training), steps },
    evaluation: { ...partOf(own), ...evaluation },
  };
  return parseExperiment({ value, locate: (path) => `${name}: ${path.join('.')}` });
}

function partOf(value: unknown): SpecPart {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

async function findNamed(workspace: Workspace, name: string) {
  const { runs } = await listRuns(workspace);
  const named = runs.filter(({ experiment, status }) => experiment.name === name && status !== 'running');
  const found =
    named.find(({ result }) => result) ?? named.find(({ status }) => status === 'stopped' || status === 'interrupted');
  return found && { run: runFolder(found.folder), result: found.result ?? undefined };
}

function describe(run: string, { steps, seconds }: RunResult): Pretrained {
  return { run, steps, seconds: seconds.training };
}

export function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}

/** Where the bench keeps its runs unless it is told otherwise. */
export const defaultWorkspace = join(import.meta.dirname, '..', '..', 'workspace');
