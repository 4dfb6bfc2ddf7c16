/**
 * A table that is written row by row: CSV, JSON lines or Parquet, as its name says. It lies under another name until it is
 * whole, so there is never half of it.
 */
import { open, rename, rm } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import type { CsvCell } from '../../../shared/csv.ts';
import { csvRow } from '../../../shared/csv.ts';
import { LabError, errorCode, isLabError, reasonOf } from '../../../shared/errors.ts';
import { asDiskFull, syncFolder } from '../../files/durable-file.ts';
import { fileExists } from '../../files/file-exists.ts';
import { temporaryMark } from '../../files/sweep.ts';
import { uniqueName } from '../../files/unique-name.ts';

/** `vector`: as many numbers in every row. */
export type ColumnType = 'text' | 'integer' | 'number' | 'flag' | { readonly vector: number };

export interface OutputColumn {
  readonly name: string;
  readonly type: ColumnType;
}

export type OutputCell = CsvCell | Float32Array;

export interface OutputTable {
  /** The absolute path that it will have. */
  readonly path: string;
  write(rows: readonly (readonly OutputCell[])[]): Promise<void>;
  /** Makes it whole; nothing can be written any more. */
  finish(): Promise<void>;
  /** Leaves nothing of it, unless it is finished. */
  abandon(): Promise<void>;
}

type Format = 'csv' | 'jsonl' | 'parquet';

const formats: Readonly<Record<string, Format>> = {
  '.csv': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.parquet': 'parquet',
};

/**
 * Throws `LabError('bad-input')` for a name of no known format or a folder that cannot be written to, `conflict` for a file that
 * is there already. `write` and `finish` throw `disk-full`.
 */
export async function createOutputTable(file: string, columns: readonly OutputColumn[]): Promise<OutputTable> {
  const path = resolve(file);
  const format = formatOf(path);
  await requireFree(path);
  const temporary = `${path}.${uniqueName()}${temporaryMark}`;
  const converted = `${temporary}.parquet`;
  const handle = await open(temporary, 'wx').catch((error: unknown) => {
    throw cannotWrite(path, error);
  });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await handle.close();
    isOpen = false;
  };
  const abandon = async (): Promise<void> => {
    await close();
    for (const one of [temporary, converted]) await rm(one, { force: true });
  };
  const orAbandon = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      await abandon();
      throw isLabError(error) ? error : (asDiskFull(error, path) ?? cannotWrite(path, error));
    }
  };
  const writeText = (text: string): Promise<void> => orAbandon(() => handle.writeFile(text));
  if (format === 'csv') await writeText(csvRow(columns.flatMap(namesOf)));
  return {
    path,
    write: (rows) => writeText(rows.map((row) => lineOf(format, columns, row)).join('')),
    finish: () =>
      orAbandon(async () => {
        await handle.sync();
        await close();
        if (format === 'parquet') {
          await toParquet(temporary, converted, columns);
          await rm(temporary);
        }
        await requireFree(path);
        await rename(format === 'parquet' ? converted : temporary, path);
        await syncFolder(dirname(path));
      }),
    abandon,
  };
}

function formatOf(path: string): Format {
  const format = formats[extname(path).toLowerCase()];
  if (format) return format;
  throw new LabError('bad-input', `${path}: name a .csv, .jsonl or .parquet file for the output`, { path });
}

async function requireFree(path: string): Promise<void> {
  if (!(await fileExists(path))) return;
  throw new LabError('conflict', `${path} exists already. Choose another name, or delete it first`, { path });
}

function cannotWrite(path: string, error: unknown): LabError {
  const isMissing = errorCode(error) === 'ENOENT';
  const why = isMissing ? `there is no folder ${dirname(path)}` : reasonOf(error);
  return new LabError('bad-input', `${path} cannot be written: ${why}`, { path }, error);
}

/** CSV has a column for each number of a vector. */
function namesOf({ name, type }: OutputColumn): string[] {
  return typeof type === 'object' ? Array.from({ length: type.vector }, (_, index) => `${name}_${index}`) : [name];
}

function lineOf(format: Format, columns: readonly OutputColumn[], row: readonly OutputCell[]): string {
  if (format === 'csv') {
    return csvRow(
      columns.flatMap(({ type }, index): CsvCell[] => {
        const value = row[index] ?? null;
        if (typeof type !== 'object') return [value instanceof Float32Array ? null : value];
        const vector = value instanceof Float32Array ? value : undefined;
        return Array.from({ length: type.vector }, (_, place) => (vector ? shortest(vector[place] ?? 0) : null));
      }),
    );
  }
  const entries = columns.map(({ name }, index) => {
    const value = row[index] ?? null;
    if (!(value instanceof Float32Array)) return [name, value];
    // DuckDB reads them as float32 again, whatever their decimals: only people need few of them.
    return [name, format === 'parquet' ? Array.from(value) : Array.from(value, shortest)];
  });
  return `${JSON.stringify(Object.fromEntries(entries))}\n`;
}

/** The shortest decimal that is read as the same float32. */
function shortest(value: number): number {
  for (const digits of [7, 8, 9]) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}

const sqlTypes = { text: 'VARCHAR', integer: 'BIGINT', number: 'DOUBLE', flag: 'BOOLEAN' } as const;

/** DuckDB reads the rows as they were written, and streams them into row groups. */
async function toParquet(lines: string, file: string, columns: readonly OutputColumn[]): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api'); // native, and few need it
  const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const types = columns.map(({ name, type }) => {
    return `${literal(name)}: ${literal(typeof type === 'object' ? 'FLOAT[]' : sqlTypes[type])}`;
  });
  const source = `read_json(${literal(globbed(lines))}, format='newline_delimited', columns={${types.join(', ')}}, maximum_object_size=134217728)`;
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: '512MB',
    temp_directory: '',
    preserve_insertion_order: 'true',
  });
  try {
    const connection = await instance.connect();
    try {
      await connection.run(`COPY (SELECT * FROM ${source}) TO ${literal(file)} (FORMAT parquet)`);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const isFull = /no space left|disk quota/i.test(message);
      throw isFull ? Object.assign(new Error(message), { code: 'ENOSPC' }) : error;
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/** DuckDB takes every path for a glob: characters that mean something there are put into brackets. */
function globbed(path: string): string {
  return path.replace(/[*?[]/g, '[$&]');
}
