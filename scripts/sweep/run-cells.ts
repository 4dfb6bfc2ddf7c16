/**
 * Trains the cells of a sweep: each candidate with each budget and seed. What is finished is found again by its experiment in
 * the workspace and not done anew; what was stopped goes on.
 */
import { join } from 'node:path';
import { mkdir, readFile } from 'node:fs/promises';
import { LabError } from '../../src/shared/errors.ts';
import { mean } from '../../src/shared/stats.ts';
import type { Experiment } from '../../src/shared/spec/experiment/index.ts';
import type { RunResult } from '../../src/shared/spec/run/result.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { findRunOf } from '../../src/main/runs/find-runs.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { writeJson } from '../../src/main/workspace/run-folder.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import type { SpecSource } from '../../src/main/runs/spec-file.ts';
import type { Budget, Candidate, SweepSpec } from './sweep-spec.ts';
import { budgetName, cellExperiment, firstPart, isSame } from './sweep-spec.ts';

export interface Cell {
  readonly candidate: string;
  readonly budget: Budget;
  readonly seed: number;
  readonly steps: number;
  readonly run: string;
  /** Of the validation split after the last step. */
  readonly metric: string;
  readonly value: number;
  readonly accuracy: number | null;
  /** Spent in training steps. */
  readonly seconds: number;
}

export interface SweepOptions {
  readonly name: string;
  readonly budgets: readonly Budget[];
  readonly seeds: readonly number[];
  readonly candidates: readonly Candidate[];
  /**
   * After each budget the number of candidates that go on to the next one, the best and always the first (successive halving,
   * K. Jamieson and A. Talwalkar 2016); the last number stands for all that follow. Empty: all go on.
   */
  readonly keep?: readonly number[];
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  /** After every cell, with all so far. */
  readonly onCell: (cells: readonly Cell[]) => Promise<void>;
}

/** Steps of a trial: the first ones are slower and not counted. */
const trialSteps = { warm: 40, timed: 80 };

/** Undefined when it was stopped; the cells so far are in the workspace then. */
export async function runCells(
  workspace: Workspace,
  sweep: SweepSpec,
  source: SpecSource,
  options: SweepOptions,
): Promise<readonly Cell[] | undefined> {
  const { name, budgets, seeds, candidates, keep = [], say, onCell } = options;
  const speeds = await openSpeeds(workspace, name);
  // A mistake in the last candidate shows before the first one is trained.
  for (const candidate of [...candidates, ...candidates.flatMap((one) => firstPart(one) ?? [])]) {
    cellExperiment(sweep, source, { candidate, name: 'x', steps: 1, seed: 1 });
  }
  const cells: Cell[] = [];
  let left = candidates;
  for (const [round, budget] of budgets.entries()) {
    for (const [index, candidate] of left.entries()) {
      for (const seed of seeds) {
        const place = `${runName(name, candidate, budgetName(budget), seed)} (${index + 1} of ${left.length})`;
        const results = await trainCell({ workspace, sweep, source, speeds, options }, candidate, budget, seed, place);
        if (!results) return undefined;
        const cell = cellOf(sweep, candidate, budget, seed, results);
        say(`    ${cell.metric} ${cell.value.toFixed(3)} after ${Math.round(cell.seconds)} s`);
        cells.push(cell);
        await onCell(cells);
      }
    }
    left = best(left, cells, budget, keep.length === 0 ? Infinity : keep[Math.min(round, keep.length - 1)]!);
  }
  return cells;
}

/** Of candidates those with the least mean loss at a budget, and the first one, in their order. */
function best(candidates: readonly Candidate[], cells: readonly Cell[], budget: Budget, count: number): Candidate[] {
  const lossOf = ({ name }: Candidate): number => {
    const loss = mean(
      cells.filter((cell) => cell.candidate === name && cell.budget === budget).map((cell) => cell.value),
    );
    return Number.isNaN(loss) ? Infinity : loss; // it diverged
  };
  const chosen = new Set(candidates.toSorted((a, b) => lossOf(a) - lossOf(b)).slice(0, count));
  return candidates.filter((candidate, index) => index === 0 || chosen.has(candidate));
}

interface CellContext {
  readonly workspace: Workspace;
  readonly sweep: SweepSpec;
  readonly source: SpecSource;
  readonly speeds: Speeds;
  readonly options: SweepOptions;
}

/** Results of a cell's run and of the one that goes before it. Undefined when it was stopped. */
async function trainCell(
  context: CellContext,
  candidate: Candidate,
  budget: Budget,
  seed: number,
  place: string,
): Promise<readonly [...RunResult[], RunResult] | undefined> {
  const { workspace, sweep, source, options } = context;
  const first = firstPart(candidate);
  const share = candidate.before?.share ?? 0;
  const before: RunResult[] = [];
  for (const [part, amount] of [...(first ? [[first, share] as const] : []), [candidate, 1 - share] as const]) {
    const steps = await stepsOf(context, part, { ...budget, amount: budget.amount * amount });
    if (steps === undefined) return undefined;
    const name = runName(options.name, part, budgetName(budget), seed);
    options.say(part === candidate ? `${place}: ${steps} steps` : `${name}: ${steps} steps go before`);
    const experiment = cellExperiment(sweep, source, { candidate: part, name, steps, seed, from: before[0]?.id });
    const result = await resultOf(workspace, experiment, options.signal);
    if (!result) return undefined;
    if (part === candidate) return [...before, result];
    before.push(result);
  }
  return undefined;
}

