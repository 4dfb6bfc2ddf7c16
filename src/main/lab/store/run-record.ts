/** What the lab remembers of a run, and how that is kept in the database. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { z } from 'zod';
import type { Failure } from '../../../shared/contract/common.ts';
import type { RunState } from '../../../shared/contract/runs.ts';
import { runState } from '../../../shared/contract/runs.ts';
import type { Experiment } from '../../../shared/spec/experiment/index.ts';
import { migrateExperiment } from '../../../shared/spec/experiment/index.ts';
import type { RunResult } from '../../../shared/spec/run/result.ts';
import type { RunOrigin } from '../../workspace/run-folder.ts';
import { prepared } from './database.ts';

/** What its events told so far. */
export interface RunProgress {
  readonly step: number;
  readonly totalSteps: number | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly examplesPerSecond: number | null;
  readonly loss: number | null;
  readonly best: { readonly value: number | null; readonly step: number } | null;
  readonly parameters: { readonly total: number; readonly trainable: number } | null;
  /** Bytes of its network; runs of before do not say. */
  readonly expectedMemory?: number | undefined;
  readonly engine: { readonly name: string; readonly device: string; readonly deviceName: string } | null;
  /** Counts starts and resumptions. */
  readonly session: number;
  readonly sessionStartedAt: number;
  /** Milliseconds of activity before this session. */
  readonly activeBefore: number;
  readonly lastEventAt: number;
  /** The step of the last checkpoint. */
  readonly checkpoint: number | null;
}

export const initialRunProgress: RunProgress = {
  step: 0,
  totalSteps: null,
  startedAt: null,
  finishedAt: null,
  examplesPerSecond: null,
  loss: null,
  best: null,
  parameters: null,
  engine: null,
  session: 0,
  sessionStartedAt: 0,
  activeBefore: 0,
  lastEventAt: 0,
  checkpoint: null,
};

/**
 * Of a run that was known when the lab was opened, `spec`, `origin`, `result` and `progress` are read when they are first asked for: a
 * page shows a hundred of ten thousand runs, and to read them all takes seconds.
 */
export interface RunRecord {
  readonly number: number;
  readonly id: string;
  readonly createdAt: number;
  /** Three of `spec`, which lists are filtered by. */
  readonly name: string;
  readonly task: string;
  readonly data: string;
  readonly spec: Experiment;
  readonly origin: RunOrigin;
  state: RunState;
  paused: boolean;
  result: RunResult | null;
  progress: RunProgress;
  failure: Failure | null;
  notes: string;
  tags: readonly string[];
  archived: boolean;
  pinned: boolean;
  study: string | null;
  /** Bytes of events.jsonl that have been read. */
  eventsRead: number;
}

export type NewRunRecord = Omit<RunRecord, 'number'>;

/** Returns the record with the number that it has from now on. */
export function insertRun(database: DatabaseSync, record: NewRunRecord): RunRecord {
  const { lastInsertRowid } = prepared(
    database,
    `INSERT INTO runs (id, name, task, data, created_at, spec, origin, state, paused, result, progress, failure, notes, archived, pinned, study, events_read)
       VALUES (:id, :name, :task, :data, :created, :spec, :origin, :state, :paused, :result, :progress, :failure, :notes, :archived, :pinned, :study, :read)`,
  ).run({
    id: record.id,
    name: record.name,
    task: record.task,
    data: record.data,
    created: record.createdAt,
    spec: JSON.stringify(record.spec),
    origin: JSON.stringify(record.origin),
    ...changingColumns(record),
  });
  const stored = { ...record, number: Number(lastInsertRowid) };
  if (stored.tags.length > 0) writeTags(database, stored);
  return stored;
}

/** Everything that changes in the life of a run; its tags are written by `writeTags`. */
export function updateRun(database: DatabaseSync, record: RunRecord): void {
  prepared(
    database,
    `UPDATE runs SET state = :state, paused = :paused, result = :result, progress = :progress, failure = :failure,
       notes = :notes, archived = :archived, pinned = :pinned, study = :study, events_read = :read WHERE number = :number`,
  ).run({ ...changingColumns(record), number: record.number });
}

/** Replaces all tags of the run. */
export function writeTags(database: DatabaseSync, { number, tags }: RunRecord): void {
  prepared(database, 'DELETE FROM tags WHERE run = ?').run(number);
  const insert = prepared(database, 'INSERT INTO tags (run, tag) VALUES (?, ?)');
  for (const tag of new Set(tags)) insert.run(number, tag);
}

/** Whether it came to its end, without reading what the end was. */
export function hasResult(record: Pick<RunRecord, 'state' | 'result'>): boolean {
  return record.state === 'finished' || record.result !== null;
}

/** What is looked at when the database is opened; results, which are most of it, when they are asked for. */
const objects = ['spec', 'origin', 'progress', 'failure'] as const;

