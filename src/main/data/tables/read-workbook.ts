/**
 * Rows of an Excel workbook (.xlsx; ECMA-376, part 1, SpreadsheetML): its first visible sheet, row by row, as texts. Numbers
 * are written as Excel shows them, dates as ISO 8601.
 */
import { quoted } from '../../../shared/excerpt.ts';
import { columnNames, placesOf } from './header.ts';
import type { ByteSource } from '../reading/read-bytes.ts';
import type { TableOptions, TableRow, UnusableRow } from './table-row.ts';
import { openWorkbook, type SheetRow } from './workbook.ts';

/** @param columns null for all. @throws SkipFile */
export async function* readWorkbook(
  source: ByteSource,
  columns: readonly string[] | null,
  options: TableOptions,
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  const workbook = await openWorkbook(source);
  try {
    const [sheet, ...others] = workbook.sheets;
    if (sheet === undefined) return;
    if (others.length > 0) {
      const message = `has ${others.length + 1} sheets; the first one, ${quoted(sheet.name)}, was read. Save others as files of their own`;
      options.onNote?.({ line: null, message });
    }
    const reader = new SheetReader(columns, options);
    for await (const rows of workbook.rows(sheet)) yield rows.flatMap((row) => reader.read(row) ?? []);
    reader.end();
  } finally {
    workbook.close();
  }
}

class SheetReader {
  private readonly columns: readonly string[] | null;
  private readonly options: TableOptions;
  private header: readonly string[] | undefined;
  private places: readonly number[] = [];
  private wider = 0;

  constructor(columns: readonly string[] | null, options: TableOptions) {
    this.columns = columns;
    this.options = options;
  }

  read({ line, cells }: SheetRow): TableRow | undefined {
    if (cells.every((cell) => (cell ?? '') === '')) return undefined;
    const { header: hasHeader = true, optional = [], onOpen } = this.options;
    if (this.header === undefined) {
      const names = columnNames(
        Array.from(cells, (cell) => cell ?? ''),
        hasHeader,
      );
      this.header = names;
      onOpen?.({ columns: names, delimiter: null, quote: null, header: hasHeader });
      this.places = placesOf(names, this.columns ?? names, optional, hasHeader);
      if (hasHeader) return undefined;
    }
    if (cells.length > this.header.length && cells.slice(this.header.length).some((cell) => (cell ?? '') !== '')) {
      this.wider += 1;
    }
    return { line, values: this.places.map((place) => cells[place] ?? null) };
  }

  end(): void {
    if (this.wider === 0) return;
    const rows = this.wider === 1 ? 'one row has' : `${this.wider} rows have`;
    this.options.onNote?.({
      line: null,
      message: `${rows} cells beyond the last column with a name, which are not read`,
    });
  }
}
