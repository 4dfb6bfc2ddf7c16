/** How long a run will take, from how long others took on this machine, or from the machine's own speed before there are any. */
import type { ExperimentPlanSummary } from '../../shared/contract/experiments.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { median } from '../../shared/stats.ts';
import type { RunRecord } from './store/run-record.ts';

type Plan = Pick<ExperimentPlanSummary, 'totalSteps' | 'parameters' | 'evaluationBatches' | 'flopsPerStep'>;

interface Estimate {
  readonly seconds: number | null;
  readonly basis: ExperimentPlanSummary['estimate']['basis'];
}

/** Runs that are looked at, latest first. */
const consulted = 20;

/**
 * From runs of the same task, pipeline and batch: their seconds a step and an evaluation, and what they took once, whatever their
 * length. Else from others on the same kind of material, in proportion to the arithmetic of a step, or to parameters × examples where
 * they did not count it.
 */
export function estimateSeconds(runs: readonly RunRecord[], experiment: Experiment, plan: Plan): Estimate {
  const { totalSteps } = plan;
  const finished = runs
    .flatMap(({ spec, result, createdAt }) =>
      result !== null && result.steps > 0 ? [{ spec, result, createdAt }] : [],
    )
    .sort((a, b) => b.createdAt - a.createdAt)
    .slice(0, consulted);
  const evaluations = evaluationsOf(experiment, totalSteps);
  const once = secondsOnce(finished, experiment);
  const key = networkKey(experiment);
  const same = finished.filter(({ spec }) => networkKey(spec) === key);
  if (same.length > 0) {
    const step = median(same.map(({ result }) => result.seconds.training / result.steps));
    const evaluation = median(same.map(secondsOfEvaluation));
    const atTheEnd = median(same.map(({ result }) => result.seconds.evaluation));
    return { seconds: step * totalSteps + evaluation * evaluations + atTheEnd + once, basis: 'same-network' };
  }
  const perStep = finished.flatMap((run) => {
    const work = relativeWork(run, experiment, plan);
    return work === undefined ? [] : [[(run.result.seconds.training / run.result.steps) * work, run] as const];
  });
  if (perStep.length === 0) return { seconds: null, basis: 'none' };
  const step = median(perStep.map(([seconds]) => seconds));
  // An evaluation is worth so many steps.
  const shares = perStep.map(([, run]) => secondsOfEvaluation(run) / (run.result.seconds.training / run.result.steps));
  const evaluation = step * median(shares);
  const tested = 1 + Number(experiment.evaluation.test);
  return { seconds: step * totalSteps + evaluation * (evaluations + tested) + once, basis: 'other-runs' };
}

type FinishedRun = Pick<RunRecord, 'spec'> & { readonly result: NonNullable<RunRecord['result']> };

/** Of one on the way, with what is recorded then; of runs that were taken up again, from those at the end. */
function secondsOfEvaluation({ spec, result: { seconds, steps } }: FinishedRun): number {
  if (seconds.monitoring !== undefined) return seconds.monitoring / evaluationsOf(spec, steps);
  return seconds.evaluation / (1 + Number(spec.evaluation.test));
}

/** How much more a step of the experiment computes than one of a run; undefined where nothing can be told. */
function relativeWork({ spec, result }: FinishedRun, experiment: Experiment, plan: Plan): number | undefined {
  if (result.flopsPerStep !== undefined && result.flopsPerStep > 0) return plan.flopsPerStep / result.flopsPerStep;
  if (result.parameters.total === 0) return undefined;
  return (plan.parameters.total * examplesPerStep(experiment)) / (result.parameters.total * examplesPerStep(spec));
}

/** Compiling and opening, and baselines as they took on the same data, or else in the same task. */
function secondsOnce(finished: readonly FinishedRun[], { task, data, evaluation }: Experiment): number {
  if (finished.length === 0) return 0;
  const start = median(finished.map(({ result: { seconds } }) => seconds.compilation + (seconds.other ?? 0)));
  const ofTask = finished.filter(({ spec }) => spec.evaluation.baselines && spec.task.type === task.type);
  const ofData = ofTask.filter(({ spec }) => spec.data === data);
  const alike = ofData.length > 0 ? ofData : ofTask;
  if (!evaluation.baselines || alike.length === 0) return start;
  return start + median(alike.map(({ result }) => result.seconds.baselines));
}

/** Of the validation split, while it trains. */
function evaluationsOf({ training }: Experiment, steps: number): number {
  const every = training.evaluateEvery;
  return Math.ceil(every === undefined ? usualEvaluations : steps / every);
}

/**
 * Runs take so many times as long as the bare steps of `measureSpeed`: batches are prepared, and few networks suit a processor
 * as well. It was 1.6 to 3.2 times with BERT tiny, convolutions, a text CNN and an LSTM on two cores of an AMD EPYC.
 */
const overhead = 2;

/**
 * For the first run on a machine: the arithmetic of training and evaluations at a measured speed. Baselines come on top.
 *
 * @param speed floating-point operations a second, as `measureSpeed` says; null where it could not be measured
 */
export function estimateFromSpeed(
  speed: number | null,
  { training, evaluation }: Experiment,
  { totalSteps, flopsPerStep, evaluationBatches }: Plan,
): Estimate {
  if (speed === null) return { seconds: null, basis: 'none' };
  const { batchSize = training.batchSize, maximumBatches = Infinity } = evaluation;
  // Forward alone is a third of forward and backward.
  const flopsPerBatch = (flopsPerStep / training.gradientAccumulationSteps / 3) * (batchSize / training.batchSize);
  const evaluations = training.evaluateEvery === undefined ? usualEvaluations : totalSteps / training.evaluateEvery;
  const batches =
    Math.ceil(evaluations) * Math.min(evaluationBatches.validation, maximumBatches) +
    (evaluation.test ? Math.min(evaluationBatches.test, maximumBatches) : 0);
  const flops = totalSteps * flopsPerStep + batches * flopsPerBatch;
  return { seconds: (overhead * flops) / speed, basis: 'machine' };
}

/** Where a spec does not say how often the validation split is evaluated. */
const usualEvaluations = 10;

function examplesPerStep({ training }: Experiment): number {
  return training.batchSize * training.gradientAccumulationSteps;
}

/** Of runs that take as long a step, and as much memory, as each other. */
export function networkKey({ task, pipeline, training, engine }: Experiment): string {
  return JSON.stringify([task, pipeline, training.batchSize, training.gradientAccumulationSteps, engine]);
}
