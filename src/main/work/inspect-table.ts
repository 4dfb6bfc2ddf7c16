/** The columns of a table and its first rows, read with the import's own readers. */
import { open } from 'node:fs/promises';
import type { Inspection } from '../../shared/contract/materials.ts';
import { LabError, messageOf } from '../../shared/errors.ts';
import type { TextEncoding } from '../../shared/spec/manifests/text-corpus.ts';
import { CsvParser, detectDelimiter } from '../data/tables/csv-parser.ts';
import { columnNames, headerDoubt } from '../data/tables/header.ts';
import { readTable } from '../data/tables/read-table.ts';
import { decodeSample, guessEncoding } from '../data/reading/encoding.ts';
import type { SourceFile } from '../data/reading/source-files.ts';
import { readSample } from './inspect-text.ts';

type Table = NonNullable<Inspection['table']>;

/** Rows that counts are made of. */
const mostRows = 2000;
/** Few values in many rows: a column of classes. */
const mostClasses = 50;

interface Options {
  /** Rows in the answer. */
  readonly shown: number;
  /** Guessed without it. */
  readonly encoding: TextEncoding | undefined;
  /** Whether the first row of CSV and TSV files holds the names of the columns. */
  readonly header: boolean;
  readonly signal: AbortSignal;
}

/** @throws LabError `bad-input` for a table without a header, or what is no table; `SkipFile` for a file that cannot be read */
export async function inspectTable(
  file: SourceFile,
  { shown, encoding: wanted, header, signal }: Options,
): Promise<Table> {
  if (file.format === 'text' || file.format === 'wikipedia' || file.format === 'fasta') {
    throw new LabError('internal', 'not a table');
  }
  const { names, encoding, delimiter } = await headerOf(file, wanted, header, signal);
  const hasFields = delimiter !== null;
  const source = {
    path: file.path,
    compression: file.compression,
    signal,
    ...(encoding !== null && { encoding }),
  };
  const rows: (string | null)[][] = [];
  const problems: Table['problems'] = [];
  let complete = true;
  reading: for await (const batch of readTable(source, file.format, names, { optional: names, header })) {
    for (const row of batch) {
      if (rows.length + problems.length >= mostRows) {
        complete = false;
        break reading;
      }
      if ('values' in row) rows.push([...row.values]);
      else problems.push({ line: row.line, message: row.message });
    }
  }
  const valuesOf = (column: number): (string | null)[] => rows.map((row) => row[column] ?? null);
  return {
    file: file.path,
    format: file.format,
    encoding,
    delimiter,
    header: hasFields ? header : null,
    headerDoubt: hasFields && header ? headerDoubt(names, valuesOf) : null,
    columns: withRoles(names.map((name, index) => describeColumn(name, valuesOf(index)))),
    rows: rows
      .slice(0, shown)
      .map((row) => row.map((value) => (value !== null && value.length > 500 ? `${value.slice(0, 500)}…` : value))),
    read: rows.length,
    complete,
    problems: problems.slice(0, 20),
  };
}

type Header = Pick<Table, 'encoding' | 'delimiter'> & { readonly names: readonly string[] };

async function headerOf(
  { path, format, compression }: SourceFile,
  wanted: TextEncoding | undefined,
  hasHeader: boolean,
  signal: AbortSignal,
): Promise<Header> {
  if (format === 'parquet') return { names: await parquetColumns(path), encoding: null, delimiter: null };
  const { bytes, isComplete } = await readSample(path, compression, signal);
  const guessed = guessEncoding(bytes, isComplete);
  if (guessed === null) throw new LabError('bad-input', 'is a binary file, not a table', { path });
  const encoding = wanted ?? guessed;
  const lines = decodeSample(bytes, encoding).split(/\r?\n/);
  if (format === 'jsonl') return { names: jsonColumns(lines.slice(0, 200)), encoding, delimiter: null };
  const [first = ''] = lines;
  const delimiter = format === 'tsv' ? '\t' : detectDelimiter(first, []);
  const parser = new CsvParser(delimiter);
  const [row] = lines.slice(0, 20).flatMap((line, index) => parser.add(line, index + 1));
  if (!row || !('fields' in row)) {
    const message = bytes.length === 0 ? 'is empty' : 'has no header line with the names of its columns';
    throw new LabError('bad-input', message, { path });
  }
  return { names: columnNames(row.fields, hasHeader), encoding, delimiter };
}

/** Members of the first lines, in the order in which they appear. */
function jsonColumns(lines: readonly string[]): string[] {
  const names = new Set<string>();
  for (const line of lines) {
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value === 'object' && value !== null) for (const name of Object.keys(value)) names.add(name);
    } catch {
      // counted among the problems when the rows are read
    }
  }
  return [...names];
}

async function parquetColumns(path: string): Promise<string[]> {
  await (await open(path, 'r')).close();
  const { DuckDBInstance } = await import('@duckdb/node-api');
  try {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    try {
      const reader = await connection.runAndReadAll(
        `SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet('${path.replaceAll("'", "''")}'))`,
      );
      return reader.getRows().map(([name]) => String(name));
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  } catch (error) {
    throw new LabError('bad-input', `is not a Parquet file that can be read: ${messageOf(error)}`, { path }, error);
  }
}

function describeColumn(name: string, values: readonly (string | null)[]): Omit<Table['columns'][number], 'role'> {
  const filled = values.filter((value) => value !== null && value !== '');
  const counts = new Map<string, number>();
  let length = 0;
  for (const value of filled) {
    if (value === null) continue;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    length += value.length;
  }
  const common = counts.size <= mostClasses ? [...counts].sort(([, a], [, b]) => b - a) : [];
  return {
    name,
    filled: filled.length,
    distinct: counts.size,
    averageLength: filled.length === 0 ? 0 : length / filled.length,
    values: common.map(([value, count]) => ({ name: value.slice(0, 200), count })),
  };
}

/** The longest column is the text; the shortest one with few values, or one that is called so, the label. */
function withRoles(columns: readonly Omit<Table['columns'][number], 'role'>[]): Table['columns'] {
  const usual = (pattern: RegExp) => columns.find(({ name }) => pattern.test(name));
  const text =
    usual(/^(text|sentence|content|review|body|document)$/i) ??
    columns.reduce<(typeof columns)[number] | undefined>(
      (longest, column) => (column.averageLength > (longest?.averageLength ?? 20) ? column : longest),
      undefined,
    );
  const fewValues = columns.filter(
    (column) =>
      column !== text &&
      column.distinct >= 2 &&
      column.distinct <= mostClasses &&
      column.filled >= 2 * column.distinct &&
      column.averageLength <= 60,
  );
  const label =
    usual(/^(label|class|category|target|sentiment)$/i) ?? fewValues.sort((a, b) => a.distinct - b.distinct)[0];
  return columns.map((column) => ({
    ...column,
    role: column === text ? 'text' : column === label ? 'label' : 'other',
  }));
}
