/**
 * The queue of runs: which one is next, and the trainers at work. Nothing of a run is in here that its folder or the store
 * does not have, so a lab that is killed at any moment finds everything again.
 */
import type { Failure } from '../../../shared/contract/common.ts';
import type { Concurrency, QueueState } from '../../../shared/contract/runs.ts';
import { LabError, messageOf, reasonOf } from '../../../shared/errors.ts';
import { RemainingTime } from '../../../shared/eta.ts';
import type { Signal } from '../events.ts';
import { createSignal } from '../events.ts';
import { ownerOfLock } from '../../files/process-lock.ts';
import type { ProcessExit, ProcessHost, TrainerProcess } from '../process-host.ts';
import type { RunStore } from '../store/run-store.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { checkpointBytes, runBytes, shortOfSpace } from '../../files/disk-space.ts';
import { adoptTrainer } from './adopted-trainer.ts';
import type { Member } from './crowd.ts';
import { createCrowd } from './crowd.ts';
import { notOurs } from './explain-exit.ts';
import type { Machine } from './jobs.ts';
import { thisMachine } from './jobs.ts';
import type { QueueFile } from './queue-file.ts';
import type { StopReason } from './settle-run.ts';
import { settleEnded } from './settle-run.ts';
import { trainerMessage } from './trainer-message.ts';

/** What is known of a run while its trainer works, and of no interest afterwards. */
export interface LiveRun {
  readonly phase: string | null;
  readonly latest: { readonly step: number; readonly loss: number | null } | null;
  readonly remainingMilliseconds: number | null;
  readonly pid: number | undefined;
}

export interface Queue {
  readonly changes: Signal<void>;
  state(): QueueState;
  live(id: string): LiveRun | undefined;
  /** The trainers' own words. */
  output(id: string): string;
  isOurs(id: string): boolean;
  /** Takes over the trainer of a lab that is gone, if there is one at work on the run. */
  adopt(id: string): Promise<boolean>;
  /** Throws `LabError('conflict')` for a run that is finished or being trained. */
  requireIdle(id: string): void;
  /** Puts runs at the end; those that are finished or active are refused. */
  enqueue(ids: readonly string[]): void;
  reorder(ids: readonly string[]): void;
  configure(options: { readonly held?: boolean | undefined; readonly concurrency?: Concurrency | undefined }): void;
  /** Stops at the next step with a checkpoint. */
  pause(id: string): void;
  /** Out of the queue; `now` ends the trainer at once. */
  cancel(id: string, now: boolean): void;
  /** Starts what can be started. */
  advance(): Promise<void>;
  /** Stops all trainers with a checkpoint, but for those that a look at the queue has only found; kills those that take longer than `patienceMilliseconds`. */
  close(patienceMilliseconds: number): Promise<void>;
}

interface Active extends Member {
  readonly trainer: TrainerProcess;
  readonly done: Promise<void>;
  phase: string | null;
  latest: LiveRun['latest'];
  remaining: RemainingTime | undefined;
  residentBytes: number;
  stopReason: StopReason;
  /** Why it failed, in its own words. */
  reported: Failure | null;
}

export interface QueueOptions {
  readonly workspace: Workspace;
  readonly file: QueueFile;
  readonly store: RunStore;
  readonly host: ProcessHost;
  readonly now?: () => number;
  /** Whether it starts what waits; false for a look at it, or to change it. */
  readonly trains?: boolean;
  /** How many runs at a time, for this lab alone; by default as the queue's file says. */
  readonly concurrency?: Concurrency | undefined;
  readonly machine?: Machine;
  readonly memoryCheckMilliseconds?: number;
  readonly spaceCheckMilliseconds?: number;
  /** Replaced in tests: why there is too little room, or null. */
  readonly checkSpace?: (folder: string, neededBytes: number) => Promise<string | null>;
}

