/** Long tasks besides runs, as data that every window sees. */
import { randomUUID } from 'node:crypto';
import type { Job } from '../../shared/contract/jobs.ts';
import type { MaterialReference } from '../../shared/contract/materials.ts';
import { LabError, isLabError, messageOf } from '../../shared/errors.ts';
import { RemainingTime } from '../../shared/eta.ts';
import type { Signal } from './events.ts';
import { createSignal } from './events.ts';
import type { WorkProgress } from '../work/work-context.ts';

/** What a task has found at its end. */
export interface JobOutcome {
  readonly made?: readonly MaterialReference[];
  readonly result?: unknown;
}

export interface Jobs {
  readonly changes: Signal<Job>;
  list(): readonly Job[];
  /** Throws `LabError('not-found')`. */
  get(id: string): Job;
  start(
    kind: Job['kind'],
    title: string,
    work: (signal: AbortSignal, progress: (progress: WorkProgress) => void) => Promise<JobOutcome>,
    of?: string,
  ): Job;
  cancel(id: string): Job;
  dismiss(id: string): void;
  /** Cancels all and waits for their ends. */
  close(): Promise<void>;
}

/** Tasks that ended are remembered up to this number. */
const remembered = 50;

/** Tasks live in this process: when the lab is closed, they are stopped. */
export function createJobs(): Jobs {
  const jobs = new Map<string, Job>();
  const running = new Map<string, { readonly controller: AbortController; readonly done: Promise<void> }>();
  const changes = createSignal<Job>();

  const get = (id: string): Job => {
    const job = jobs.get(id);
    if (!job) throw new LabError('not-found', 'This job has ended, and its result is no longer kept', { id });
    return job;
  };
  const update = (id: string, change: Partial<Job>): Job => {
    const job = { ...get(id), ...change };
    jobs.set(id, job);
    changes.emit(job);
    return job;
  };
  const forgetOldest = (): void => {
    const ended = [...jobs.values()].filter(({ finishedAt }) => finishedAt !== null);
    for (const { id } of ended.slice(0, Math.max(0, ended.length - remembered))) jobs.delete(id);
  };

  return {
    changes,
    list: () => [...jobs.values()],
    get,
    start(kind, title, work, of) {
      const id = randomUUID();
      const job: Job = {
        id,
        kind,
        title,
        of: of ?? null,
        state: 'running',
        phase: '',
        done: 0,
        total: 0,
        unit: '',
        skipped: 0,
        remainingMilliseconds: null,
        startedAt: Date.now(),
        finishedAt: null,
        failure: null,
        made: [],
        result: null,
      };
      jobs.set(id, job);
      forgetOldest();
      const controller = new AbortController();
      const estimate = createEstimate();
      const finish = (change: Partial<Job>): void => {
        running.delete(id);
        update(id, { ...change, finishedAt: Date.now(), remainingMilliseconds: null });
      };
      const done = work(controller.signal, (progress) => {
        if (running.has(id)) update(id, { ...progress, remainingMilliseconds: estimate(progress) });
      }).then(
        ({ made = [], result = null }) => {
          finish({ state: 'done', made: [...made], result });
        },
        (error: unknown) => {
          const isCancelled = controller.signal.aborted;
          const code = isLabError(error) ? error.code : 'internal';
          const failure = { code, message: messageOf(error), details: {} };
          finish(isCancelled ? { state: 'cancelled' } : { state: 'failed', failure });
        },
      );
      running.set(id, { controller, done });
      changes.emit(job);
      return job;
    },
    cancel(id) {
      const job = get(id);
      const work = running.get(id);
      if (!work) return job;
      const cancelling = update(id, { state: 'cancelling' });
      work.controller.abort();
      return cancelling;
    },
    dismiss(id) {
      if (running.has(id)) throw new LabError('conflict', 'This job is still running. Cancel it first', { id });
      jobs.delete(id);
    },
    async close() {
      for (const { controller } of running.values()) controller.abort();
      await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}

/** Of the phase that a task is in: the phases after it are not known. */
function createEstimate(): (progress: WorkProgress) => number | null {
  let phase = '';
  let remaining: RemainingTime | undefined;
  return (progress) => {
    if (progress.phase !== phase || remaining?.total !== progress.total) {
      phase = progress.phase;
      remaining = progress.total > 0 ? new RemainingTime(progress.total) : undefined;
    }
    remaining?.observe(progress.done, performance.now());
    return remaining?.remaining(performance.now()) ?? null;
  };
}
