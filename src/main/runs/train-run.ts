/**
 * Trains a run from wherever it stands to its end, or until it is told to stop. This is what the trainer process does, and
 * `pretext run` too: it reads the run's folder, and everything it finds out goes into that folder.
 */
import { isLabError, messageOf } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { storedExperiment } from '../../shared/spec/experiment/index.ts';
import type { NewRunEvent, RunEvent } from '../../shared/spec/run/events.ts';
import type { RunResult, RunTuning } from '../../shared/spec/run/result.ts';
import { runResult } from '../../shared/spec/run/result.ts';
import type { Engine, Executable } from '../engines/engine.ts';
import { processThreads } from '../engines/host/processor.ts';
import { requireSelfCheck } from '../engines/self-check.ts';
import type { Program } from '../graph/program.ts';
import { prefetchBatches, sampleBatches } from '../training/batches.ts';
import type { TrainingProgress } from '../training/checkpoints.ts';
import { pruneCheckpoints, writeCheckpoint } from '../training/checkpoints.ts';
import { evaluateSplit } from '../training/evaluate.ts';
import { withLengthBuckets } from '../training/length-buckets.ts';
import { train } from '../training/loop.ts';
import { buildModel, countParameters } from '../training/model.ts';
import { checkpointFolder } from '../workspace/checkpoint-folders.ts';
import { loadEngine, noticesOf, placeOf } from './engines.ts';
import { compileTrainer } from './compile-trainer.ts';
import { estimateEnergy, measureEnergy } from './energy.ts';
import { finishRun } from './finish-run.ts';
import { fitRun } from './fit-run.ts';
import { openGradientFlow } from './gradient-flow.ts';
import type { PreparedRun } from './prepare.ts';
import { openCheckedRun } from './open-run.ts';
import { requireSpace, runBytes } from '../files/disk-space.ts';
import { fileExists } from '../files/file-exists.ts';
import { pretrainingCorpus } from './pretraining-corpus.ts';
import type { HistogramOptions } from './record-histograms.ts';
import { createTrainingRecorder } from './record-training.ts';
import { restoreRun } from './restore-run.ts';
import type { RunFolder, RunOrigin } from '../workspace/run-folder.ts';
import {
  lockRun,
  openEventLog,
  readEvents,
  readJson,
  requireHeldRun,
  runOrigin,
  writeJson,
} from '../workspace/run-folder.ts';
import { sweep } from '../files/sweep.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { TensorboardLog } from './tensorboard-log.ts';
import { traceResources, usageOf } from './trace-resources.ts';
import { openTensorboardLog } from './tensorboard-log.ts';
import { hasTrials, tuneRun, withChosen } from './tune-run.ts';

export interface TrainOptions {
  /** Stops at the next step or in the middle of an evaluation, with a checkpoint. */
  readonly signal: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
  /** After every step, for progress bars. */
  readonly onStep?: (step: number, loss: number) => void;
  /** What is going on besides training, e.g. 'Evaluating on the test split'. */
  readonly onPhase?: (phase: string) => void;
  /** Whether a lab may take it over that did not start it. */
  readonly adoptable?: boolean;
  /** Whether a worker thread prepares the batches; by default where the training is long enough. The results are the same. */
  readonly prefetch?: boolean;
}

interface LockedOptions extends TrainOptions {
  /** Called before anything is written: throws where another process has taken the run over meanwhile. */
  readonly requireHeld: () => void;
  readonly onHistograms?: HistogramOptions['onRecords'];
}