/** Goes by the order that its file has of before. */
export function createQueue(options: QueueOptions): Queue {
  const {
    workspace,
    file,
    store,
    host,
    now = () => performance.now(),
    trains = true,
    machine = thisMachine,
    memoryCheckMilliseconds = 2000,
    spaceCheckMilliseconds = 10_000,
    checkSpace = shortOfSpace,
  } = options;
  const changes = createSignal<void>();
  const active = new Map<string, Active>();
  const outputs = new Map<string, string>();
  const concurrency = (): Concurrency => options.concurrency ?? file.content.concurrency;
  const crowd = createCrowd(store, concurrency, machine);
  let reason: string | null = null;
  let advancing: Promise<void> | undefined;
  let closed = false;

  const waiting = (): string[] => file.content.order.filter((id) => store.find(id)?.state === 'queued');
  const takeOut = (id: string): void => {
    if (file.waits(id)) file.note({ order: file.content.order.filter((other) => other !== id) });
  };

  /** As a person asks for it: it is on the disk when they are told, or they hear why not. */
  const takeOutDurably = (id: string): void => {
    if (file.waits(id)) file.write({ order: file.content.order.filter((other) => other !== id) });
  };

  const hold = (value: boolean, why: string | null): void => {
    reason = why;
    file.note({ held: value });
    changes.emit();
  };

  const spaceTimer = setInterval(() => void watchSpace(), spaceCheckMilliseconds);
  spaceTimer.unref();
  const watchSpace = async (): Promise<void> => {
    const working = [...active].filter(([, { stopReason }]) => stopReason === 'none');
    if (working.length === 0) return;
    const sizes = working.map(([id]) => {
      const record = store.find(id);
      return record ? checkpointBytes(record.progress.parameters?.total ?? 0, record.spec.training) : 0;
    });
    const short = await whyShort(Math.max(...sizes));
    if (short === null || closed) return;
    hold(true, short);
    for (const [id, run] of working) if (active.has(id)) stopActive(id, run, 'space');
  };
  const whyShort = (neededBytes: number): Promise<string | null> =>
    checkSpace(workspace.folder, neededBytes).catch(
      (error: unknown) => `The disk of ${workspace.folder} cannot be looked at: ${reasonOf(error)}`,
    );

  const memoryTimer = setInterval(() => {
    watchMemory();
  }, memoryCheckMilliseconds);
  memoryTimer.unref();
  /** The one that began last makes room, and goes on where it stopped when there is some again. */
  const watchMemory = (): void => {
    if (!crowd.isTooLarge(active.size)) void advance();
    else if ([...active.values()].every(({ stopReason }) => stopReason === 'none')) {
      for (const [id, run] of [...active].slice(-1)) stopActive(id, run, 'memory');
    }
  };

  const stopActive = (id: string, run: Active, stopReason: Active['stopReason']): void => {
    run.stopReason = stopReason;
    run.trainer.stop();
    if (store.find(id)) store.change(id, { state: 'stopping' });
  };

  const start = async (id: string, share: number | 'all'): Promise<void> => {
    const record = store.get(id);
    const short = await whyShort(runBytes(record.progress.parameters?.total ?? 0, record.spec.training));
    // Meanwhile it may have been taken out of the queue, or the lab closed.
    if (closed || file.content.held || waiting()[0] !== id) return;
    if (short !== null) {
      hold(true, short);
      return;
    }
    store.change(id, { state: 'preparing', paused: false, failure: null });
    const threads = share === 'all' ? undefined : share;
    let trainer: TrainerProcess;
    try {
      trainer = host.startTrainer(workspace.folder, id, threads);
    } catch (error) {
      takeOut(id);
      store.change(id, {
        state: 'failed',
        failure: { code: 'internal', message: `The trainer could not be started: ${messageOf(error)}`, details: {} },
      });
      return;
    }
    accompany(id, trainer, 'Starting', threads);
  };

  /** Follows a trainer to its end. */
  const accompany = (id: string, trainer: TrainerProcess, phase: string | null, threads?: number): void => {
    let finish = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const run: Active = {
      trainer,
      done,
      phase,
      latest: null,
      remaining: undefined,
      threads,
      residentBytes: 0,
      stopReason: 'none',
      reported: null,
    };
    active.set(id, run);
    changes.emit();
    trainer.onMessage((message) => {
      receive(id, run, message);
    });
    trainer.onExit((exit) => {
      void ended(id, run, exit).finally(finish);
    });
  };

  const adopt = async (id: string): Promise<boolean> => {
    const folder = store.folder(id);
    const owner = await ownerOfLock(folder.lock);
    if (owner?.trainer !== true || active.has(id)) return false;
    const follow = (): void => {
      store.follow(id).catch(() => undefined); // it is read again
    };
    takeOut(id);
    store.change(id, { state: 'running', paused: false, failure: null });
    accompany(id, adoptTrainer(folder, owner, follow), null);
    return true;
  };

  const receive = (id: string, run: Active, message: unknown): void => {
    const parsed = trainerMessage.safeParse(message);
    if (!parsed.success || !store.find(id)) return;
    const { data } = parsed;
    switch (data.type) {
      case 'event':
        if (data.event.type === 'started' || data.event.type === 'resumed') {
          run.remaining = new RemainingTime(Math.max(1, data.event.totalSteps));
          run.remaining.observe(data.event.step, now());
          takeOut(id); // only now: a run whose trainer has not begun is not lost from the queue with the lab
          if (store.get(id).state === 'preparing') store.change(id, { state: 'running' });
        }
        void store.follow(id).catch(() => undefined); // it is read again at the end
        return;
      case 'step':
        run.latest = { step: data.step, loss: Number.isFinite(data.loss) ? data.loss : null };
        run.remaining?.observe(data.step, now());
        store.touch(id);
        return;
      case 'phase':
        run.phase = data.phase;
        store.touch(id);
        return;
      case 'memory':
        run.residentBytes = data.bytes;
        crowd.noteMemory(id, data.bytes);
        return;
      case 'failed':
        run.reported = { code: data.code, message: data.message, details: {} };
        return;
    }
  };

  const ended = async (id: string, run: Active, exit: ProcessExit): Promise<void> => {
    outputs.set(id, exit.output);
    takeOut(id);
    if (!closed && run.reported?.code === 'conflict') {
      active.delete(id);
      if (await adopt(id)) return; // that of a lab before this one had only been slow to begin
    }
    try {
      await store.follow(id).catch(() => undefined);
      if (store.find(id)) {
        await settleEnded(store, id, run, exit, () => active.delete(id));
        if (store.find(id)?.state === 'finished') crowd.noteEnd(id);
        if (run.stopReason === 'memory' && !closed && store.get(id).state === 'stopped') {
          file.note({ order: [id, ...file.content.order.filter((other) => other !== id)] });
          store.change(id, { state: 'queued' });
        }
      }
    } catch (error) {
      const failure = { code: 'internal', message: messageOf(error), details: {} };
      if (store.find(id)) store.change(id, { state: 'failed', failure });
    }
    active.delete(id);
    changes.emit();
    if (!closed) void advance();
  };

  const advanceOnce = async (): Promise<void> => {
    while (trains && !closed && !file.content.held) {
      const [next] = waiting();
      const share = next === undefined ? undefined : crowd.shareFor(next, active, waiting().length);
      if (next === undefined || share === undefined) return;
      await start(next, share);
    }
  };
  const advance = (): Promise<void> => {
    advancing = (advancing ?? Promise.resolve()).then(advanceOnce).catch((error: unknown) => {
      hold(true, `The queue cannot go on: ${messageOf(error)}`);
    });
    return advancing;
  };

  const requireIdle = (id: string): void => {
    const { state } = store.get(id);
    if (state === 'finished') {
      throw new LabError('conflict', `The run ${id} is finished. To train it again, choose Run again`, { id });
    }
    if (active.has(id) || state === 'running') {
      throw new LabError('conflict', `The run ${id} is being trained already`, { id });
    }
  };

  return {
    changes,
    adopt,
    requireIdle,
    state() {
      const { held } = file.content;
      return { order: waiting(), active: [...active.keys()], held, reason, concurrency: concurrency() };
    },
    live(id) {
      const run = active.get(id);
      if (!run) return undefined;
      const remainingMilliseconds = run.remaining?.remaining(now()) ?? null;
      return { phase: run.phase, latest: run.latest, remainingMilliseconds, pid: run.trainer.pid };
    },
    output: (id) => outputs.get(id) ?? '',
    isOurs: (id) => active.has(id),
    enqueue(ids) {
      ids.forEach(requireIdle);
      const added = new Set(ids.filter((id) => store.get(id).state !== 'queued'));
      if (added.size > 0) file.write({ order: [...file.content.order.filter((id) => !added.has(id)), ...added] });
      for (const id of added) store.change(id, { state: 'queued', paused: false, failure: null });
      changes.emit();
      void advance();
    },
    reorder(ids) {
      const order = waiting();
      const unknown = ids.find((id) => !order.includes(id));
      if (unknown !== undefined) {
        throw new LabError('conflict', `The run ${unknown} does not wait in the queue any more`, { id: unknown });
      }
      const first = new Set(ids);
      file.write({ order: [...first, ...file.content.order.filter((id) => !first.has(id))] });
      for (const id of order) store.touch(id); // each of them has another place
      changes.emit();
    },
    configure({ held: nextHeld, concurrency: nextConcurrency }) {
      file.write({
        ...(nextConcurrency !== undefined && { concurrency: nextConcurrency }),
        ...(nextHeld !== undefined && { held: nextHeld }),
      });
      if (nextHeld !== undefined) reason = null;
      changes.emit();
      void advance();
    },
    pause(id) {
      const run = active.get(id);
      const { state } = store.get(id);
      if (run) stopActive(id, run, 'pause');
      else if (state === 'queued') {
        takeOutDurably(id);
        store.change(id, { state: 'stopped', paused: true });
      } else throw notOurs(id, state);
      changes.emit();
    },
    cancel(id, immediately) {
      const run = active.get(id);
      const { state } = store.get(id);
      if (run) {
        stopActive(id, run, 'cancel');
        if (immediately) run.trainer.kill();
      } else if (state === 'running') throw notOurs(id, state);
      else if (state !== 'finished') {
        takeOutDurably(id);
        store.change(id, { state: state === 'queued' ? 'stopped' : state, paused: false });
      }
      changes.emit();
    },
    advance,
    async close(patienceMilliseconds) {
      closed = true;
      clearInterval(spaceTimer);
      clearInterval(memoryTimer);
      await advancing;
      const runs = [...active];
      for (const [id, run] of runs) {
        if (!trains && run.trainer.letGo) run.trainer.letGo();
        else stopActive(id, run, 'pause');
      }
      const kill = setTimeout(() => {
        for (const [, { trainer }] of runs) trainer.kill();
      }, patienceMilliseconds);
      await Promise.all(runs.map(([, { done }]) => done));
      clearTimeout(kill);
    },
  };
}
