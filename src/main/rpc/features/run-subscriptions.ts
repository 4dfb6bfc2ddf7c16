/** Runs as they change, at most ten times a second: what happened in between comes together. */
import type { z } from 'zod';
import type { runsContract } from '../../../shared/contract/runs.ts';
import { gather } from '../../lab/events.ts';
import type { Lab } from '../../lab/lab.ts';
import { viewRun } from '../../lab/run-view.ts';
import type { RunChange } from '../../lab/store/run-store.ts';
import type { Stop } from '../dispatcher.ts';

type WatchEvent = z.input<(typeof runsContract)['watch']['event']>;
type FollowEvent = z.input<(typeof runsContract)['follow']['event']>;

/** All runs: their rows, and the queue. Returns what ends it. */
export function watchRuns(lab: Lab, emit: (event: WatchEvent) => void): Stop {
  const { runs, queue } = lab;
  const changes = gather<RunChange | 'queue'>((list) => {
    const ids = new Set(list.flatMap((change) => (change === 'queue' ? [] : [change.id])));
    const state = queue.state();
    const found = [...ids].map((id) => ({ id, record: runs.find(id) }));
    emit({
      changed: found.flatMap(({ record }) => (record ? [viewRun(lab, record, state.order)] : [])),
      removed: found.flatMap(({ id, record }) => (record ? [] : [id])),
      queue: list.includes('queue') ? state : null,
    });
  });
  const stops = [
    runs.changes.on((change) => {
      changes.add(change);
    }),
    queue.changes.on(() => {
      changes.add('queue');
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    changes.stop();
  };
}

/** One run: its row, points and events as they come. Throws `LabError('not-found')`. Returns what ends it. */
export function followRun(lab: Lab, id: string, emit: (event: FollowEvent) => void): Stop {
  const { runs, queue } = lab;
  if (lab.unread === 0) runs.get(id); // throws for one that is not there
  const changes = gather<RunChange>((list) => {
    const record = runs.find(id);
    if (!record) return;
    emit({
      run: viewRun(lab, record),
      events: list.flatMap(({ events }) => events),
      latest: queue.live(id)?.latest ?? null,
    });
  });
  const stop = runs.changes.on((change) => {
    if (change.id === id) changes.add(change);
  });
  return () => {
    stop();
    changes.stop();
  };
}
