/** The course of a run out of its events, for its verdict: as far as it was recorded, each step as it was done last. */
import type { Curve, RunCourse } from '../../../shared/run-verdict.ts';
import type { RunDetails } from '../../workspace/runs.ts';

export function courseOf({
  events,
  result,
  experiment,
}: Pick<RunDetails, 'events' | 'result' | 'experiment'>): RunCourse {
  const training = new Map<number, number | null>();
  const validation = new Map<number, number | null>();
  for (const event of events) {
    if (event.type === 'step' && 'loss' in event.scalars) training.set(event.step, event.scalars.loss ?? null);
    if (event.type === 'evaluation' && event.split === 'validation') {
      validation.set(event.step, event.metrics.loss ?? null);
    }
  }
  return {
    training: curveOf(training),
    validation: curveOf(validation),
    metrics: (result?.test ?? result?.validation)?.metrics ?? null,
    baselines: result?.baselines ?? [],
    learningRate: experiment.training.learningRate,
  };
}

function curveOf(points: ReadonlyMap<number, number | null>): Curve {
  const sorted = [...points].sort(([one], [other]) => one - other);
  return { steps: sorted.map(([step]) => step), values: sorted.map(([, value]) => value) };
}
