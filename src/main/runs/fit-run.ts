/**
 * Runs that need no gradient descent: a linear method on the frozen features of a network, and the best classical method on the
 * same examples. Both are tuned on validation examples alone, and only what is chosen is scored on the test.
 */
import { LabError } from '../../shared/errors.ts';
import { metricOf } from '../../shared/metrics.ts';
import type { NewRunEvent } from '../../shared/spec/run/events.ts';
import type { RunResult, RunTuning } from '../../shared/spec/run/result.ts';
import { resultVersion } from '../../shared/spec/run/result.ts';
import type { LinearFit, Score } from '../tasks/linear/linear-method.ts';
import { isBetter } from '../tasks/linear/linear-method.ts';
import type { EvaluationResult, EvaluationSplit } from '../tasks/task.ts';
import { describeEvaluation } from './finish-run.ts';
import { describeMachine, measureEnergy } from './energy.ts';
import { computeFrozenFeatures } from './frozen-features.ts';
import type { PreparedRun } from './prepare.ts';
import type { RunFolder, RunOrigin } from '../workspace/run-folder.ts';

import { leaksOfResult } from '../workspace/run-leaks.ts';
import { importedPlaces } from './answered-examples.ts';
import { writeAnswers } from './answers-file.ts';
import { writeScores } from './scores-file.ts';
import { writeResult } from '../workspace/run-result.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface FitOptions {
  readonly workspace: Workspace;
  readonly run: RunFolder;
  readonly origin: RunOrigin;
  readonly prepared: PreparedRun;
  readonly signal: AbortSignal;
  readonly onPhase?: (phase: string) => void;
  readonly emit: (event: NewRunEvent) => void;
}

const frozenFeatures = 'frozen features';

type Side = 'training' | EvaluationSplit;

/** A way to learn from the examples, fitted with the settings that were best on the validation side. */
interface Candidate {
  readonly name: string;
  readonly fit: LinearFit;
}

interface Fitted {
  readonly examples: Readonly<Record<Side, number>>;
  readonly candidates: readonly Candidate[];
  readonly engine: RunResult['engine'];
  readonly parameters: RunResult['parameters'];
  readonly compilationSeconds: number;
}

/** The result, or undefined when it was stopped. Throws `LabError('bad-spec')` for a task without such methods. */
export async function fitRun(options: FitOptions): Promise<RunResult | undefined> {
  const { run, prepared, signal, emit } = options;
  const { experiment, task } = prepared;
  const started = performance.now();
  const energy = measureEnergy();
  try {
    const choosesItself = experiment.method === 'baseline' && task.bestClassical !== undefined;
    const { evaluate, examples, tuning, ...fitted } = choosesItself ? fitChosen(options) : await fitBest(options);
    const evaluated = performance.now();
    const validation = evaluate('validation');
    emit({ type: 'evaluation', step: 1, split: 'validation', metrics: validation.metrics, best: true });
    const hasTest = experiment.evaluation.test && examples.test > 0;
    const test = hasTest ? evaluate('test') : undefined;
    if (test) emit({ type: 'evaluation', step: 1, split: 'test', metrics: test.metrics, best: true });
    if (test?.answers) {
      await writeAnswers(run.answers, 'test', test.answers, importedPlaces(prepared, 'test', test.answers));
    }
    await writeScores(run.scores, validation, test);
    const baselines = experiment.evaluation.baselines
      ? await task.baselines(prepared.sampler, prepared.setup.options, prepared.setup, signal)
      : [];
    const compared = performance.now();
    const result: RunResult = {
      formatVersion: resultVersion,
      id: run.id,
      name: experiment.name,
      finishedAt: new Date().toISOString(),
      reason: 'steps',
      steps: 1,
      bestStep: null,
      selection: task.selection,
      validation: describeEvaluation(validation),
      ...(test && { test: describeEvaluation(test) }),
      ...(await leaksOfResult(run)),
      baselines: baselines.map(({ name, summary, metrics }) => ({ name, summary, metrics })),
      examples,
      tuning,
      parameters: fitted.parameters,
      engine: fitted.engine,
      machine: describeMachine(),
      energy: energy((performance.now() - started) / 1000, fitted.engine.threads),
      seconds: {
        training: (evaluated - started) / 1000,
        evaluation: 0,
        baselines: (compared - evaluated) / 1000,
        compilation: fitted.compilationSeconds,
      },
      examplesPerSecond: 0,
    };
    await writeResult(run, result);
    emit({ type: 'finished', step: 1, reason: 'steps' });
    return result;
  } catch (error) {
    if (!signal.aborted) throw error;
    emit({ type: 'stopped', step: 0 });
    return undefined;
  }
}

/** What was fitted, whichever way. */
interface FittedRun extends Omit<Fitted, 'candidates'> {
  readonly tuning: RunTuning;
  readonly evaluate: (split: EvaluationSplit) => EvaluationResult;
}

/** The candidate that is best on the validation examples. */
async function fitBest(options: FitOptions): Promise<FittedRun> {
  const { prepared } = options;
  const isClassical = prepared.experiment.method === 'baseline';
  const { candidates, ...rest } = await (isClassical ? fitClassical(options) : fitFrozenFeatures(options));
  const chosen = candidates.reduce((a, b) => (isBetter(b.fit, a.fit) ? b : a));
  return {
    ...rest,
    tuning: tuningOf(candidates, chosen, chosenMetric(prepared)),
    evaluate: (split) => chosen.fit.evaluate(split, mostEvaluated(prepared)),
  };
}

