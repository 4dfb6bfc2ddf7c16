/**
 * Runs that need no gradient descent: logistic regression on the frozen features of a network, and the best classical method
 * on the same examples. Both are tuned on validation examples alone, and only what is chosen is scored on the test.
 */
import { LabError } from '../../shared/errors.ts';
import { metricOf } from '../../shared/metrics.ts';
import type { NewRunEvent } from '../../shared/spec/run/events.ts';
import type { RunResult, RunTuning } from '../../shared/spec/run/result.ts';
import { resultVersion } from '../../shared/spec/run/result.ts';
import type { Features } from '../tasks/baselines/features.ts';
import { fitLinearProbe, probeProbabilities } from '../tasks/baselines/linear-probe.ts';
import { predictProbabilities, selectLogisticRegression } from '../tasks/baselines/logistic-regression.ts';
import type { EvaluationResult, EvaluationSplit } from '../tasks/task.ts';
import { evaluateProbabilities } from '../tasks/classification/evaluation.ts';
import { describeEvaluation } from './finish-run.ts';
import { describeMachine, measureEnergy } from './energy.ts';
import { computeFrozenFeatures } from './frozen-features.ts';
import type { PreparedRun } from './prepare.ts';
import type { RunFolder, RunOrigin } from '../workspace/run-folder.ts';

import { leaksOfResult } from '../workspace/run-leaks.ts';
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
  readonly penalty: number;
  readonly trials: number;
  readonly score: number;
  readonly loss: number;
  /** Probabilities, row-major [examples, classes]. */
  readonly predict: (side: EvaluationSplit) => Float64Array;
}

interface Fitted {
  readonly labels: Readonly<Record<Side, Int32Array>>;
  readonly classes: readonly string[];
  readonly candidates: readonly Candidate[];
  readonly engine: RunResult['engine'];
  readonly parameters: RunResult['parameters'];
  readonly compilationSeconds: number;
}

