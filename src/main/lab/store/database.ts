/**
 * The lab's database, `lab.sqlite`. It answers lists, filters and charts quickly and holds nothing that the
 * folders beside it do not hold as well (`reindex`), so a database that is damaged, or that a newer lab wrote, is left exactly
 * as it is and said so.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync, statfsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import { LabError, messageOf, reasonOf } from '../../../shared/errors.ts';
import { cacheFolder } from '../../files/cache-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { migrations } from './migrations.ts';

/** "Ptxt", so that `file` and we know whose it is. */
const applicationId = 0x50747874;
const sqliteHeader = 'SQLite format 3\0';

/**
 * `f_type` of statfs(2) of file systems whose disks are elsewhere: NFS, SMB (three of them), Ceph, Lustre, GPFS, BeeGFS, AFS, 9P, and
 * FUSE, of which it cannot be told. SQLite's write-ahead log does not work there (https://sqlite.org/wal.html).
 */
const remoteTypes: ReadonlySet<number> = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x00c36400, 0x0bd00bd0, 0x47504653, 0x19830326, 0x5346414f, 0x01021997,
  0x65735546,
]);

/** In the workspace, or in the cache of this computer for a workspace that computers share: it can be built anew from the folders. */
export function databaseFile({ folder }: Workspace, typeOf: (folder: string) => number = fileSystemType): string {
  const here = join(folder, 'lab.sqlite');
  if (!remoteTypes.has(typeOf(folder)) || existsSync(here)) return here;
  const name = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 16);
  const place = join(cacheFolder(), 'databases', name);
  mkdirSync(place, { recursive: true });
  return join(place, 'lab.sqlite');
}

function fileSystemType(folder: string): number {
  try {
    return statfsSync(folder).type;
  } catch {
    return 0; // it is told when it is used
  }
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

/**
 * A database in memory, to be filled from the folders: where the disk is full, SQLite cannot open the file even to read it, because it
 * keeps a log beside it.
 */
export function openMemoryDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  database.exec('PRAGMA foreign_keys = ON;');
  migrate(database);
  return database;
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

const statements = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/** A statement that is run again and again, prepared once for each database. */
export function prepared(database: DatabaseSync, sql: string): StatementSync {
  const known = statements.get(database) ?? new Map<string, StatementSync>();
  statements.set(database, known);
  const statement = known.get(sql) ?? database.prepare(sql);
  known.set(sql, statement);
  return statement;
}

/** SQLITE_FULL (https://sqlite.org/rescode.html#full): the disk has no room for a change. Also as the cause of another error. */
export function isFullDatabase(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('errcode' in error && error.errcode === 13) || isFullDatabase(error.cause);
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