/** Of a task whose classical method chooses itself. */
function fitChosen({ prepared, emit }: FitOptions): FittedRun {
  const choice = prepared.task.bestClassical?.(prepared.setup);
  if (!choice) throw new LabError('internal', `${prepared.task.type} has no classical method`);
  const { metric, chosen, trials, sizes } = choice;
  const engine = { name: 'none', device: 'cpu', deviceName: 'classical method' };
  startEvent(emit, sizes.training, engine, 0);
  const direction = metricOf(metric).direction ?? 'maximise';
  return {
    examples: sizes,
    tuning: { metric, direction, chosen: { ...chosen }, trials: trials.map((trial) => ({ ...trial })) },
    evaluate: (split) => choice.evaluate(split, mostEvaluated(prepared)),
    engine: { ...engine, threads: null },
    parameters: { total: 0, trainable: 0 },
    compilationSeconds: 0,
  };
}

/** Networks of the same experiment evaluate no more examples of a split. */
function mostEvaluated({ experiment: { evaluation, training } }: PreparedRun): number {
  return (evaluation.maximumBatches ?? Infinity) * (evaluation.batchSize ?? training.batchSize);
}

interface ChosenMetric {
  readonly metric: string;
  readonly direction: 'minimise' | 'maximise';
}

/** What candidates are chosen by: as the trials of trained runs are. */
function chosenMetric({ experiment, task }: PreparedRun): ChosenMetric {
  const metric = experiment.tune?.metric ?? task.selection.metric;
  return { metric, direction: metricOf(metric).direction ?? 'maximise' };
}

/** Of the validation examples; more is better. */
function scoreBy(prepared: PreparedRun): Score {
  const { metric, direction } = chosenMetric(prepared);
  return ({ metrics }) => {
    const value = metrics[metric];
    if (value === undefined) {
      const known = Object.keys(metrics).join(', ');
      throw new LabError('bad-spec', `tune.metric: '${metric}' is none of ${known}`);
    }
    return direction === 'minimise' ? -value : value;
  };
}

/** Of frozen features there is one kind, and only the penalty is chosen. */
function settingsOf({ name, fit }: Candidate): RunTuning['chosen'] {
  return name === frozenFeatures ? { ...fit.settings } : { features: name, ...fit.settings };
}

function tuningOf(candidates: readonly Candidate[], chosen: Candidate, { metric, direction }: ChosenMetric): RunTuning {
  const sign = direction === 'minimise' ? -1 : 1;
  return {
    metric,
    direction,
    chosen: settingsOf(chosen),
    trials: candidates.flatMap((candidate) => [
      { settings: settingsOf(candidate), value: sign * candidate.fit.score },
      // Weaker and stronger penalties of the same features were tried as well, and were worse.
      ...Array.from({ length: candidate.fit.trials - 1 }, () => ({
        settings: { features: candidate.name },
        value: null,
      })),
    ]),
  };
}

async function fitClassical({ prepared, emit, onPhase, signal }: FitOptions): Promise<Fitted> {
  const { task, setup } = prepared;
  if (!task.classical) {
    throw new LabError(
      'bad-spec',
      `method: ${task.type} has no classical baseline; tasks with labels for each example or word have`,
    );
  }
  const material = task.classical(setup);
  try {
    const { title, examples } = material;
    const engine = { name: 'none', device: 'cpu', deviceName: title, threads: null };
    startEvent(emit, examples.training, engine, 0);
    const score = scoreBy(prepared);
    const candidates: Candidate[] = [];
    for (const { name, fit } of material.candidates) {
      onPhase?.(`Fitting ${name}`);
      candidates.push({ name, fit: await fit({ score, signal }) });
      if (signal.aborted) throw new LabError('aborted', 'the fit was stopped');
    }
    return { examples, candidates, engine, parameters: { total: 0, trainable: 0 }, compilationSeconds: 0 };
  } finally {
    material.close();
  }
}

async function fitFrozenFeatures(options: FitOptions): Promise<Fitted> {
  const { prepared, emit, onPhase, signal } = options;
  onPhase?.('Computing features');
  const { features, method, engine, parameters, compilationSeconds } = await computeFrozenFeatures({
    ...options,
    onStart: (used, count) => {
      startEvent(emit, prepared.sampler.trainingExamples, used, count);
    },
  });
  onPhase?.(`Fitting ${method.title}`);
  const fit = await method.fit(features, { score: scoreBy(prepared), signal });
  return {
    examples: method.examples,
    candidates: [{ name: frozenFeatures, fit }],
    engine,
    parameters: { total: parameters, trainable: 0 },
    compilationSeconds,
  };
}

function startEvent(
  emit: FitOptions['emit'],
  trainingExamples: number,
  { name, device, deviceName }: { readonly name: string; readonly device: string; readonly deviceName: string },
  parameters: number,
): void {
  emit({
    type: 'started',
    step: 0,
    engine: name,
    device,
    deviceName,
    totalSteps: 1,
    trainingExamples,
    examplesPerStep: trainingExamples,
    parameters,
    trainable: 0,
  });
}
