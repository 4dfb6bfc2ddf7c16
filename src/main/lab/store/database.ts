/**
 * The lab's database, `lab.sqlite` in the workspace. It answers lists, filters and charts quickly and holds nothing that the
 * folders beside it do not hold as well (`reindex`), so a database that is damaged, or that a newer lab wrote, is left exactly
 * as it is and said so.
 */
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LabError, messageOf, reasonOf } from '../../../shared/errors.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { migrations } from './migrations.ts';

/** "Ptxt", so that `file` and we know whose it is. */
const applicationId = 0x50747874;
const sqliteHeader = 'SQLite format 3\0';

export function databaseFile({ folder }: Workspace): string {
  return join(folder, 'lab.sqlite');
}

/** Throws `LabError('corrupt' | 'format-version')`; the file is as it was then. */
export async function openDatabase(file: string): Promise<DatabaseSync> {
  const isNew = !existsSync(file);
  if (!isNew) await requireSqlite(file);
  const database = guard(file, () => new DatabaseSync(file, { timeout: 5000 }));
  try {
    if (!isNew) checkDatabase(file, database);
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16000;',
    );
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

async function requireSqlite(file: string): Promise<void> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw new LabError('corrupt', `${file} cannot be read: ${reasonOf(error)}`, { file }, error);
  });
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(sqliteHeader.length), 0, sqliteHeader.length, 0);
    if (bytesRead > 0 && buffer.toString('latin1') !== sqliteHeader) throw damaged(file, 'it is not a database');
  } finally {
    await handle.close();
  }
}

function checkDatabase(file: string, database: DatabaseSync): void {
  const version = guard(file, () => pragma(database, 'user_version'));
  const owner = guard(file, () => pragma(database, 'application_id'));
  if (owner !== 0 && owner !== applicationId) throw damaged(file, 'another program wrote it');
  if (typeof version === 'number' && version > migrations.length) {
    throw new LabError(
      'format-version',
      `${file} was written by a newer lab (version ${version}; this one knows ${migrations.length}). Nothing was changed. Update the lab, or use another workspace`,
      { file, version },
    );
  }
  const verdict = guard(file, () => pragma(database, 'quick_check'));
  if (verdict !== 'ok') throw damaged(file, String(verdict));
}

/** Brings the tables to the latest version, each step whole or not at all. */
function migrate(database: DatabaseSync): void {
  let version = Number(pragma(database, 'user_version'));
  for (; version < migrations.length; version++) {
    inTransaction(database, () => {
      database.exec(migrations[version] ?? '');
      database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version + 1};`);
    });
  }
}

/** SQLITE_FULL (https://sqlite.org/rescode.html#full): the disk has no room for a change. */
export function isFullDatabase(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 13;
}

/** All or nothing. */
export function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK'); // SQLite has done so itself where the disk was full
    throw error;
  }
}

function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

function guard<Result>(file: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw damaged(file, messageOf(error), error);
  }
}

function damaged(file: string, why: string, cause?: unknown): LabError {
  return new LabError(
    'corrupt',
    `The database ${file} is damaged (${why}). Nothing was changed. 'pretext reindex' sets it aside and builds a new one from the folders of the runs`,
    { file },
    cause,
  );
}
