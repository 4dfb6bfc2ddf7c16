/**
 * The experiments of a sample, those that build on another one with the id of its run: a run of the same name is another one's unless
 * it learned the same from the sample's own data.
 */
import type { Experiment } from '../../../shared/spec/experiment/index.ts';
import { latestOf } from '../../runs/pin-references.ts';
import type { Sample } from './sample.ts';

interface KnownRun {
  readonly id: string;
  readonly createdAt: number;
  readonly state: string;
  readonly spec: Pick<Experiment, 'name' | 'data' | 'task'>;
}

export interface SampleExperiment {
  readonly name: string;
  readonly spec: Record<string, unknown>;
  /** The experiment that has to be trained before this one can begin. */
  readonly waitsFor: string | null;
}

export function experimentsOf({ experiments }: Sample, runs: readonly KnownRun[]): SampleExperiment[] {
  return experiments.map((experiment) => {
    const name = String(experiment.name);
    const wanted = referenceOf(experiment);
    const source = experiments.find((other) => other.name === wanted);
    if (!source) return { name, spec: { ...experiment }, waitsFor: null };
    const fitting = runs.filter((run) => run.state === 'finished' && isRunOf(run, source));
    const found = latestOf(fitting.map(({ id, createdAt }) => ({ id, createdAt, isFinished: true })));
    if (!found) return { name, spec: { ...experiment }, waitsFor: String(source.name) };
    return { name, spec: { ...experiment, from: { run: found.id } }, waitsFor: null };
  });
}

function isRunOf({ spec }: KnownRun, experiment: Sample['experiments'][number]): boolean {
  const { task } = experiment;
  const type = typeof task === 'object' && task !== null && 'type' in task ? task.type : task;
  return spec.name === experiment.name && spec.data === experiment.data && spec.task.type === type;
}

function referenceOf({ from }: Sample['experiments'][number]): string | undefined {
  return typeof from === 'object' && from !== null && 'run' in from && typeof from.run === 'string'
    ? from.run
    : undefined;
}
