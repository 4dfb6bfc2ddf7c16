/** What becomes of a run whose trainer has ended: its folder says it, or the way in which the process ended. */
import type { Failure } from '../../../shared/contract/common.ts';
import { openEventLog } from '../../workspace/run-folder.ts';
import type { ProcessExit } from '../process-host.ts';
import { readNewEvents } from '../store/follow-events.ts';
import type { RunRecord } from '../store/run-record.ts';
import type { RunStore } from '../store/run-store.ts';
import { settle } from '../store/read-run.ts';
import { explainExit } from './explain-exit.ts';

/** Why a trainer was asked to end: by a person, or by the queue for want of space or memory. */
export type StopReason = 'none' | 'pause' | 'cancel' | 'space' | 'memory';

export interface EndedRun {
  readonly stopReason: StopReason;
  /** Why it failed, in its own words. */
  readonly reported: Failure | null;
}

/** `onSettled` is called before anyone hears of it: whoever sees that a run has ended can begin it anew at once. */
export async function settleEnded(
  store: RunStore,
  id: string,
  { stopReason, reported }: EndedRun,
  exit: ProcessExit,
  onSettled: () => void,
): Promise<void> {
  const wasKilledByUs = stopReason === 'cancel' && exit.signal !== null;
  const failure = wasKilledByUs ? null : (reported ?? explainExit(exit));
  // Where there is no room for an event, the record has to do.
  if (failure) await explain(store, id, failure).catch(() => undefined);
  // A copy: whoever sees that the run has ended sees all of it.
  const settled = { ...store.get(id) };
  await settle(store.folder(id), settled, () => settled, false);
  const { state, result, progress } = settled;
  const interrupted = state === 'interrupted' && stopReason !== 'none';
  const hasNoFailure = interrupted || state === 'finished' || state === 'stopped';
  onSettled();
  store.get(id).progress = progress;
  store.change(id, {
    state: interrupted ? 'stopped' : state,
    paused: stopReason === 'pause' || stopReason === 'space',
    result,
    failure: hasNoFailure ? null : whyEnded(settled, failure),
  });
}

/** A trainer that could say nothing itself: its run's events say why. */
async function explain(store: RunStore, id: string, failure: Failure): Promise<void> {
  const record = store.get(id);
  const { events } = await readNewEvents(store.folder(id), 0);
  if (events.at(-1)?.type === 'failed') return;
  openEventLog(store.folder(id))({
    type: 'failed',
    step: record.progress.step,
    code: failure.code,
    message: failure.message,
  });
  await store.follow(id);
}

/** What the events say of a failure; where they end in the middle, what its trainer or its end said. */
function whyEnded({ state, failure }: RunRecord, reported: Failure | null): Failure | null {
  return state === 'failed' ? (failure ?? reported) : (reported ?? failure);
}