/** What `JSON.stringify` makes of an object begins with a brace. */
const isObject = (column: string): string => `json_valid(${column}) AND ${column} LIKE '{%'`;

const rows = `
  SELECT number, id, name, task, data, created_at, state, paused, failure, notes, archived, pinned, study, events_read,
    result IS NOT NULL AS has_result,
    ${objects.map((column) => `(${column} IS NULL OR ${isObject(column)})`).join(' AND ')} AS is_readable
  FROM runs`;

/**
 * Rows that cannot be read are left out: a scan of the folders brings them back.
 *
 * @param resultOf reads the result of a run from its folder, where the database has not what was written
 */
export function readRuns(database: DatabaseSync, resultOf: (id: string) => RunResult): RunRecord[] {
  const tags = new Map<number, string[]>();
  for (const { run, tag } of database.prepare('SELECT run, tag FROM tags ORDER BY tag').all()) {
    tags.set(Number(run), [...(tags.get(Number(run)) ?? []), String(tag)]);
  }
  const readable: RunRecord[] = [];
  for (const row of database.prepare(rows).all()) {
    try {
      readable.push(readRow(database, row, tags, resultOf));
    } catch {
      // The folder of the run has it all: without the row it is read from there, as one that is new.
      database.prepare('DELETE FROM runs WHERE number = ?').run(row.number ?? null);
    }
  }
  return readable;
}

const runId = z.string().min(1);

/** Throws for one that is not what was written. */
function readRow(
  database: DatabaseSync,
  row: Record<string, SQLOutputValue>,
  tags: ReadonlyMap<number, readonly string[]>,
  resultOf: (id: string) => RunResult,
): RunRecord {
  const number = Number(row.number);
  const id = runId.parse(row.id);
  const state = runState.parse(row.state);
  const isComplete = state !== 'finished' || row.has_result === 1;
  if (row.is_readable !== 1 || !isComplete) throw new Error(`the row ${number} is not what was written`);
  // That they are objects is checked; the rest we wrote from the types that they are read as.
  const part = (column: (typeof objects)[number] | 'result'): unknown => {
    const found = prepared(database, `SELECT ${column} AS part FROM runs WHERE number = ?`).get(number);
    return JSON.parse(String(found?.part));
  };
  const storedResult = (): RunResult => {
    try {
      return part('result') as RunResult; // written by us
    } catch {
      return resultOf(id);
    }
  };
  const spec = onceAsked(() => migrateExperiment(part('spec')) as Experiment); // written by us, perhaps by an older version
  const origin = onceAsked(() => part('origin') as RunOrigin); // written by us
  const result = onceAsked(() => (row.has_result === 1 ? storedResult() : null));
  const progress = onceAsked(() => part('progress') as RunProgress); // written by us
  return {
    number,
    id,
    createdAt: Number(row.created_at),
    name: String(row.name),
    task: String(row.task),
    data: String(row.data),
    get spec() {
      return spec.get();
    },
    get origin() {
      return origin.get();
    },
    state,
    paused: row.paused === 1,
    get result() {
      return result.get();
    },
    set result(value) {
      result.set(value);
    },
    get progress() {
      return progress.get();
    },
    set progress(value) {
      progress.set(value);
    },
    failure: row.failure === null ? null : (JSON.parse(String(row.failure)) as Failure), // written by us
    notes: String(row.notes),
    tags: tags.get(number) ?? [],
    archived: row.archived === 1,
    pinned: row.pinned === 1,
    study: row.study === null ? null : String(row.study),
    eventsRead: Number(row.events_read),
  };
}

interface Kept<Value> {
  get(): Value;
  set(value: Value): void;
}

/** A value that is read when it is first asked for, unless it is set before. */
function onceAsked<Value>(read: () => Value): Kept<Value> {
  let known: { readonly value: Value } | undefined;
  return {
    get: () => (known ??= { value: read() }).value,
    set(value) {
      known = { value };
    },
  };
}

function changingColumns(record: NewRunRecord): Record<string, SQLInputValue> {
  return {
    state: record.state,
    paused: record.paused ? 1 : 0,
    result: record.result && JSON.stringify(record.result),
    progress: JSON.stringify(record.progress),
    failure: record.failure && JSON.stringify(record.failure),
    notes: record.notes,
    archived: record.archived ? 1 : 0,
    pinned: record.pinned ? 1 : 0,
    study: record.study,
    read: record.eventsRead,
  };
}

/** Every tag with the number of runs that have it, in the order of the alphabet. */
export function countTags(records: readonly RunRecord[]): { tag: string; runs: number }[] {
  const counts = new Map<string, number>();
  for (const { tags } of records) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].map(([tag, runs]) => ({ tag, runs })).sort((a, b) => a.tag.localeCompare(b.tag));
}
