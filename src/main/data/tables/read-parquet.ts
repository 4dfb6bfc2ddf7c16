/** Rows of a Parquet file through DuckDB, which streams them row group by row group. */
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { open, stat } from 'node:fs/promises';
import { SkipFile } from '../import/skip-file.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { ByteSource } from '../reading/read-bytes.ts';
import { missingColumnMessage, type TableRow, type UnusableRow } from './table-row.ts';

/** Rows are read in order by one thread, and DuckDB keeps to this much memory. */
const CONFIGURATION = { threads: '1', memory_limit: '256MB', temp_directory: '' };

function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** DuckDB takes every path for a glob: characters that mean something there are put into brackets. */
function escapeGlob(path: string): string {
  return path.replace(/[*?[]/g, '[$&]');
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Parquet begins and ends with its name; DuckDB's message for anything else speaks of its own options. */
async function requireParquet(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead < 4 || buffer.toString('latin1') !== 'PAR1') throw new SkipFile('damaged', 'is not a Parquet file');
  } finally {
    await handle.close();
  }
}

async function* readRows(
  connection: DuckDBConnection,
  source: ByteSource,
  columns: readonly string[],
  optional: readonly string[],
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  const table = `read_parquet(${quoteLiteral(escapeGlob(source.path))})`;
  const description = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${table}`);
  const present = description.getRows().map(([name]) => (typeof name === 'string' ? name : ''));
  const missing = columns.find((name) => !present.includes(name) && !optional.includes(name));
  if (missing !== undefined) throw new SkipFile('missing-column', missingColumnMessage(missing, present));
  const selected = columns.map((name) => (present.includes(name) ? `${quoteName(name)}::VARCHAR` : 'NULL::VARCHAR'));
  const result = await connection.stream(`SELECT ${selected.join(', ')} FROM ${table}`);
  let line = 1;
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    source.signal.throwIfAborted();
    const rows: TableRow[] = [];
    for (const values of chunk.getRows()) {
      rows.push({ line, values: values.map((value) => (typeof value === 'string' ? value : null)) });
      line += 1;
    }
    yield rows;
  }
}

/** @throws SkipFile `unreadable`, `damaged`, `missing-column` */
export async function* readParquet(
  source: ByteSource,
  columns: readonly string[],
  optional: readonly string[],
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  if (source.compression !== 'none') throw new SkipFile('damaged', 'is a compressed Parquet file; decompress it first');
  let size: number;
  try {
    ({ size } = await stat(source.path));
    await requireParquet(source.path);
  } catch (error) {
    if (error instanceof SkipFile) throw error;
    throw new SkipFile('unreadable', `cannot be read: ${messageOf(error)}`, null, error);
  }
  const instance = await DuckDBInstance.create(':memory:', CONFIGURATION);
  try {
    const connection = await instance.connect();
    try {
      yield* readRows(connection, source, columns, optional);
    } finally {
      connection.closeSync();
    }
  } catch (error) {
    if (source.signal.aborted || error instanceof SkipFile) throw error;
    throw new SkipFile('damaged', `cannot be read as Parquet: ${messageOf(error)}`, null, error);
  } finally {
    instance.closeSync();
    source.onBytes?.(size);
  }
}
