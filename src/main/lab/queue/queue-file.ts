/**
 * What waits, in which order, as `queue.json` in the workspace: the queue itself. It is on the disk before anyone is told that a run
 * waits, and the database, which can be rebuilt from the folders, only repeats it.
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { concurrency } from '../../../shared/contract/runs.ts';
import { LabError } from '../../../shared/errors.ts';
import { replaceFileSync } from '../../files/durable-file.ts';
import { textOf } from '../../files/file-exists.ts';
import { sealJson, unsealJson } from '../../files/sealed-json.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { inTransaction, isFullDatabase } from '../store/database.ts';

/** Version 2 knows 'auto'; what an older lab can read, it may. */
const version = 2;

const queueFile = z.strictObject({
  formatVersion: z.int().min(1).max(version),
  /** Ids of runs, the next one first. */
  order: z.array(z.string()),
  held: z.boolean(),
  /** Runs at a time. */
  concurrency,
});
type Content = Omit<z.infer<typeof queueFile>, 'formatVersion'>;

export interface QueueFile {
  readonly content: Content;
  waits(id: string): boolean;
  /** Returns when it is on the disk. Throws `LabError('disk-full')`, and nothing has changed then. */
  write(change: Partial<Content>): void;
  /** As `write`, without a promise: what the disk does not take now is kept in memory, and written with the next change. */
  note(change: Partial<Content>): void;
}

const fileOf = ({ folder }: Workspace): string => join(folder, 'queue.json');

/**
 * Reads it, from the database where it was kept before there was a file. A damaged one is set aside for whoever wants to look, and the
 * order that the database repeats is taken. Throws `LabError('format-version')`.
 */
export async function openQueueFile(workspace: Workspace, database: DatabaseSync): Promise<QueueFile> {
  const file = fileOf(workspace);
  const text = await textOf(file);
  const read = text === undefined ? undefined : parse(file, text);
  if (text !== undefined && !read) await rename(file, `${file}.damaged`);
  let content = read ?? fromDatabase(database);
  let waiting = new Set(content.order);
  const take = (next: Content): void => {
    content = next;
    waiting = new Set(content.order);
  };
  const write = (next: Content): void => {
    replaceFileSync(file, sealJson({ formatVersion: next.concurrency === 'auto' ? version : 1, ...next }));
    take(next);
    repeatInDatabase(database, content.order);
  };
  return {
    get content() {
      return content;
    },
    waits: (id) => waiting.has(id),
    write(change) {
      write({ ...content, ...change });
    },
    note(change) {
      const next = { ...content, ...change };
      try {
        write(next);
      } catch {
        take(next);
      }
    },
  };
}

function parse(file: string, text: string): Content | undefined {
  let value: unknown;
  try {
    value = unsealJson(file, text);
  } catch {
    return undefined;
  }
  const newer = z.object({ formatVersion: z.int().min(version + 1) }).safeParse(value);
  if (newer.success) {
    throw new LabError('format-version', `${file} was written by a newer lab. Update this one`, { file });
  }
  const parsed = queueFile.safeParse(value);
  if (!parsed.success) return undefined;
  const { formatVersion: _version, ...content } = parsed.data;
  return content;
}

function repeatInDatabase(database: DatabaseSync, order: readonly string[]): void {
  try {
    inTransaction(database, () => {
      database.exec('UPDATE runs SET position = NULL WHERE position IS NOT NULL');
      const place = database.prepare('UPDATE runs SET position = ? WHERE id = ?');
      order.forEach((id, index) => place.run(index + 1, id));
    });
  } catch (error) {
    if (!isFullDatabase(error)) throw error; // the file has it
  }
}

function fromDatabase(database: DatabaseSync): Content {
  const setting = (name: string): string | undefined => {
    const row = database.prepare('SELECT value FROM settings WHERE name = ?').get(name);
    return row && String(row.value);
  };
  const rows = database
    .prepare("SELECT id FROM runs WHERE state IN ('queued', 'preparing') AND position IS NOT NULL ORDER BY position")
    .all();
  const runsAtATime = Number(setting('queue.concurrency') ?? 1);
  return {
    order: rows.map(({ id }) => String(id)),
    held: setting('queue.held') === 'true',
    concurrency: Number.isInteger(runsAtATime) && runsAtATime >= 1 ? runsAtATime : 1,
  };
}
