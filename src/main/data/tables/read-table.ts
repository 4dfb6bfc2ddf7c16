/**
 * Rows of CSV, TSV, JSON lines and Parquet files with the columns that are wanted, in order and in bounded memory. They come in
 * batches: a step of an asynchronous loop for every row would cost more than reading it.
 */
import { SkipFile } from '../import/skip-file.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { ByteSource } from '../reading/read-bytes.ts';
import { readLines } from '../reading/read-lines.ts';
import { CsvParser, detectDelimiter, type CsvFault, type CsvRecord } from './csv-parser.ts';
import { columnNames, looksLikeData } from './header.ts';
import { missingColumnMessage, type TableRow, type UnusableRow } from './table-row.ts';

export type TableFormat = 'csv' | 'tsv' | 'jsonl' | 'parquet';

const MAXIMUM_LINE_BYTES = 64_000_000;

export interface TableOptions {
  /** Of the wanted columns, those that may be missing in the file. */
  readonly optional?: readonly string[];
  /** False for CSV and TSV files that begin with a row of data: their columns are called column1, column2 and so on. */
  readonly header?: boolean | undefined;
}

/**
 * @param columns names of the wanted columns
 * @throws SkipFile if the file cannot be read, is damaged or has no such column
 */
export function readTable(
  source: ByteSource,
  format: TableFormat,
  columns: readonly string[],
  { optional = [], header }: TableOptions = {},
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  if (format === 'parquet') return readColumns(source, columns, optional);
  return format === 'jsonl'
    ? readJsonLines(source, columns, optional)
    : readCsv(source, format, columns, { optional, header });
}

async function* readColumns(
  source: ByteSource,
  columns: readonly string[],
  optional: readonly string[],
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  const { readParquet } = await import('./read-parquet.ts'); // brings DuckDB along, which few need
  yield* readParquet(source, columns, optional);
}

async function* readCsv(
  source: ByteSource,
  format: 'csv' | 'tsv',
  columns: readonly string[],
  { optional = [], header: hasHeader = true }: TableOptions,
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  let parser: CsvParser | undefined;
  let header: readonly string[] | undefined;
  let places: number[] = [];
  const invalidLines = new Set<number>();
  const convert = (item: CsvRecord | CsvFault): TableRow | UnusableRow | undefined => {
    if ('message' in item) return { line: item.line, reason: 'malformed', message: item.message };
    const { line, fields } = item;
    if (header === undefined) {
      const names = columnNames(fields, hasHeader);
      header = names;
      places = columns.map((name) => findColumn(names, name, optional, hasHeader));
      if (hasHeader) return undefined;
    }
    if (fields.length !== header.length) {
      const first = hasHeader ? 'header' : 'first row';
      const message = `has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'}, the ${first} has ${header.length}`;
      return { line, reason: 'malformed', message };
    }
    return { line, values: places.map((place) => fields[place] ?? null) };
  };
  for await (const batch of readLines(source, MAXIMUM_LINE_BYTES)) {
    const rows: (TableRow | UnusableRow)[] = [];
    for (const [index, text] of batch.lines.entries()) {
      const line = batch.firstLine + index;
      parser ??= new CsvParser(format === 'tsv' ? '\t' : detectDelimiter(text, columns));
      if (batch.invalid.has(index)) invalidLines.add(line);
      rows.push(...rowsOf(parser.add(text, line), convert, invalidLines, line));
    }
    yield rows;
  }
  yield [...rowsOf(parser?.end() ?? [], convert, invalidLines, Infinity)];
}

/** @param until the last line that belongs to the last of the items */
function* rowsOf(
  items: readonly (CsvRecord | CsvFault)[],
  convert: (item: CsvRecord | CsvFault) => TableRow | UnusableRow | undefined,
  invalidLines: Set<number>,
  until: number,
): Generator<TableRow | UnusableRow> {
  for (const [index, item] of items.entries()) {
    const end = items[index + 1]?.line ?? until + 1;
    const invalid =
      invalidLines.size === 0 ? undefined : [...invalidLines].find((line) => line >= item.line && line < end);
    const row = convert(item);
    if (invalid !== undefined) {
      yield { line: invalid, reason: 'invalid-utf8', message: 'holds bytes that are not UTF-8' };
    } else if (row !== undefined) yield row;
  }
  if (items.length > 0) invalidLines.clear();
}

function findColumn(names: readonly string[], name: string, optional: readonly string[], hasHeader: boolean): number {
  const place = names.indexOf(name);
  if (place >= 0 || optional.includes(name)) return place;
  const hint = hasHeader && looksLikeData(names) ? '. These look like data: if it has no header, say so' : '';
  throw new SkipFile('missing-column', missingColumnMessage(name, names) + hint);
}

async function* readJsonLines(
  source: ByteSource,
  columns: readonly string[],
  optional: readonly string[],
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  let isFirst = true;
  let isPartOfLongLine = false;
  for await (const batch of readLines(source, MAXIMUM_LINE_BYTES)) {
    const rows: (TableRow | UnusableRow)[] = [];
    for (const [index, text] of batch.lines.entries()) {
      const line = batch.firstLine + index;
      const goesOn = batch.unfinished && index === batch.lines.length - 1;
      if (goesOn || isPartOfLongLine) {
        if (!isPartOfLongLine) {
          rows.push({ line, reason: 'malformed', message: `is longer than ${MAXIMUM_LINE_BYTES} bytes` });
        }
        isPartOfLongLine = goesOn;
      } else if (batch.invalid.has(index)) {
        rows.push({ line, reason: 'invalid-utf8', message: 'holds bytes that are not UTF-8' });
      } else if (text.trim() !== '') {
        rows.push(parseJsonLine(text, line, columns, optional, isFirst));
        isFirst = false;
      }
    }
    yield rows;
  }
}

function parseJsonLine(
  text: string,
  line: number,
  columns: readonly string[],
  optional: readonly string[],
  isFirst: boolean,
): TableRow | UnusableRow {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { line, reason: 'malformed', message: `is not JSON: ${messageOf(error)}` };
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return { line, reason: 'malformed', message: 'is not a JSON object' };
  }
  const fields = new Map<string, unknown>(Object.entries(json));
  const missing = columns.find((name) => !fields.has(name) && !optional.includes(name));
  if (missing !== undefined) {
    const message = missingColumnMessage(missing, [...fields.keys()]);
    // The first object stands for the file: if it lacks the column, the column is named wrongly.
    if (isFirst) throw new SkipFile('missing-column', message, line);
    return { line, reason: 'missing-column', message };
  }
  return { line, values: columns.map((name) => asText(fields.get(name))) };
}

/** Texts as they are, numbers and truth values as written; null for everything else. */
function asText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}
