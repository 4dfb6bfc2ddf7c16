/**
 * All runs of the workspace, in memory and in the database: found by scanning the folders, followed by reading their events.
 * Runs of other processes (`pretext run`) are followed just the same.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import { LabError, reasonOf } from '../../../shared/errors.ts';
import type { RunEvent } from '../../../shared/spec/run/events.ts';
import { createSignal } from '../events.ts';
import type { Signal } from '../events.ts';
import type { TaskNotes } from '../task-notes.ts';
import { fileExists, namesIn } from '../../files/file-exists.ts';
import { someAtOnce } from '../../files/many.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import { runFolder } from '../../workspace/run-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { findAnnotations, writeAnnotations } from './annotations.ts';
import { inTransaction, isFullDatabase } from './database.ts';
import { applyEvent, pointsOf, readNewEvents } from './follow-events.ts';
import type { Point, PointStore } from './points.ts';
import { createPointStore } from './points.ts';
import { isAtRest, markOf, readNewRun, readResult, settle } from './read-run.ts';
import type { RunRecord } from './run-record.ts';
import { initialRunProgress, insertRun, readRuns, updateRun, writeTags } from './run-record.ts';

export interface RunChange {
  readonly id: string;
  /** New ones, oldest first. */
  readonly events: readonly RunEvent[];
  readonly removed: boolean;
}

export interface RunStore {
  readonly points: PointStore;
  readonly changes: Signal<RunChange>;
  /** Folders that hold no readable run, and why. */
  readonly damaged: ReadonlyMap<string, string>;
  all(): readonly RunRecord[];
  find(id: string): RunRecord | undefined;
  /** Throws `LabError('not-found')`. */
  get(id: string): RunRecord;
  folder(id: string): RunFolder;
  /**
   * Brings the list in line with the folders. Runs that are not `ours` get the state that their folders tell. With `first`, those
   * that are new are told of by its `onProgress` alone. Throws what `first.signal` does.
   */
  scan(ours: (id: string) => boolean, first?: FirstScan): Promise<void>;
  /** Reads what is new in the events of one run. */
  follow(id: string): Promise<void>;
  /** Changes a record, stores it and says so; annotations go into the run's folder as well. */
  change(id: string, change: Partial<Pick<RunRecord, 'state' | 'paused' | 'failure' | 'result'>>): RunRecord;
  annotate(
    id: string,
    change: Partial<Pick<RunRecord, 'notes' | 'tags' | 'archived' | 'pinned' | 'study'>>,
  ): Promise<RunRecord>;
  /** Something that is not stored changed, such as the phase. */
  touch(id: string): void;
  remove(id: string): void;
}

export interface FirstScan {
  readonly signal: AbortSignal;
  /** Costs a question for each run. */
  readonly newestFirst: boolean;
  readonly onProgress: (looked: number, total: number) => void;
}

/** A scan looks at so many finished runs: over a network each is a question of a millisecond. */
const finishedAtOnce = 500;

/** Runs whose files are read side by side: each is a handful of questions to the disk. */
const lookedAtOnce = 32;