/** The result, or undefined when the run was stopped. Throws `LabError`; the failure is in the run's events, too. */
export async function trainRun(
  workspace: Workspace,
  run: RunFolder,
  options: TrainOptions,
): Promise<RunResult | undefined> {
  const unlock = await lockRun(run, { trainer: options.adoptable ?? false });
  const requireHeld = (): void => {
    requireHeldRun(run);
  };
  let step = 0;
  try {
    for (const folder of [run.folder, run.artifacts]) await sweep(folder);
    const log = openEventLog(run);
    const emit = (event: NewRunEvent): void => {
      requireHeld();
      step = event.step;
      const written = log(event);
      tensorboard?.add(written);
      options.onEvent?.(written);
    };
    using tensorboard = await tensorboardOf(run, (message) => {
      emit({ type: 'notice', step, message });
    });
    try {
      const onHistograms = tensorboard?.addHistograms;
      return await trainLocked(workspace, run, { ...options, requireHeld, onHistograms }, emit);
    } catch (error) {
      const code = isLabError(error) ? error.code : 'internal';
      const before = isLabError(error) && typeof error.details.before === 'number' ? error.details.before : undefined;
      if (code !== 'disk-full') {
        emit({ type: 'failed', step, code, message: messageOf(error), ...(before !== undefined && { before }) });
      }
      throw error;
    }
  } finally {
    await unlock();
  }
}

/** Where it is asked for. A spec that cannot be read is told by what needs it. */
async function tensorboardOf(
  run: RunFolder,
  onFailure: (message: string) => void,
): Promise<TensorboardLog | undefined> {
  const spec = await readJson(run.spec, storedExperiment).catch(() => undefined);
  return spec?.training.tensorboard ? openTensorboardLog(run, onFailure) : undefined;
}

async function trainLocked(
  workspace: Workspace,
  run: RunFolder,
  options: LockedOptions,
  emit: (event: NewRunEvent) => void,
): Promise<RunResult | undefined> {
  const stored = await readJson(run.spec, storedExperiment);
  const origin = await readJson(run.origin, runOrigin);
  const open = (): ReturnType<typeof openCheckedRun> =>
    openCheckedRun(workspace, run, {
      ...options,
      notice: (message) => {
        emit({ type: 'notice', step: 0, message });
      },
    });
  if (stored.method === 'frozen-features' || stored.method === 'baseline') {
    const prepared = await open();
    return prepared && fitWithoutTraining(workspace, run, prepared, origin, options, emit);
  }
  const tuning = hasTrials(stored) ? await chooseSettings(workspace, run, stored, origin, options, emit) : undefined;
  if (hasTrials(stored) && !tuning) return undefined;
  if (tuning) await writeJson(run.spec, withChosen(stored, tuning.chosen)); // what is read of a run is what it was trained with
  const begun = performance.now(); // trials are runs of their own
  const opened = await open();
  if (!opened) {
    emit({ type: 'stopped', step: 0 });
    return undefined;
  }
  using held = new DisposableStack();
  held.defer(() => {
    opened.sampler.close();
  });
  const prepared = await withPlaceOf(run, opened);
  const { experiment } = prepared;
  const measured = measureEnergy();
  await using session = await openSession(prepared, options);
  const { trainer, program } = session;
  await requireSpace(run.folder, runBytes(countParameters(program).total, experiment.training));
  const progress = await restoreRun({ ...options, workspace, run, origin, prepared, trainer, program, emit });
  if (!progress) {
    emit({ type: 'stopped', step: 0 });
    return undefined;
  }
  emit({
    type: progress.step === 0 ? 'started' : 'resumed',
    step: progress.step,
    engine: session.engineName,
    device: trainer.device.device,
    deviceName: trainer.device.description,
    totalSteps: prepared.plan.totalSteps,
    trainingExamples: prepared.sampler.trainingExamples,
    examplesPerStep: prepared.plan.batchSize * prepared.plan.gradientAccumulationSteps,
    parameters: countParameters(program).total,
    trainable: countParameters(program).trainable,
    ...(session.threads !== undefined && { threads: session.threads }),
  });
  for (const message of noticesOf(experiment, trainer)) emit({ type: 'notice', step: progress.step, message });
  const entered = performance.now();
  const outcome = await runLoop(run, prepared, session, progress, options, emit);
  if (outcome.status === 'stopped') return undefined;
  const pretrainedOn = await pretrainingCorpus(workspace, origin);
  const { progress: last } = outcome;
  const finished = await finishRun({
    run,
    prepared,
    progress: last,
    pretrainedOn,
    energy: progress.step === 0 ? measured : estimateEnergy, // what an earlier process used is not known to this one
    tuning,
    // How long an earlier process took is not known to this one.
    course: progress.step === 0 ? { begun, monitoring: secondsSince(entered) - last.trainingSeconds } : undefined,
    ...session,
    ...options,
    emit,
  });
  if (!finished) emit({ type: 'stopped', step: outcome.progress.step });
  return finished;
}

