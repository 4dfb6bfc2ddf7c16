/** Builds the database anew from the folders of the workspace. The old file is kept beside it. */
import { rename } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createDocuments } from './documents.ts';
import { holdLock } from './lab-lock.ts';
import { createMaterialIndex } from './materials.ts';
import { openQueueFile } from './queue/queue-file.ts';
import { databaseFile, openDatabase } from './store/database.ts';
import { createRunStore } from './store/run-store.ts';
import type { TaskNotes } from './task-notes.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface Reindexed {
  readonly runs: number;
  readonly points: number;
  readonly materials: number;
  /** Folders that hold nothing readable, and why. */
  readonly damaged: ReadonlyMap<string, string>;
  /** Where the old database is now; null where there was none. */
  readonly keptAs: string | null;
}

/** Throws `LabError('conflict')` while a lab has the workspace open. */
export async function reindex(
  workspace: Workspace,
  tasks: TaskNotes,
  now: () => Date = () => new Date(),
): Promise<Reindexed> {
  const unlock = await holdLock(workspace);
  try {
    const file = databaseFile(workspace);
    const keptAs = existsSync(file) ? `${file}.${now().toISOString().replace(/[:.]/g, '-')}` : null;
    // The write-ahead log belongs to the database: without it, the newest changes of the old one would be lost.
    for (const suffix of ['', '-wal', '-shm']) {
      if (keptAs !== null && existsSync(file + suffix)) await rename(file + suffix, keptAs + suffix);
    }
    const database = await openDatabase(file);
    try {
      const { waits } = await openQueueFile(workspace, database);
      const runs = createRunStore(workspace, database, tasks, waits);
      const materials = createMaterialIndex(workspace, database);
      await runs.scan(() => false);
      await materials.scan();
      await createDocuments(workspace, database).scan();
      const { points } = database.prepare('SELECT count(*) AS points FROM points').get() ?? {};
      return {
        runs: runs.all().length,
        points: Number(points),
        materials: materials.list().length,
        damaged: new Map([...runs.damaged, ...materials.damaged]),
        keptAs,
      };
    } finally {
      database.close();
    }
  } finally {
    await unlock();
  }
}
