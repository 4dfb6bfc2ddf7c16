/** The states of a run in words, with a sign and a tone, and what a person can do in each. */
import type { Run, RunState } from '../../../../shared/contract/runs.ts';
import { activeStates } from '../../../../shared/contract/runs.ts';
import { metricNames, metricOf } from '../../../../shared/metrics.ts';

export type Tone = 'neutral' | 'accent' | 'success' | 'danger' | 'warning';

export interface StateWords {
  readonly title: string;
  /** So that the state is not told by colour alone. */
  readonly sign: string;
  readonly tone: Tone;
}

export const stateWords: Readonly<Record<RunState, StateWords>> = {
  queued: { title: 'Queued', sign: '◷', tone: 'neutral' },
  preparing: { title: 'Preparing', sign: '◔', tone: 'accent' },
  running: { title: 'Running', sign: '▶', tone: 'accent' },
  stopping: { title: 'Stopping', sign: '◼', tone: 'warning' },
  stopped: { title: 'Stopped', sign: '◼', tone: 'neutral' },
  finished: { title: 'Finished', sign: '✓', tone: 'success' },
  failed: { title: 'Failed', sign: '✕', tone: 'danger' },
  interrupted: { title: 'Interrupted', sign: '!', tone: 'warning' },
};

export const allStates = Object.keys(stateWords) as RunState[]; // the record has exactly these keys

export function isActive(run: Pick<Run, 'state'>): boolean {
  return activeStates.includes(run.state);
}

export function canStop({ state }: Pick<Run, 'state'>): boolean {
  return state === 'queued' || state === 'preparing' || state === 'running';
}

export function canResume({ state, resumable }: Pick<Run, 'state' | 'resumable'>): boolean {
  return state === 'stopped' || state === 'interrupted' || (state === 'failed' && resumable !== null);
}

export function canRetry({ state }: Pick<Run, 'state'>): boolean {
  return state === 'finished' || state === 'failed' || state === 'stopped' || state === 'interrupted';
}

/** The share of the steps that are done; null before their number is known. */
export function shareDone({ state, step, totalSteps }: Pick<Run, 'state' | 'step' | 'totalSteps'>): number | null {
  if (state === 'finished') return 1;
  if (totalSteps === null || totalSteps === 0) return null;
  return Math.min(1, step / totalSteps);
}

/**
 * The value to show for a run: the test split's where there is one, otherwise the best on the validation split. A loss gives way to
 * a metric that says something by itself.
 */
export function headlineMetric({ metrics, selection }: Pick<Run, 'metrics' | 'selection'>): {
  readonly name: string;
  readonly value: number | null;
  readonly split: 'test' | 'validation';
} {
  const names =
    selection.metric === 'loss'
      ? [...metricNames.filter((name) => metricOf(name).preferred), selection.metric]
      : [selection.metric];
  for (const split of ['test', 'validation'] as const) {
    for (const name of names) {
      const value = metrics[`${split}.${name}`];
      if (value !== undefined && value !== null) return { name, value, split };
    }
  }
  return { name: selection.metric, value: selection.best, split: 'validation' };
}