function secondsSince(moment: number): number {
  return (performance.now() - moment) / 1000;
}

/** A run goes on with as many threads as it began with, and on the device that was chosen for it: its bits may depend on them. */
async function withPlaceOf(run: RunFolder, prepared: PreparedRun): Promise<PreparedRun> {
  const begun = (await readEvents(run)).find(({ type }) => type === 'started');
  if (begun?.type !== 'started') return prepared;
  const { experiment } = prepared;
  const { engine } = experiment;
  const threads = engine.threads ?? begun.threads;
  return {
    ...prepared,
    experiment: {
      ...experiment,
      engine: {
        ...engine,
        ...(threads !== undefined && { threads }),
        ...(engine.device === 'auto' && { device: begun.device }),
      },
    },
  };
}

async function fitWithoutTraining(
  workspace: Workspace,
  run: RunFolder,
  prepared: PreparedRun,
  origin: RunOrigin,
  { signal, onPhase }: TrainOptions,
  emit: (event: NewRunEvent) => void,
): Promise<RunResult | undefined> {
  try {
    return await fitRun({ workspace, run, origin, prepared, signal, emit, ...(onPhase && { onPhase }) });
  } finally {
    prepared.sampler.close();
  }
}

/** Undefined when it was stopped. */
async function chooseSettings(
  workspace: Workspace,
  run: RunFolder,
  experiment: Experiment,
  origin: RunOrigin,
  { signal, onPhase, prefetch, requireHeld }: LockedOptions,
  emit: (event: NewRunEvent) => void,
): Promise<RunTuning | undefined> {
  const tuning = await tuneRun({
    workspace,
    run,
    experiment,
    origin,
    async train(trial, number, total) {
      if (await fileExists(trial.result)) return readJson(trial.result, runResult);
      onPhase?.(`Trial ${number} of ${total}`);
      return trainLocked(
        workspace,
        trial,
        { signal, requireHeld, ...(prefetch !== undefined && { prefetch }) },
        openEventLog(trial),
      );
    },
  });
  if (!tuning) emit({ type: 'stopped', step: 0 });
  return tuning;
}

interface Session extends AsyncDisposable {
  readonly engine: Engine;
  readonly engineName: string;
  /** Holds the weights, and runs batches at the full length. */
  readonly trainer: Executable;
  /** The trainer with shorter programs for batches of short texts. */
  readonly stepper: Executable;
  /** Reads the trainer's weights where they are. */
  readonly evaluator: Executable;
  readonly program: Program;
  readonly compilationSeconds: number;
  readonly threads: number | undefined;
}