/** `waits`: whether a run is in the queue, whatever its folder tells of how it ended before. */
export function createRunStore(
  workspace: Workspace,
  database: DatabaseSync,
  tasks: TaskNotes,
  waits: (id: string) => boolean = () => false,
): RunStore {
  const points = createPointStore(database);
  const changes = createSignal<RunChange>();
  const folder = (id: string): RunFolder => runFolder(join(workspace.runs, id));
  const records = new Map(readRuns(database, (id) => readResult(folder(id))).map((record) => [record.id, record]));
  /** Of these, what people said about them is that of their folders: a lab on a full disk, or one that was killed, has written it there alone. */
  const unread = new Set(records.keys());
  const damaged = new Map<string, string>();
  /** Of events, as far as this lab has read them. */
  const damagedLines = new Map<string, number>();
  const following = new Map<string, Promise<void>>();
  /** How the events of runs looked when these were last settled: a thousand runs at rest cost a glance each. */
  const settled = new Map<string, string>();

  const get = (id: string): RunRecord => {
    const record = records.get(id);
    if (!record) throw new LabError('not-found', `There is no run '${id}'. It may have been deleted`, { id });
    return record;
  };

  /** Records that the full disk had no room for: this lab knows them, and writes them when there is some. */
  const unwritten = new Set<string>();
  const write = (record: RunRecord): void => {
    try {
      updateRun(database, record);
      unwritten.delete(record.id);
    } catch (error) {
      if (!isFullDatabase(error)) throw error;
      unwritten.add(record.id);
    }
  };

  const store = (record: RunRecord, events: readonly RunEvent[] = []): RunRecord => {
    write(record);
    changes.emit({ id: record.id, events, removed: false });
    return record;
  };

  const followOnce = async (id: string): Promise<void> => {
    for (;;) {
      const record = records.get(id);
      if (!record) return;
      const { events, position, more, restarted, damaged: bad } = await readNewEvents(folder(id), record.eventsRead);
      if (position === record.eventsRead && !restarted) return;
      if (!records.has(id)) return;
      let { progress } = record;
      // Nothing is taken as read before it is stored: a full disk stops in the middle.
      inTransaction(database, () => {
        if (restarted) {
          points.dropAfter(record.number, -1);
          progress = initialRunProgress;
        }
        const selection = tasks.selectionOf(record.spec.task.type).metric;
        let found: Point[] = [];
        const addFound = (): void => {
          points.add(record.number, found);
          found = [];
        };
        for (const event of events) {
          if (event.type === 'resumed') {
            addFound();
            points.dropAfter(record.number, event.step);
          }
          progress = applyEvent(progress, event, selection);
          found.push(...pointsOf(event, progress));
        }
        addFound();
        updateRun(database, { ...record, progress, eventsRead: position });
      });
      Object.assign(record, { progress, eventsRead: position });
      if (restarted) damagedLines.delete(id);
      if (bad > 0) damagedLines.set(id, (damagedLines.get(id) ?? 0) + bad);
      changes.emit({ id, events, removed: false });
      if (!more) return;
    }
  };

  const follow = async (id: string): Promise<void> => {
    const before = following.get(id) ?? Promise.resolve();
    const next = before.then(() => followOnce(id));
    following.set(id, next);
    try {
      await next;
    } finally {
      if (following.get(id) === next) following.delete(id);
    }
  };

  let scans = 0;
  /** Of thousands of finished runs, those that a scan leaves to the next ones: they change only when a person makes them longer. */
  const restOf = (names: readonly string[]): ((name: string) => boolean) => {
    const finished = names.filter((name) => records.get(name)?.state === 'finished' && settled.has(name));
    const turns = Math.ceil(finished.length / finishedAtOnce);
    scans += 1;
    if (turns <= 1) return () => false;
    const rest = new Set(finished.filter((_, place) => place % turns !== scans % turns));
    return (name) => rest.has(name);
  };

  const remove = (id: string): void => {
    const record = records.get(id);
    if (!record) return;
    records.delete(id);
    settled.delete(id);
    damagedLines.delete(id);
    database.prepare('DELETE FROM runs WHERE number = ?').run(record.number);
    changes.emit({ id, events: [], removed: true });
  };

  const takeAnnotations = async (record: RunRecord): Promise<void> => {
    const found = await findAnnotations(folder(record.id));
    const { notes, tags, archived, pinned, study } = record;
    if (!found || isDeepStrictEqual(found, { notes, tags: [...tags], archived, pinned, study })) return;
    writeTags(database, Object.assign(record, found));
    store(record);
  };
  const noteDamage = (name: string) => (error: unknown) => {
    if (!isFullDatabase(error)) damaged.set(join(workspace.runs, name), reasonOf(error));
  };
  /** Those that are new, in one transaction: thousands of them when a workspace is opened without its database. */
  const takeIn = async (names: readonly string[], quietly: boolean): Promise<void> => {
    const read = names.map((name) => readNewRun(folder(name), tasks, waits(name)).catch(noteDamage(name)));
    const found = (await Promise.all(read)).filter((run) => run !== undefined);
    const unknown = found.filter(({ record }) => !records.has(record.id)); // another look may have been faster
    if (unknown.length === 0) return;
    try {
      const inserted = inTransaction(database, () =>
        unknown.map((run) => {
          const record = insertRun(database, run.record);
          points.fill(record.number, run.points);
          return { ...run, record };
        }),
      );
      for (const { record, events, damagedLines: bad, mark } of inserted) {
        records.set(record.id, record);
        if (mark !== undefined) settled.set(record.id, mark);
        if (bad > 0) damagedLines.set(record.id, bad);
        if (!quietly) changes.emit({ id: record.id, events, removed: false });
      }
    } catch (error) {
      for (const { record } of unknown) noteDamage(record.id)(error);
    }
  };

  /** By when their folders were last changed; ahead of them those that are known, which are shown already, and those that wait. */
  const newestFirst = async (names: readonly string[]): Promise<readonly string[]> => {
    const times = await someAtOnce(names, async (name) =>
      records.has(name) || waits(name)
        ? Infinity
        : ((await stat(folder(name).folder).catch(() => undefined))?.mtimeMs ?? 0),
    );
    const timeOf = new Map(names.map((name, place) => [name, times[place] ?? 0]));
    return names.toSorted((a, b) => {
      const [first = 0, second = 0] = [timeOf.get(a), timeOf.get(b)];
      return first === second ? 0 : second - first;
    });
  };

  return {
    points,
    changes,
    damaged,
    all: () => [...records.values()],
    find: (id) => records.get(id),
    get,
    folder,
    follow,
    remove,
    async scan(ours, first) {
      const listed = (await namesIn(workspace.runs)).filter((name) => !name.startsWith('.'));
      const names = first?.newestFirst && listed.length > lookedAtOnce ? await newestFirst(listed) : listed;
      const there = new Set(names);
      for (const id of [...records.keys()]) {
        // A trainer of ours that has lost its folder is told to its end, and not forgotten. Some file systems leave names out.
        if (!there.has(id) && !ours(id) && !(await fileExists(folder(id).folder))) remove(id);
      }
      damaged.clear();
      for (const id of unwritten) {
        const record = records.get(id);
        if (record) write(record);
        else unwritten.delete(id);
      }
      const isPassedOver = restOf(names);
      const look = async (name: string): Promise<void> => {
        const record = records.get(name);
        if (!record) return;
        if (unread.delete(name)) await takeAnnotations(record);
        if (ours(name) || isPassedOver(name)) return;
        const mark = await markOf(folder(name));
        if (isAtRest(get(name)) && settled.get(name) === mark) return;
        await follow(name);
        await settle(folder(name), get(name), store, waits(name));
        settled.set(name, mark);
      };
      for (let start = 0; start < names.length; start += lookedAtOnce) {
        first?.signal.throwIfAborted();
        const some = names.slice(start, start + lookedAtOnce);
        const unknown = some.filter((name) => !records.has(name));
        await takeIn(unknown, first !== undefined);
        const isRead = new Set(unknown.filter((name) => settled.has(name)));
        await Promise.all(some.filter((name) => !isRead.has(name)).map((name) => look(name).catch(noteDamage(name))));
        first?.onProgress(start + some.length, names.length);
      }
      for (const [id, lines] of damagedLines) {
        damaged.set(
          folder(id).events,
          `${lines === 1 ? 'A line is' : `${lines} lines are`} not what was written and ${lines === 1 ? 'is' : 'are'} left out`,
        );
      }
    },
    change: (id, change) => store(Object.assign(get(id), change)),
    async annotate(id, change) {
      const record = Object.assign(get(id), change);
      if (change.tags) record.tags = [...new Set(change.tags)].sort();
      writeTags(database, record);
      await writeAnnotations(folder(id), { ...record, tags: [...record.tags] });
      return store(record);
    },
    touch(id) {
      changes.emit({ id, events: [], removed: false });
    },
  };
}
