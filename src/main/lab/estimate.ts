/** How long a run will take, from how long others took on this machine. */
import type { ExperimentPlanSummary } from '../../shared/contract/experiments.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { median } from '../../shared/stats.ts';
import type { RunRecord } from './store/run-record.ts';

type Plan = Pick<ExperimentPlanSummary, 'totalSteps' | 'parameters' | 'evaluationBatches'>;

/** Runs that are looked at, latest first. */
const consulted = 20;

/**
 * From runs of the same task, pipeline and batch: their seconds a step. Else from others, whose time is taken as proportional
 * to parameters × examples, which is rough: it knows nothing of sequence lengths.
 */
export function estimateSeconds(
  runs: readonly RunRecord[],
  experiment: Experiment,
  { totalSteps, parameters }: Plan,
): { readonly seconds: number | null; readonly basis: ExperimentPlanSummary['estimate']['basis'] } {
  const finished = runs
    .filter(({ result }) => result !== null && result.steps > 0)
    .sort((a, b) => b.createdAt - a.createdAt)
    .slice(0, consulted);
  const key = networkKey(experiment);
  const perStep = finished.flatMap(({ spec, result }) =>
    result && networkKey(spec) === key ? [wholeTime(result) / result.steps] : [],
  );
  if (perStep.length > 0) return { seconds: median(perStep) * totalSteps, basis: 'same-network' };
  const work = parameters.total * examplesPerStep(experiment);
  const perWork = finished.flatMap(({ spec, result }) =>
    result && result.parameters.total > 0
      ? [wholeTime(result) / result.steps / (result.parameters.total * examplesPerStep(spec))]
      : [],
  );
  if (perWork.length > 0) return { seconds: median(perWork) * work * totalSteps, basis: 'other-runs' };
  return { seconds: null, basis: 'none' };
}

function wholeTime({ seconds }: NonNullable<RunRecord['result']>): number {
  return seconds.training + seconds.evaluation + seconds.baselines + seconds.compilation;
}

function examplesPerStep({ training }: Experiment): number {
  return training.batchSize * training.accumulation;
}

function networkKey({ task, pipeline, training, engine }: Experiment): string {
  return JSON.stringify([task, pipeline, training.batchSize, training.accumulation, engine]);
}