async function openSession(prepared: PreparedRun, { onPhase }: TrainOptions): Promise<Session> {
  const { experiment, model } = prepared;
  const { training, evaluation, engine: wanted, freeze } = experiment;
  const engine = await loadEngine(wanted.name);
  const place = placeOf(wanted);
  onPhase?.('Checking the engine');
  await requireSelfCheck(engine, place);
  onPhase?.('Compiling');
  const started = performance.now();
  await using held = new AsyncDisposableStack();
  const { program, trainer } = await compileTrainer(engine, prepared, place);
  const compile = (source: Program): Promise<Executable> =>
    engine.compile(source, { ...place, shareStateWith: trainer });
  const stepper = withLengthBuckets(trainer, {
    model,
    build: (shorter) => buildModel(shorter, 'training', training.batchSize, freeze),
    compile,
  });
  held.use(stepper); // which releases the trainer, too
  const evaluationBatch = evaluation.batchSize ?? training.batchSize;
  const evaluator = withLengthBuckets(await compile(buildModel(model, 'evaluation', evaluationBatch)), {
    model,
    build: (shorter) => buildModel(shorter, 'evaluation', evaluationBatch),
    compile,
  });
  held.use(evaluator);
  const compilationSeconds = (performance.now() - started) / 1000;
  const both = held.move(); // what was opened is the caller's from here on
  return {
    engine,
    engineName: engine.name,
    trainer,
    stepper,
    evaluator,
    program,
    compilationSeconds,
    threads: wanted.threads ?? (engine.name === 'onnxruntime' ? processThreads() : undefined),
    [Symbol.asyncDispose]: () => both.disposeAsync(),
  };
}

/** A thread starts in about a second, in which so many small batches are prepared on the spot. */
const fewestPrefetched = 300;

async function runLoop(
  run: RunFolder,
  prepared: PreparedRun,
  { engine, trainer, stepper, evaluator, program }: Session,
  progress: TrainingProgress,
  { signal, onStep, onPhase, prefetch, requireHeld, onHistograms }: LockedOptions,
  emit: (event: NewRunEvent) => void,
): ReturnType<typeof train> {
  const { experiment, task, setup, sampler, model, plan } = prepared;
  const { training, evaluation } = experiment;
  const range = {
    seed: experiment.seed,
    batchSize: plan.batchSize,
    from: progress.step * plan.gradientAccumulationSteps,
    to: plan.totalSteps * plan.gradientAccumulationSteps,
  };
  await using recorder = await createTrainingRecorder({
    ...{ run, prepared, engine, trainer, program, progress, emit },
    onHistograms,
  });
  await using flow = training.gradientFlow ? await openGradientFlow(run, prepared, engine, trainer) : undefined;
  if (progress.step === 0) await flow?.record(0);
  let reachedStep = progress.step;
  await using trace = traceResources(run, usageOf(trainer.device.device));
  trace.at(reachedStep);
  const isLong = plan.totalSteps - progress.step > fewestPrefetched;
  const batches = (prefetch ?? isLong) ? prefetchBatches(task.type, setup, range) : sampleBatches(sampler, range);
  onPhase?.('Training');
  try {
    return await train(
      {
        plan,
        executable: stepper,
        batches,
        emit,
        signal,
        onStep: (step, loss) => {
          reachedStep = step;
          trace.at(step);
          onStep?.(step, loss);
        },
        ...(progress.step > 0 && { startedFrom: checkpointFolder(run.checkpoints, progress.step) }),
        evaluate: () =>
          trainer.withAverages(async () => {
            onPhase?.('Evaluating');
            const result = await evaluateSplit(model, evaluator, sampler, {
              split: 'validation',
              batchSize: evaluation.batchSize ?? plan.batchSize,
              maximumBatches: evaluation.maximumBatches,
              signal,
            });
            await recorder.record(reachedStep);
            await flow?.record(reachedStep);
            onPhase?.('Training');
            const metrics = result?.metrics ?? {};
            return { selected: metrics[task.selection.metric] ?? NaN, metrics };
          }),
        save: async (reached) => {
          requireHeld();
          const folder = await writeCheckpoint(run.checkpoints, {
            state: await trainer.exportState(),
            progress: reached,
          });
          await pruneCheckpoints(run.checkpoints, reached.selection.bestStep, training.keepCheckpoints);
          return folder;
        },
      },
      progress,
    );
  } finally {
    await batches.close();
  }
}
