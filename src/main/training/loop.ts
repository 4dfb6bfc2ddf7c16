/**
 * The training loop: batches through an executable until the plan is fulfilled. It knows nothing of tasks or networks;
 * what happens is told as events. Everything that decides the weights is a function of the seed and the step, so a loop
 * that starts from a checkpoint does exactly what the interrupted one would have done.
 */
import { setImmediate } from 'node:timers/promises';
import { LabError, isLabError } from '../../shared/errors.ts';
import type { NewRunEvent } from '../../shared/spec/run/events.ts';
import type { Executable, Feeds, PlannedStep, StepResult } from '../engines/engine.ts';
import type { BatchSource } from './batches.ts';
import type { TrainingProgress } from './checkpoints.ts';
import { observeMetric } from './early-stopping.ts';
import { createMeter } from './meter.ts';
import type { Schedule } from './schedules.ts';

export interface TrainingPlan {
  readonly totalSteps: number;
  readonly batchSize: number;
  /** Micro-batches to a step: micro-batch m of step s is batch s · gradientAccumulationSteps + m. */
  readonly gradientAccumulationSteps: number;
  readonly seed: number;
  readonly schedule: Schedule;
  readonly evaluateEvery: number;
  readonly checkpointEvery: number;
  readonly logEvery: number;
  /** Evaluations without improvement after which to stop; Infinity to go on to the end. */
  readonly patience: number;
  readonly minimumDelta: number;
  readonly mode: 'min' | 'max';
}

export interface TrainingJob {
  readonly plan: TrainingPlan;
  readonly executable: Executable;
  readonly batches: BatchSource;
  /**
   * Evaluates the validation split and returns all metrics, and the one that selects the best checkpoint. It may throw
   * `LabError('aborted')` when it is told to stop.
   */
  readonly evaluate: () => Promise<{ readonly selected: number; readonly metrics: Readonly<Record<string, number>> }>;
  /** Writes a checkpoint and returns its path. */
  readonly save: (progress: TrainingProgress) => Promise<string>;
  readonly emit: (event: NewRunEvent) => void;
  /** After every step, for progress bars. */
  readonly onStep?: (step: number, loss: number) => void;
  /** Stops at the next step or in the middle of an evaluation, with a checkpoint. */
  readonly signal: AbortSignal;
  /** The checkpoint it starts from. */
  readonly startedFrom?: string;
}

export interface TrainingOutcome {
  readonly status: 'finished' | 'stopped';
  readonly progress: TrainingProgress;
}

/**
 * Trains from `start` on. Throws `LabError('non-finite')` when a loss or gradient is NaN or infinite or the validation loss
 * is NaN, and what the engine, the sampler or the disk throw; the last checkpoint is good then.
 */
export async function train(job: TrainingJob, start: TrainingProgress): Promise<TrainingOutcome> {
  const { plan, emit, signal } = job;
  const meter = createMeter(plan.batchSize * plan.gradientAccumulationSteps);
  const { evaluationPending = false, ...begun } = start;
  let progress: TrainingProgress = begun;
  let lastCheckpoint = job.startedFrom;

  const isDue = (every: number): boolean => progress.step % every === 0 || progress.step === plan.totalSteps;
  const save = async (): Promise<void> => {
    lastCheckpoint = await job.save(progress);
    emit({
      type: 'checkpoint',
      step: progress.step,
      path: lastCheckpoint,
      best: progress.selection.bestStep === progress.step,
    });
  };

  const stopped = (): TrainingOutcome => {
    emit({ type: 'stopped', step: progress.step });
    return { status: 'stopped', progress };
  };
  /** What is due after a step; false when it was stopped in the middle of an evaluation. */
  const evaluateAndCheckpoint = async (): Promise<boolean> => {
    if (isDue(plan.evaluateEvery)) {
      const evaluated = await evaluate(job, progress, lastCheckpoint);
      progress = evaluated ?? { ...progress, evaluationPending: true };
    }
    const isPending = progress.evaluationPending === true;
    const isBest = progress.selection.bestStep === progress.step;
    if (isPending || isDue(plan.checkpointEvery) || isBest || progress.stoppedEarly) await save();
    return !isPending;
  };

  if (evaluationPending && !(await evaluateAndCheckpoint())) return stopped();
  while (progress.step < plan.totalSteps && !progress.stoppedEarly) {
    if (signal.aborted) {
      if (progress.step > start.step) await save();
      return stopped();
    }
    const started = performance.now();
    const results = await nextSteps(job, progress.step);
    const seconds = (performance.now() - started) / 1000 / results.length;
    for (const { result, learningRate } of results) {
      meter.add(result, seconds);
      if (!result.finite) throw nonFinite(result, progress.step, plan, lastCheckpoint);
      progress = {
        ...progress,
        step: progress.step + 1,
        updates: progress.updates + (result.skipped ? 0 : 1),
        trainingSeconds: progress.trainingSeconds + seconds,
      };
      job.onStep?.(progress.step, result.scalars.loss ?? NaN);
      const reading = isDue(plan.logEvery) ? meter.take() : undefined;
      if (reading) emit({ type: 'step', step: progress.step, learningRate, ...reading });
    }
    if (!(await evaluateAndCheckpoint())) return stopped();
    await setImmediate(); // a native step blocks the event loop: let signals and messages through
  }
  const early = progress.stoppedEarly && progress.step < plan.totalSteps;
  emit({ type: 'finished', step: progress.step, reason: early ? 'early-stopping' : 'steps' });
  return { status: 'finished', progress };
}

