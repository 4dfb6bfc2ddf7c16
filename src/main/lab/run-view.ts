/** A run as pages see it: what is stored, what its trainer says, and what can be done with it. */
import type { Run } from '../../shared/contract/runs.ts';
import type { Lab } from './lab.ts';
import type { RunRecord } from './store/run-record.ts';

/** @param order of the queue, where many runs are viewed at once */
export function viewRun(
  { queue, tasks }: Pick<Lab, 'queue' | 'tasks'>,
  record: RunRecord,
  order: readonly string[] = queue.state().order,
): Run {
  const { id, spec, origin, state, progress, result } = record;
  const live = queue.live(id);
  const selection = tasks.selectionOf(spec.task.type);
  const waiting = order.indexOf(id);
  return {
    id,
    name: spec.name,
    state,
    queuePosition: waiting < 0 ? null : waiting + 1,
    paused: record.paused,
    task: spec.task.type,
    taskKind: tasks.kindOf(spec.task.type),
    data: spec.data,
    from: origin.weights?.label ?? null,
    method: spec.method ?? 'training',
    seed: spec.seed,
    splitSeed: spec.splitSeed,
    createdAt: record.createdAt,
    startedAt: progress.startedAt,
    finishedAt: state === 'finished' && result ? Date.parse(result.finishedAt) : progress.finishedAt,
    step: live?.latest?.step ?? progress.step,
    totalSteps: progress.totalSteps,
    phase: live?.phase ?? null,
    remainingMilliseconds: live?.remainingMilliseconds ?? null,
    examplesPerSecond: result?.examplesPerSecond ?? progress.examplesPerSecond,
    loss: live?.latest?.loss ?? progress.loss,
    selection: {
      ...selection,
      best: progress.best?.value ?? null,
      step: result?.bestStep ?? progress.best?.step ?? null,
    },
    metrics: {
      ...named('validation', result?.validation.metrics),
      ...named('test', result?.test?.metrics),
    },
    parameters: progress.parameters,
    engine: progress.engine,
    failure: record.failure,
    resumable: isResumable(record) ? { step: progress.checkpoint ?? 0 } : null,
    tags: [...record.tags],
    notes: record.notes,
    archived: record.archived,
    pinned: record.pinned,
    study: record.study,
  };
}

function isResumable({ state }: RunRecord): boolean {
  return state === 'stopped' || state === 'interrupted' || state === 'failed';
}

function named(split: string, metrics: Readonly<Record<string, number | null>> = {}): Record<string, number | null> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${split}.${name}`, value]));
}