/** The result, or undefined when it was stopped. Throws `LabError('bad-spec')` for a task without classes. */
export async function fitRun(options: FitOptions): Promise<RunResult | undefined> {
  const { run, prepared, signal, emit } = options;
  const { experiment, task } = prepared;
  const started = performance.now();
  const energy = measureEnergy();
  try {
    const isBest = experiment.method === 'baseline' && task.bestClassical !== undefined;
    const { evaluate, sizes, tuning, ...fitted } = isBest ? fitWithoutClasses(options) : await fitClasses(options);
    const evaluated = performance.now();
    const validation = evaluate('validation');
    emit({ type: 'evaluation', step: 1, split: 'validation', metrics: validation.metrics, best: true });
    const hasTest = experiment.evaluation.test && sizes.test > 0;
    const test = hasTest ? evaluate('test') : undefined;
    if (test) emit({ type: 'evaluation', step: 1, split: 'test', metrics: test.metrics, best: true });
    if (test?.answers) await writeAnswers(run.answers, 'test', test.answers);
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
      examples: sizes,
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
interface FittedRun extends Pick<Fitted, 'engine' | 'parameters' | 'compilationSeconds'> {
  readonly sizes: Readonly<Record<Side, number>>;
  readonly tuning: RunTuning;
  readonly evaluate: (split: EvaluationSplit) => EvaluationResult;
}

async function fitClasses(options: FitOptions): Promise<FittedRun> {
  const { prepared } = options;
  const isClassical = prepared.experiment.method === 'baseline';
  const { candidates, labels, classes, ...rest } = await (isClassical
    ? fitClassical(options)
    : fitFrozenFeatures(options));
  const chosen = candidates.reduce((a, b) => (b.score > a.score || (b.score === a.score && b.loss < a.loss) ? b : a));
  return {
    ...rest,
    sizes: { training: labels.training.length, validation: labels.validation.length, test: labels.test.length },
    tuning: tuningOf(candidates, chosen, chosenMetric(prepared)),
    evaluate(split) {
      const count = Math.min(labels[split].length, mostEvaluated(prepared));
      const probabilities = chosen.predict(split).subarray(0, count * classes.length);
      return evaluateProbabilities(classes, labels[split].subarray(0, count), probabilities);
    },
  };
}

function fitWithoutClasses({ prepared, emit }: FitOptions): FittedRun {
  const choice = prepared.task.bestClassical?.(prepared.setup);
  if (!choice) throw new LabError('internal', `${prepared.task.type} has no classical method`);
  const { metric, chosen, trials, sizes } = choice;
  const engine = { name: 'none', device: 'cpu', deviceName: 'classical method' };
  startEvent(emit, sizes.training, engine, 0);
  const direction = metricOf(metric).direction ?? 'maximise';
  return {
    sizes,
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

/** A score of validation probabilities, more is better. */
function scoreOf(prepared: PreparedRun, classes: readonly string[], labels: Int32Array) {
  const { metric, direction } = chosenMetric(prepared);
  return (probabilities: Float64Array): number => {
    const value = evaluateProbabilities(classes, labels, probabilities).metrics[metric];
    if (value === undefined) {
      throw new LabError('bad-spec', `tune.metric: '${metric}' is none of loss, accuracy, macroF1, balancedAccuracy`);
    }
    return direction === 'minimise' ? -value : value;
  };
}

/** Of frozen features there is one kind, and only the penalty is chosen. */
function settingsOf({ name, penalty }: Candidate): RunTuning['chosen'] {
  return name === frozenFeatures ? { penalty } : { features: name, penalty };
}

function tuningOf(candidates: readonly Candidate[], chosen: Candidate, { metric, direction }: ChosenMetric): RunTuning {
  const sign = direction === 'minimise' ? -1 : 1;
  return {
    metric,
    direction,
    chosen: settingsOf(chosen),
    trials: candidates.flatMap((candidate) => [
      { settings: settingsOf(candidate), value: sign * candidate.score },
      // Weaker and stronger penalties of the same features were tried as well, and were worse.
      ...Array.from({ length: candidate.trials - 1 }, () => ({ settings: { features: candidate.name }, value: null })),
    ]),
  };
}

async function fitClassical({ prepared, emit, onPhase, signal }: FitOptions): Promise<Fitted> {
  const { task, setup } = prepared;
  if (!task.classical) {
    throw new LabError('bad-spec', `method: ${task.type} has no classical baseline; classification tasks have`);
  }
  const material = task.classical(setup);
  try {
    const { labels, classes } = material;
    startEvent(emit, labels.training.length, { name: 'none', device: 'cpu', deviceName: 'logistic regression' }, 0);
    const score = scoreOf(prepared, classes, labels.validation);
    const candidates: Candidate[] = [];
    for (const { name, features } of material.candidates) {
      onPhase?.(`Fitting ${name}`);
      candidates.push(await fitCandidate(name, features(), labels, classes.length, score, signal));
      if (signal.aborted) throw new LabError('aborted', 'the fit was stopped');
    }
    return {
      labels,
      classes,
      candidates,
      engine: { name: 'none', device: 'cpu', deviceName: 'logistic regression', threads: null },
      parameters: { total: 0, trainable: 0 },
      compilationSeconds: 0,
    };
  } finally {
    material.close();
  }
}

async function fitCandidate(
  name: string,
  features: Readonly<Record<Side, Features>>,
  labels: Readonly<Record<Side, Int32Array>>,
  classCount: number,
  score: (probabilities: Float64Array) => number,
  signal: AbortSignal,
): Promise<Candidate> {
  const { training, validation, test } = features;
  const options = { score, signal };
  if (training.kind === 'dense' && validation.kind === 'dense' && test.kind === 'dense') {
    const dense = { validation, test };
    const probe = await fitLinearProbe(
      { features: training, labels: labels.training },
      { features: validation, labels: labels.validation },
      classCount,
      options,
    );
    const { model, trials, validationScore, validationLoss } = probe;
    const predict = (side: EvaluationSplit): Float64Array => probeProbabilities(probe, dense[side]);
    return { name, penalty: model.penalty, trials, score: validationScore, loss: validationLoss, predict };
  }
  const { model, trials, validationScore, validationLoss } = await selectLogisticRegression(
    { features: training, labels: labels.training },
    { features: validation, labels: labels.validation },
    classCount,
    options,
  );
  const predict = (side: EvaluationSplit): Float64Array => predictProbabilities(model, features[side]);
  return { name, penalty: model.penalty, trials, score: validationScore, loss: validationLoss, predict };
}

async function fitFrozenFeatures(options: FitOptions): Promise<Fitted> {
  const { prepared, emit, onPhase, signal } = options;
  onPhase?.('Computing features');
  const { sides, classes, engine, parameters, compilationSeconds } = await computeFrozenFeatures({
    ...options,
    onStart: (used, count) => {
      startEvent(emit, prepared.sampler.trainingExamples, used, count);
    },
  });
  onPhase?.('Fitting logistic regression');
  const { training, validation, test } = sides;
  const labels = { training: training.labels, validation: validation.labels, test: test.labels };
  const features = { training: training.features, validation: validation.features, test: test.features };
  const score = scoreOf(prepared, classes, labels.validation);
  const candidate = await fitCandidate(frozenFeatures, features, labels, classes.length, score, signal);
  const candidates = [candidate];
  return { labels, classes, candidates, engine, parameters: { total: parameters, trainable: 0 }, compilationSeconds };
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
