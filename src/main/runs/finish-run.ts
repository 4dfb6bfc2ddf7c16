/** The end of a run: its best weights are evaluated on both splits, the baselines computed, and the result written. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError, isLabError } from '../../shared/errors.ts';
import type { NewRunEvent } from '../../shared/spec/run/events.ts';
import type { EvaluatedSplit, RunEnergy, RunResult, RunTuning } from '../../shared/spec/run/result.ts';
import { resultVersion, totalSeconds } from '../../shared/spec/run/result.ts';
import type { Executable } from '../engines/engine.ts';
import { programFlops } from '../graph/op.ts';
import type { Program } from '../graph/program.ts';
import type { Baseline, EvaluationResult, EvaluationSplit, Finding } from '../tasks/task.ts';
import type { TrainingProgress } from '../training/checkpoints.ts';
import { readCheckpointWeights } from '../training/checkpoints.ts';
import { checkpointFolder } from '../workspace/checkpoint-folders.ts';
import { evaluateSplit } from '../training/evaluate.ts';
import { damagedCheckpoint } from '../training/going-back.ts';
import { countParameters } from '../training/model.ts';
import { importedPlaces } from './answered-examples.ts';
import { writeAnswers } from './answers-file.ts';
import { writeScores } from './scores-file.ts';
import { describeMachine } from './energy.ts';
import type { PreparedRun } from './prepare.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { writeJson } from '../workspace/run-folder.ts';
import { leaksOfResult } from '../workspace/run-leaks.ts';
import { writeResult } from '../workspace/run-result.ts';

export interface FinishOptions {
  readonly run: RunFolder;
  readonly prepared: PreparedRun;
  readonly trainer: Executable;
  readonly evaluator: Executable;
  readonly program: Program;
  readonly progress: TrainingProgress;
  readonly engineName: string;
  readonly threads: number | undefined;
  readonly compilationSeconds: number;
  /** Folder of the image corpus that the first weights were trained on. */
  readonly pretrainedOn: string | undefined;
  /** Of a run in one go: when it began, on the clock of this process, and how long it was looked at while it trained. */
  readonly course: { readonly begun: number; readonly monitoring: number } | undefined;
  /** How its settings were chosen. */
  readonly tuning: RunTuning | undefined;
  /** What has been used by now, after so many seconds with so many threads. */
  readonly energy: (seconds: number, threads: number | null) => RunEnergy;
  readonly signal: AbortSignal;
  readonly onPhase?: (phase: string) => void;
  readonly emit: (event: NewRunEvent) => void;
}

/** Undefined when it was stopped before the end; the run can be resumed then. */
export async function finishRun(options: FinishOptions): Promise<RunResult | undefined> {
  try {
    return await options.trainer.withAverages(() => computeResult(options));
  } catch (error) {
    if (options.signal.aborted && isLabError(error, 'aborted')) return undefined;
    throw error;
  }
}

async function computeResult(options: FinishOptions): Promise<RunResult | undefined> {
  const { run, prepared, trainer, progress, signal, onPhase } = options;
  const { experiment, task, plan } = prepared;
  const { precision = 'float32' } = experiment.engine;
  const { bestStep } = progress.selection;
  if (bestStep !== null && bestStep !== progress.step) {
    const parameters = await readCheckpointWeights(checkpointFolder(run.checkpoints, bestStep)).catch(
      async (error: unknown) => {
        throw await damagedCheckpoint(run.id, run.checkpoints, bestStep, error);
      },
    );
    await trainer.importState({ parameters });
  }
  const started = performance.now();
  const validation = await evaluate(options, 'validation', bestStep ?? progress.step);
  const test =
    experiment.evaluation.test && !signal.aborted
      ? await evaluate(options, 'test', bestStep ?? progress.step, validation?.evaluation.thresholds)
      : undefined;
  const evaluated = performance.now();
  if (experiment.evaluation.baselines) onPhase?.('Computing baselines');
  const baselines = experiment.evaluation.baselines && !signal.aborted ? await computeBaselines(options) : [];
  const compared = performance.now();
  const audit = experiment.evaluation.inspect && !signal.aborted ? await inspectRun(options) : [];
  await drawConfusion(options, (test ?? validation)?.described);
  if (signal.aborted || !baselines || !audit) return undefined;
  const { labelSet } = prepared.model.facts;
  const chosen = validation?.evaluation.thresholds;
  // Whoever asks the run answers as it was tested.
  if (labelSet && chosen) {
    await writeJson(run.facts, { ...prepared.model.facts, labelSet: { ...labelSet, thresholds: chosen } });
  }
  await writeScores(run.scores, validation?.evaluation, test?.evaluation);
  const examples = progress.step * plan.batchSize * plan.gradientAccumulationSteps;
  const seconds = secondsOf(options, (evaluated - started) / 1000, (compared - evaluated) / 1000);
  const result: RunResult = {
    formatVersion: resultVersion,
    id: run.id,
    name: experiment.name,
    finishedAt: new Date().toISOString(),
    reason: progress.stoppedEarly && progress.step < plan.totalSteps ? 'early-stopping' : 'steps',
    steps: progress.step,
    bestStep,
    selection: task.selection,
    validation: validation?.described ?? { metrics: {} },
    ...(test && { test: test.described }),
    ...(audit.length > 0 && { audit: audit.map((finding) => ({ ...finding })) }),
    ...(await leaksOfResult(run)),
    baselines: baselines.map(({ name, summary, metrics }) => ({ name, summary, metrics })),
    examples: {
      training: prepared.sampler.trainingExamples,
      validation: validation?.examples ?? 0,
      test: test?.examples ?? 0,
    },
    ...(options.tuning && { tuning: options.tuning }),
    parameters: countParameters(options.program),
    engine: {
      name: options.engineName,
      device: trainer.device.device,
      deviceName: trainer.device.description,
      threads: options.threads ?? null,
      ...(precision !== 'float32' && { precision }),
    },
    machine: describeMachine(),
    energy: options.energy(totalSeconds(seconds), options.threads ?? null),
    seconds,
    flopsPerStep: programFlops(options.program) * plan.gradientAccumulationSteps,
    examplesPerSecond: progress.trainingSeconds > 0 ? examples / progress.trainingSeconds : 0,
  };
  await writeResult(run, result);
  return result;
}

