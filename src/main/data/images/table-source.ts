/**
 * Images that a table lists: CSV, TSV, JSON lines or Parquet, with a column of paths and, where they are wanted, columns of
 * labels and groups. A table may come from anywhere, so the files it names must lie inside one folder.
 */
import { access } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { isLabError, LabError } from '../../../shared/errors.ts';
import { SkipFile } from '../import/skip-file.ts';
import { readTable, type TableFormat } from '../tables/read-table.ts';
import type { TableRow, UnusableRow } from '../tables/table-row.ts';
import { readImageFile } from './folder-source.ts';
import type { ImageEntry, ImageSource, UnusableEntry } from './source.ts';

export interface ImageTableOptions {
  /** Column with the path of each image; `path` by default. */
  readonly pathColumn?: string;
  readonly labelColumn?: string;
  /** Column whose equal values keep images on one side of a split: patient, film, place. */
  readonly groupColumn?: string;
  /** Folder that the paths start from and must not leave; by default the table's own. */
  readonly root?: string;
}

const FORMATS: Readonly<Record<string, TableFormat>> = {
  csv: 'csv',
  tsv: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  parquet: 'parquet',
};

/** Whether a file is a table by its name. */
export function isTableName(path: string): boolean {
  return /\.(csv|tsv|jsonl|ndjson|parquet)(\.gz)?$/i.test(path);
}

function formatOf(path: string): { format: TableFormat; compression: 'none' | 'gzip' } {
  const match = /\.([a-z]+)(\.gz)?$/i.exec(path);
  const format = FORMATS[match?.[1]?.toLowerCase() ?? ''];
  if (format === undefined) {
    const message = `${path} is not a table that the lab reads. Name a .csv, .tsv, .jsonl or .parquet file.`;
    throw new LabError('bad-input', message, { path });
  }
  return { format, compression: match?.[2] === undefined ? 'none' : 'gzip' };
}

/** A source of the images that a table lists, in the table's order. */
export function tableSource(table: string, options: ImageTableOptions = {}): ImageSource {
  const path = resolve(table);
  const root = resolve(options.root ?? dirname(path));
  const { pathColumn = 'path', labelColumn, groupColumn } = options;
  const columns = [pathColumn, labelColumn, groupColumn].filter((name) => name !== undefined);
  const { format, compression } = formatOf(path);

  async function* rows(signal: AbortSignal): AsyncGenerator<TableRow | UnusableRow> {
    await access(path).catch((error: unknown) => {
      throw new LabError('not-found', `There is no file ${path}. Check the path.`, { path }, error);
    });
    try {
      for await (const batch of readTable({ path, compression, signal }, format, columns)) yield* batch;
    } catch (error) {
      if (!(error instanceof SkipFile)) throw error;
      const place = error.line === null ? path : `${path}, line ${error.line},`;
      const { line, reason } = error;
      throw new LabError('bad-input', `${place} ${error.message}.`, { path, line, reason }, error);
    }
  }

  function toEntry(row: TableRow | UnusableRow): ImageEntry | UnusableEntry {
    const unusable = (where: string, reason: UnusableEntry['unusable']['reason'], message: string): UnusableEntry => ({
      path: where,
      unusable: { reason, message: `line ${row.line} of the table: ${message}` },
    });
    if ('reason' in row) return unusable(path, 'unreadable', row.message);
    const valueOf = (column: string | undefined): string => {
      return (column === undefined ? null : row.values[columns.indexOf(column)])?.trim() ?? '';
    };
    const named = valueOf(pathColumn);
    if (named === '') return unusable(path, 'unreadable', `the column “${pathColumn}” is empty`);
    const file = resolve(root, named);
    const inside = relative(root, file);
    if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
      return unusable(named, 'unsafe-path', `leads out of ${root}, where paths begin`);
    }
    const label = valueOf(labelColumn);
    if (labelColumn !== undefined && label === '') {
      return unusable(named, 'no-label', `the column “${labelColumn}” is empty`);
    }
    const group = valueOf(groupColumn);
    return {
      path: inside.replaceAll(sep, '/'),
      ...(label === '' ? {} : { label }),
      ...(group === '' ? {} : { group }),
      read: () =>
        readImageFile(file).catch((error: unknown) => {
          throw isLabError(error)
            ? new LabError(error.code, `line ${row.line} of the table: ${error.message}`, error.details, error)
            : error;
        }),
    };
  }

  return {
    kind: 'table',
    path,
    async count(signal) {
      let entries = 0;
      for await (const _row of rows(signal)) entries += 1;
      return entries;
    },
    async *entries(signal) {
      for await (const row of rows(signal)) yield toEntry(row);
    },
    ignored: () => new Map(),
  };
}
