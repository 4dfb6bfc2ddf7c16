/** Rows of CSV and TSV files. What kind of CSV it is, is told by the file's beginning; see csv-dialect.ts. */
import { plural } from '../../../shared/display.ts';
import type { ByteSource } from '../reading/read-bytes.ts';
import { readLines, type LineBatch } from '../reading/read-lines.ts';
import { detectDelimiter, detectQuote, rowRecogniser } from './csv-dialect.ts';
import { CsvParser, type CsvFault, type CsvRecord } from './csv-parser.ts';
import { columnNames, placesOf } from './header.ts';
import type { TableOptions, TableRow, UnusableRow } from './table-row.ts';

const MAXIMUM_LINE_BYTES = 64_000_000;
/** Characters that the dialect is told by. */
const SAMPLE_CHARACTERS = 256_000;

/** @param columns null for all */
export async function* readCsv(
  source: ByteSource,
  format: 'csv' | 'tsv',
  columns: readonly string[] | null,
  options: TableOptions,
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  const batches = readLines(source, MAXIMUM_LINE_BYTES);
  const beginning: LineBatch[] = [];
  let characters = 0;
  let isComplete = false;
  let failure: { readonly error: unknown } | undefined;
  while (characters < SAMPLE_CHARACTERS && !isComplete) {
    const next = await batches.next().catch((error: unknown) => {
      failure = { error }; // thrown below, after what came before it
      return { done: true } as const;
    });
    if (next.done === true) isComplete = true;
    else {
      beginning.push(next.value);
      for (const line of next.value.lines) characters += line.length + 1;
    }
  }
  const reader = new CsvReader(
    beginning.flatMap(({ lines }) => lines),
    format,
    columns,
    options,
  );
  for (const batch of beginning) yield reader.read(batch);
  if (!isComplete) for await (const batch of batches) yield reader.read(batch);
  if (failure !== undefined) throw failure.error;
  yield reader.end();
}

class CsvReader {
  private readonly parser: CsvParser;
  private readonly columns: readonly string[] | null;
  private readonly options: TableOptions;
  private readonly delimiter: string;
  private readonly quote: 'double' | 'none';
  private header: readonly string[] | undefined;
  private firstRow = '';
  private places: number[] = [];
  /** Lines that cannot be used, of records that are not complete. */
  private readonly faults = new Map<number, Pick<UnusableRow, 'reason' | 'message'>>();
  private repeatedHeaders = 0;

  constructor(
    sample: readonly string[],
    format: 'csv' | 'tsv',
    columns: readonly string[] | null,
    options: TableOptions,
  ) {
    this.columns = columns;
    this.options = options;
    const lines = sample[0]?.trim() === '' ? sample.filter((line) => line.trim() !== '') : sample;
    // Excel's own way to say what stands between the fields.
    this.delimiter = format === 'tsv' ? '\t' : detectDelimiter(lines[0] ?? '', columns ?? []);
    this.quote = options.quote ?? detectQuote(lines, this.delimiter);
    const looksLikeRow = this.quote === 'double' ? rowRecogniser(lines, this.delimiter) : undefined;
    this.parser = new CsvParser(this.delimiter, { quote: this.quote, looksLikeRow });
  }

  read(batch: LineBatch): (TableRow | UnusableRow)[] {
    const rows: (TableRow | UnusableRow)[] = [];
    for (const [index, text] of batch.lines.entries()) {
      const line = batch.firstLine + index;
      const invalid = batch.invalid.get(index);
      if (invalid !== undefined) this.faults.set(line, { reason: 'invalid-utf8', message: invalid });
      else if (text.includes('\0')) this.faults.set(line, { reason: 'malformed', message: 'holds a NUL character' });
      for (const item of this.rowsOf(this.parser.add(text, line), line)) rows.push(item);
    }
    return rows;
  }

  end(): (TableRow | UnusableRow)[] {
    const rows = [...this.rowsOf(this.parser.end(), Infinity)];
    if (this.repeatedHeaders > 0) {
      const times = this.repeatedHeaders === 1 ? 'once' : `${this.repeatedHeaders} times`;
      this.options.onNote?.({
        line: null,
        message: `the header occurs again ${times} among the rows, and was dropped there`,
      });
    }
    return rows;
  }

  /** @param until the last line that belongs to the last of the items */
  private *rowsOf(items: readonly (CsvRecord | CsvFault)[], until: number): Generator<TableRow | UnusableRow> {
    if (items.length === 0) return;
    for (const [index, item] of items.entries()) {
      const end = items[index + 1]?.line ?? until + 1;
      const faulty =
        this.faults.size === 0 ? undefined : [...this.faults].find(([line]) => line >= item.line && line < end);
      const row = this.convert(item);
      if (faulty !== undefined) yield { line: faulty[0], ...faulty[1] };
      else if (row !== undefined) yield row;
    }
    this.faults.clear();
  }

  private convert(item: CsvRecord | CsvFault): TableRow | UnusableRow | undefined {
    if ('message' in item) return { line: item.line, reason: 'malformed', message: item.message };
    const { line, fields, spans } = item;
    const { header: hasHeader = true, onNote } = this.options;
    if (this.header === undefined) {
      this.open(fields, hasHeader);
      if (hasHeader) return undefined;
    }
    const { header = [] } = this;
    if (hasHeader && fields.length === header.length && keyOf(fields) === this.firstRow) {
      this.repeatedHeaders += 1;
      return undefined;
    }
    if (fields.length !== header.length) {
      const first = hasHeader ? 'header' : 'first row';
      const message = `has ${plural(fields.length, 'field')}, the ${first} has ${header.length}`;
      return { line, reason: 'malformed', message };
    }
    if (spans !== undefined) {
      onNote?.({
        line,
        message: `a record spans ${spans} lines and holds the delimiter; if a quote is missing, rows are lost in it`,
      });
    }
    return { line, values: this.places.map((place) => fields[place] ?? null) };
  }

  private open(fields: readonly string[], hasHeader: boolean): void {
    const names = columnNames(fields, hasHeader);
    const { delimiter, quote } = this;
    const { optional = [], onOpen } = this.options;
    this.header = names;
    this.firstRow = keyOf(fields);
    onOpen?.({ columns: names, delimiter, quote, header: hasHeader });
    this.places = placesOf(names, this.columns ?? names, optional, hasHeader);
  }
}

function keyOf(fields: readonly string[]): string {
  return fields.map((field) => field.trim()).join('\0');
}
