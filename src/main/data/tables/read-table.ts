/**
 * Rows of CSV, TSV, JSON, XLSX, Parquet and Arrow files with the columns that are wanted, in order and in bounded memory. They come in
 * batches: a step of an asynchronous loop for every row would cost more than reading it.
 */
import type { TextFormat } from '../../../shared/spec/manifests/text-corpus.ts';
import type { ByteSource } from '../reading/read-bytes.ts';
import { readCsv } from './read-csv.ts';
import { readJson } from './read-json.ts';
import type { TableOptions, TableRow, UnusableRow } from './table-row.ts';

export type TableFormat = Extract<TextFormat, 'csv' | 'tsv' | 'jsonl' | 'xlsx' | 'parquet' | 'arrow'>;

const formats: ReadonlySet<string> = new Set<TableFormat>(['csv', 'tsv', 'jsonl', 'xlsx', 'parquet', 'arrow']);

export function isTableFormat(format: TextFormat): format is TableFormat {
  return formats.has(format);
}

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
  if (format === 'jsonl') return readJson(source, columns, options);
  if (format === 'csv' || format === 'tsv') return readCsv(source, format, columns, options);
  return readOther(source, format, columns, options);
}

/** Readers that bring along what few need: DuckDB, above all. */
async function* readOther(
  source: ByteSource,
  format: 'xlsx' | 'parquet' | 'arrow',
  columns: readonly string[] | null,
  options: TableOptions,
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  if (format === 'parquet') {
    const { readParquet } = await import('./read-parquet.ts');
    yield* readParquet(source, columns, options);
  } else if (format === 'arrow') {
    const { readArrow } = await import('./read-arrow.ts');
    yield* readArrow(source, columns, options);
  } else {
    const { readWorkbook } = await import('./read-workbook.ts');
    yield* readWorkbook(source, columns, options);
  }
}
