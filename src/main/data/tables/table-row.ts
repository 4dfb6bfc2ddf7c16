/** What readers of tables yield: rows with the wanted columns, and rows that cannot be used, with their place in the file. */
import { quoted, quotedList } from '../../../shared/excerpt.ts';
import type { CsvQuote } from './csv-parser.ts';
import type { TextSkipReason } from '../../../shared/spec/manifests/text-import-report.ts';

export interface TableRow {
  /** Line of the file where the row begins, from 1; in Parquet, which has no lines, the row. */
  readonly line: number;
  /** One for each wanted column; null where the row has none. */
  readonly values: readonly (string | null)[];
  /** Of the column of bytes, if one was wanted and the row has it. */
  readonly bytes?: Uint8Array;
}

export interface UnusableRow {
  readonly line: number;
  readonly reason: TextSkipReason;
  readonly message: string;
}

/** What a table turned out to be, once its beginning was read. */
export interface TableFacts {
  readonly columns: readonly string[];
  /** Between the fields, of CSV and TSV; null where there are none. */
  readonly delimiter: string | null;
  readonly quote: CsvQuote | null;
  /** Whether the first row was read as the names of the columns; null where the format has them elsewhere. */
  readonly header: boolean | null;
}

/** Something about a table that a person should know, though no row is lost. */
export interface TableNote {
  readonly line: number | null;
  readonly message: string;
}

export interface TableOptions {
  /** Of the wanted columns, those that may be missing in the file. */
  readonly optional?: readonly string[];
  /** Columns whose values may be lists, which are given as JSON. */
  readonly listColumns?: readonly string[];
  /** False for CSV and TSV files that begin with a row of data: their columns are called column1, column2 and so on. */
  readonly header?: boolean | undefined;
  /** Told by the file's beginning without it. */
  readonly quote?: CsvQuote | undefined;
  /** A column of Parquet whose bytes are wanted besides, such as `image.bytes`. */
  readonly bytesColumn?: string | undefined;
  /** Called before the first row. */
  readonly onOpen?: ((facts: TableFacts) => void) | undefined;
  readonly onNote?: ((note: TableNote) => void) | undefined;
}

/** Says which columns there are, when one is missing, or which of several is meant. */
export function missingColumnMessage(missing: string, present: readonly string[]): string {
  const same = present.filter((name) => name.replace(/ \(\d+\)$/u, '') === missing);
  if (same.length > 1) {
    return `has ${same.length} columns ${quoted(missing)}; name one of ${quotedList(same)}`;
  }
  return `has no column ${quoted(missing)}; it has ${quotedList(present)}`;
}
