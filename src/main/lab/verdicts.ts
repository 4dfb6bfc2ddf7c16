/** The verdicts on runs, from what the store has of their course. */
import type { RunVerdict } from '../../shared/run-verdict.ts';
import { runVerdicts } from '../../shared/run-verdict.ts';
import type { RunRecord } from './store/run-record.ts';
import type { RunStore } from './store/run-store.ts';

/** Of the training loss: its extremes and their neighbours are enough to tell a rise by. */
const trainingPoints = 400;
const evaluations = 1000;

/** What the course and the result of a run say; the rules are those of `runVerdicts`. */
export function verdictsOf({ points }: Pick<RunStore, 'points'>, { number, spec, result }: RunRecord): RunVerdict[] {
  const curveOf = (metric: string, maximumPoints: number) => {
    const found = points.line(number, metric, { maximumPoints }).points;
    return { steps: found.map(({ step }) => step), values: found.map(({ value }) => value) };
  };
  return runVerdicts({
    training: curveOf('training.loss', trainingPoints),
    validation: curveOf('validation.loss', evaluations),
    metrics: (result?.test ?? result?.validation)?.metrics ?? null,
    baselines: result?.baselines ?? [],
    learningRate: spec.training.learningRate,
  });
}