/** The steps of a budget. Undefined when it was stopped. */
async function stepsOf(
  { workspace, sweep, source, speeds, options }: CellContext,
  candidate: Candidate,
  { kind, amount }: Budget,
): Promise<number | undefined> {
  if (kind === 'steps') return Math.max(1, Math.round(amount));
  const trial = cellExperiment(sweep, source, {
    candidate,
    name: runName(options.name, candidate, 'trial'),
    steps: trialSteps.warm + trialSteps.timed,
    seed: 1,
  });
  return stepsIn(workspace, trial, amount, speeds, options.signal);
}

function runName(sweep: string, candidate: Candidate, budget: string, seed?: number): string {
  return ['sweep', sweep, candidate.name, budget, ...(seed === undefined ? [] : [seed])].join('.').slice(0, 80);
}

/** @param results of the run that went before, if one did, and of the candidate's own */
function cellOf(
  sweep: SweepSpec,
  candidate: Candidate,
  budget: Budget,
  seed: number,
  results: readonly [...RunResult[], RunResult],
): Cell {
  const result = results.at(-1)!; // its own is always there
  const sum = (of: (one: RunResult) => number): number => results.reduce((total, one) => total + of(one), 0);
  const { metrics } = result.validation;
  const metric = sweep.metrics.find((name) => typeof metrics[name] === 'number');
  if (metric === undefined) {
    throw new LabError('bad-spec', `The run ${result.id} has none of the metrics ${sweep.metrics.join(', ')}`);
  }
  const accuracy = metrics[metric.replace(/loss$/i, (loss) => (loss === 'loss' ? 'accuracy' : 'Accuracy'))];
  return {
    candidate: candidate.name,
    budget,
    seed,
    steps: sum(({ steps }) => steps),
    run: result.id,
    metric,
    value: metrics[metric] ?? NaN,
    accuracy: accuracy ?? null,
    seconds: sum(({ seconds }) => seconds.training),
  };
}

/** The result of a run of exactly this experiment, finished or now trained to its end. */
async function resultOf(
  workspace: Workspace,
  experiment: Experiment,
  signal: AbortSignal,
): Promise<RunResult | undefined> {
  const known = await findRunOf(workspace, experiment);
  if (known?.result) return known.result;
  return trainRun(workspace, known?.run ?? (await createRun(workspace, experiment)), { signal });
}

interface Speeds {
  find(experiment: Experiment): number | undefined;
  remember(experiment: Experiment, secondsPerStep: number): Promise<void>;
}

/**
 * Seconds a step takes, kept in the workspace: a sweep that is started again has the same steps, and finds its runs.
 */
async function openSpeeds(workspace: Workspace, name: string): Promise<Speeds> {
  const folder = join(workspace.folder, 'sweeps');
  const file = join(folder, `${name}.speeds.json`);
  await mkdir(folder, { recursive: true });
  const text = await readFile(file, 'utf8').catch(() => '[]');
  const known = JSON.parse(text) as { experiment: unknown; secondsPerStep: number }[]; // written below
  return {
    find: (experiment) => known.find((one) => isSame(one.experiment, experiment))?.secondsPerStep,
    async remember(experiment, secondsPerStep) {
      known.push({ experiment, secondsPerStep });
      await writeJson(file, known);
    },
  };
}

/** How many steps of an experiment take so many seconds. Undefined when it was stopped. */
async function stepsIn(
  workspace: Workspace,
  trial: Experiment,
  seconds: number,
  speeds: Speeds,
  signal: AbortSignal,
): Promise<number | undefined> {
  let perStep = speeds.find(trial);
  if (perStep === undefined) {
    perStep = await timeSteps(workspace, trial, signal);
    if (perStep === undefined) return undefined;
    await speeds.remember(trial, perStep);
  }
  return Math.max(1, Math.round(seconds / perStep));
}

/** Mean seconds between the steps of a trial, without the first ones; batches are prepared while steps run, as in the cells. */
async function timeSteps(workspace: Workspace, trial: Experiment, signal: AbortSignal): Promise<number | undefined> {
  const times: number[] = [];
  const run = await createRun(workspace, trial);
  const result = await trainRun(workspace, run, { signal, onStep: () => times.push(performance.now()) });
  if (!result || times.length < trialSteps.warm + trialSteps.timed) return undefined;
  return (times.at(-1)! - times[trialSteps.warm - 1]!) / 1000 / trialSteps.timed;
}
