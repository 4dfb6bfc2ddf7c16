/**
 * Rows of CSV, TSV, JSON and Parquet files with the columns that are wanted, in order and in bounded memory. They come in
 * batches: a step of an asynchronous loop for every row would cost more than reading it.
 */
import type { ByteSource } from '../reading/read-bytes.ts';
import { readCsv } from './read-csv.ts';
import { readJson } from './read-json.ts';
import type { TableOptions, TableRow, UnusableRow } from './table-row.ts';

export type TableFormat = 'csv' | 'tsv' | 'jsonl' | 'parquet';

/**
 * @param columns names of the wanted columns; null for all that the beginning has, which `onOpen` tells
 * @throws SkipFile if the file cannot be read, is damaged or has no such column
 */
export function readTable(
  source: ByteSource,
  format: TableFormat,
  columns: readonly string[] | null,
  options: TableOptions = {},
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  if (format === 'parquet') return readColumns(source, columns, options);
  return format === 'jsonl' ? readJson(source, columns, options) : readCsv(source, format, columns, options);
}

async function* readColumns(
  source: ByteSource,
  columns: readonly string[] | null,
  options: TableOptions,
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  const { readParquet } = await import('./read-parquet.ts'); // brings DuckDB along, which few need
  yield* readParquet(source, columns, options);
}
