/**
 * How long a run would take, from really beginning it: a few steps, an evaluation and the end of a run. What repeats is measured once and
 * counted as often as it would come.
 */
import { LabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { RunResult } from '../../shared/spec/run/result.ts';
import { median } from '../../shared/stats.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { findBasis } from './basis.ts';
import { createRun } from './create-run.ts';
import { prepareRun } from './prepare.ts';
import { trainRun } from './train-run.ts';
import { hasTrials } from './tune-run.ts';

/** Seconds that a run would take. */
export interface Rehearsal {
  readonly seconds: number;
  /** False where the baselines took longer than anyone waits for an estimate: they come on top. */
  readonly withBaselines: boolean;
}

export interface RehearsalOptions {
  /** For the run that is begun; whoever made it removes it. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Milliseconds after which the baselines are given up. */
  readonly patience?: number;
}

/** The first allocates, and does not count. */
const steps = 8;
/** Batches of a split that are evaluated; the others take as long. */
const batches = 6;
/** Until the process of a trainer has loaded its code. */
const startSeconds = 1.5;

/** Throws what the run itself would throw, `LabError('aborted')`, and `LabError('bad-spec')` for a run that is not trained. */
export async function rehearse(
  workspace: Workspace,
  experiment: Experiment,
  { folder, signal, patience = 20_000 }: RehearsalOptions,
): Promise<Rehearsal> {
  if ((experiment.method ?? 'training') !== 'training' || hasTrials(experiment)) {
    throw new LabError('bad-spec', 'method: only a training with given settings can be rehearsed');
  }
  const whole = await sizesOf(workspace, experiment);
  const { result, step } = await trainShort(workspace, experiment, folder, signal);
  const baselines = experiment.evaluation.baselines ? await timeBaselines(workspace, experiment, signal, patience) : 0;
  const seconds = startSeconds + step * whole.steps + secondsBeside(result, experiment, whole) + (baselines ?? 0);
  return { seconds, withBaselines: baselines !== undefined };
}

interface Sizes {
  readonly steps: number;
  readonly evaluations: number;
  /** Batches that an evaluation of each split has. */
  readonly validation: number;
  readonly test: number;
}

async function sizesOf(workspace: Workspace, asked: Experiment): Promise<Sizes> {
  const { experiment, material, tokenizer } = await findBasis(workspace, asked);
  const { sampler, plan } = prepareRun(experiment, material, tokenizer?.file);
  try {
    const { batchSize = plan.batchSize, maximumBatches = Infinity, test } = experiment.evaluation;
    const batchesOf = (split: 'validation' | 'test'): number =>
      Math.min(maximumBatches, sampler.evaluationBatchCount(split, batchSize));
    return {
      steps: plan.totalSteps,
      evaluations: Math.ceil(plan.totalSteps / plan.evaluateEvery),
      validation: batchesOf('validation'),
      test: test ? batchesOf('test') : 0,
    };
  } finally {
    sampler.close();
  }
}

async function trainShort(
  workspace: Workspace,
  experiment: Experiment,
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly result: RunResult; readonly step: number }> {
  const { epochs: _epochs, earlyStopping: _earlyStopping, ...training } = experiment.training;
  const short: Experiment = {
    ...experiment,
    training: { ...training, steps, evaluateEvery: steps, checkpointEvery: steps, tensorboard: false },
    evaluation: {
      ...experiment.evaluation,
      baselines: false,
      maximumBatches: Math.min(batches, experiment.evaluation.maximumBatches ?? Infinity),
    },
  };
  const run = await createRun(workspace, short, 'rehearsal', {}, folder);
  const moments: number[] = [];
  const result = await trainRun(workspace, run, {
    signal,
    prefetch: false,
    onStep: () => {
      moments.push(performance.now());
    },
  });
  if (!result) throw new LabError('aborted', 'Cancelled');
  const took = moments.slice(1).map((moment, index) => (moment - moments[index]!) / 1000);
  return { result, step: median(took) };
}

/** Everything but the steps and the baselines. */
function secondsBeside({ seconds }: RunResult, { evaluation }: Experiment, whole: Sizes): number {
  const most = Math.min(batches, evaluation.maximumBatches ?? Infinity);
  const seen = { validation: Math.min(most, whole.validation), test: Math.min(most, whole.test) };
  const batch = seconds.evaluation / Math.max(1, seen.validation + seen.test);
  const { compilation, monitoring = 0, other = 0 } = seconds;
  const onTheWay = monitoring + batch * (whole.validation - seen.validation);
  return compilation + other + whole.evaluations * onTheWay + batch * (whole.validation + whole.test);
}

/** Undefined where they take longer than `patience`. */
async function timeBaselines(
  workspace: Workspace,
  asked: Experiment,
  signal: AbortSignal,
  patience: number,
): Promise<number | undefined> {
  const { experiment, material, tokenizer } = await findBasis(workspace, asked);
  const { task, sampler, setup } = prepareRun(experiment, material, tokenizer?.file);
  const limit = AbortSignal.timeout(patience);
  const started = performance.now();
  try {
    await task.baselines(sampler, setup.options, setup, AbortSignal.any([signal, limit]));
    const took = performance.now() - started;
    return took > patience ? undefined : took / 1000;
  } catch (error) {
    if (signal.aborted) throw new LabError('aborted', 'Cancelled', {}, error);
    if (limit.aborted) return undefined;
    throw error;
  } finally {
    sampler.close();
  }
}