function secondsOf(
  { progress, compilationSeconds, course }: FinishOptions,
  evaluation: number,
  baselines: number,
): RunResult['seconds'] {
  const parts = { training: progress.trainingSeconds, evaluation, baselines, compilation: compilationSeconds };
  if (!course) return parts;
  const monitoring = Math.max(0, course.monitoring);
  const known = totalSeconds({ ...parts, monitoring });
  return { ...parts, monitoring, other: Math.max(0, (performance.now() - course.begun) / 1000 - known) };
}

async function evaluate(
  { run, prepared, evaluator, onPhase, emit, progress, signal }: FinishOptions,
  split: EvaluationSplit,
  evaluatedStep: number,
  thresholds?: readonly number[],
): Promise<
  { readonly described: EvaluatedSplit; readonly examples: number; readonly evaluation: EvaluationResult } | undefined
> {
  const { experiment, model, sampler } = prepared;
  onPhase?.(`Evaluating step ${evaluatedStep} on the ${split} split`);
  const result = await evaluateSplit(model, evaluator, sampler, {
    split,
    batchSize: experiment.evaluation.batchSize ?? experiment.training.batchSize,
    maximumBatches: experiment.evaluation.maximumBatches,
    thresholds,
    signal,
  });
  if (!result) return undefined;
  if (split === 'test') emit({ type: 'evaluation', step: progress.step, split, metrics: result.metrics, best: true });
  if (split === 'test' && result.answers) {
    await writeAnswers(run.answers, split, result.answers, importedPlaces(prepared, split, result.answers));
  }
  const examples = result.exampleCount ?? result.answers?.labels.length ?? 0;
  return { described: describeEvaluation(result), examples, evaluation: result };
}

async function computeBaselines({ prepared, signal }: FinishOptions): Promise<readonly Baseline[] | undefined> {
  const { task, sampler, setup } = prepared;
  try {
    return await task.baselines(sampler, setup.options, setup, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error instanceof LabError
      ? new LabError(error.code, `baselines: ${error.message}`, error.details, error)
      : error;
  }
}

/** The task's audit and pictures of the trained network; undefined when it was stopped. Warnings become notices. */
async function inspectRun(options: FinishOptions): Promise<readonly Finding[] | undefined> {
  const { run, prepared, trainer, evaluator, signal, progress, pretrainedOn, onPhase, emit } = options;
  const { task, sampler, setup, experiment } = prepared;
  if (!task.inspect) return [];
  onPhase?.('Inspecting the network');
  const parameters = await trainer.exportParameters();
  const batchSize = experiment.evaluation.batchSize ?? experiment.training.batchSize;
  try {
    const { findings, pictures } = await task.inspect({
      sampler,
      setup,
      parameters,
      batchSize,
      run: evaluator.run.bind(evaluator),
      pretrainedOn,
      signal,
    });
    for (const { file, content } of pictures) await writeFile(join(run.artifacts, file), content);
    for (const { warning } of findings) {
      if (warning !== undefined) emit({ type: 'notice', step: progress.step, message: `Warning: ${warning}` });
    }
    return findings;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Up to this many classes a matrix can be read. */
const mostClasses = 60;

async function drawConfusion({ run, prepared }: FinishOptions, evaluated: EvaluatedSplit | undefined): Promise<void> {
  const { evaluation } = prepared.experiment;
  const confusion = evaluated?.confusion;
  if (!evaluation.inspect || !confusion || confusion.classes.length > mostClasses) return;
  const { confusionMatrixSvg, svgToPng } = await import('../figures/figures.ts'); // brings a native library along
  const svg = confusionMatrixSvg(confusion.classes, confusion.counts.flat());
  await writeFile(join(run.artifacts, 'confusion-matrix.png'), await svgToPng(svg, 2));
}

/** As it is written into a result; the answers go into a file of their own. */
export function describeEvaluation({
  metrics,
  confusion,
  perClass,
  targets,
  correct,
}: EvaluationResult): EvaluatedSplit {
  return {
    metrics: { ...metrics },
    ...(confusion && {
      confusion: { classes: [...confusion.classes], counts: confusion.counts.map((row) => [...row]) },
    }),
    ...(perClass && { perClass: perClass.map((row) => ({ ...row })) }),
    ...(targets && {
      targets: targets.map((target) => ({
        ...target,
        points: target.points.map(([a, b]): [number, number] => [a, b]),
      })),
    }),
    ...(correct && { correct: correct.join('') }),
  };
}