interface MadeStep {
  readonly result: StepResult;
  readonly learningRate: number;
}

/** One step, or as many as the executable makes in one call, up to where something is due after a step. */
async function nextSteps(job: TrainingJob, step: number): Promise<readonly MadeStep[]> {
  const { plan, executable } = job;
  const optionsOf = (number: number) => ({ learningRate: plan.schedule(number), seed: plan.seed, step: number });
  const count = Math.min(executable.stepsAtOnce ?? 1, stepsUntilDue(plan, step));
  if (!executable.stepMany || plan.gradientAccumulationSteps > 1 || count < (executable.stepsAtOnce ?? 1)) {
    const options = optionsOf(step);
    return [{ result: await executable.step(await nextBatches(job), options), learningRate: options.learningRate }];
  }
  const steps: PlannedStep[] = [];
  while (steps.length < count) {
    steps.push({ batch: await job.batches.next(), options: optionsOf(step + steps.length) });
  }
  const results = await executable.stepMany(steps);
  return results.map((result, index) => ({ result, learningRate: steps[index]!.options.learningRate })); // one for each, or fewer
}

function stepsUntilDue({ evaluateEvery, checkpointEvery, totalSteps }: TrainingPlan, step: number): number {
  const next = (every: number): number => every - (step % every);
  return Math.min(next(evaluateEvery), next(checkpointEvery), totalSteps - step);
}

async function nextBatches({ plan, batches }: TrainingJob): Promise<readonly [Feeds, ...Feeds[]]> {
  const first = await batches.next();
  const others: Feeds[] = [];
  while (others.length + 1 < plan.gradientAccumulationSteps) others.push(await batches.next());
  return [first, ...others];
}

/** Undefined when it was stopped in the middle. */
async function evaluate(
  { plan, evaluate: run, emit, signal }: TrainingJob,
  progress: TrainingProgress,
  lastCheckpoint: string | undefined,
): Promise<TrainingProgress | undefined> {
  const evaluation = await run().catch((error: unknown) => {
    if (signal.aborted && isLabError(error, 'aborted')) return undefined;
    throw error;
  });
  if (!evaluation) return undefined;
  const { selected, metrics } = evaluation;
  // Weights can overflow in the update of a step whose loss was finite; they must not become a checkpoint.
  if (Number.isNaN(metrics.loss)) {
    throw new LabError(
      'non-finite',
      `Step ${progress.step}: the validation loss is NaN. ${recoveryHint(lastCheckpoint)}`,
      { step: progress.step, seed: plan.seed, metrics, checkpoint: lastCheckpoint },
    );
  }
  const { state, improved, shouldStop } = observeMetric(plan, progress.selection, selected, progress.step);
  emit({ type: 'evaluation', step: progress.step, split: 'validation', metrics, best: improved });
  return { ...progress, selection: state, stoppedEarly: shouldStop };
}

function nonFinite(
  { scalars, gradientNorm, lossScale }: StepResult,
  step: number,
  { seed, gradientAccumulationSteps }: TrainingPlan,
  checkpoint: string | undefined,
): LabError {
  const values = Object.entries({ ...scalars, 'gradient norm': gradientNorm });
  const bad = values.filter(([, value]) => !Number.isFinite(value)).map(([name, value]) => `${name} is ${value}`);
  const firstBatch = step * gradientAccumulationSteps;
  const halfHint =
    lossScale === undefined ? '' : ' float16 ends at 65,504: engine.precision bfloat16 or float32 goes further.';
  const batches =
    gradientAccumulationSteps === 1
      ? `batch ${firstBatch}`
      : `batches ${firstBatch} to ${firstBatch + gradientAccumulationSteps - 1}`;
  return new LabError(
    'non-finite',
    `Step ${step + 1}: ${bad.join(', ')} (${batches} of seed ${seed}). Nothing was updated. ${recoveryHint(checkpoint)}${halfHint}`,
    { step, seed, batch: firstBatch, scalars, gradientNorm, checkpoint },
  );
}

function recoveryHint(checkpoint: string | undefined): string {
  const good = checkpoint === undefined ? 'There is no checkpoint yet.' : `The last good checkpoint is ${checkpoint}.`;
  return `${good} A smaller learning rate, a longer warm-up or a smaller clipNorm usually help.`;
}
