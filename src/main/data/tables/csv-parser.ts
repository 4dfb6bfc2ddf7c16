/**
 * CSV and TSV, line by line, after RFC 4180, or without quoting. Written here and not left to DuckDB, because a report that
 * names rows must name the right ones: DuckDB 1.5 counts a record with line breaks as one line, passes over blank lines when it
 * counts, and drops what follows a quote that is never closed without reporting it.
 */
import { excerpt } from '../../../shared/excerpt.ts';
import { plural } from '../../../shared/display.ts';

/** Whether `"` around a field belongs to it ('none') or lets it hold delimiters and line ends ('double'). */
export type CsvQuote = 'double' | 'none';

export interface CsvRecord {
  /** The line on which it begins. */
  readonly line: number;
  readonly fields: readonly string[];
  /** How many lines it has, where there are several and they hold the delimiter: a quote may be missing. */
  readonly spans?: number;
}

export interface CsvFault {
  readonly line: number;
  readonly message: string;
}

export interface CsvOptions {
  readonly quote?: CsvQuote | undefined;
  /** Whether a line read without quotes is a row of the file; a record made of such lines alone is a quote gone astray. */
  readonly looksLikeRow?: ((line: string) => boolean) | undefined;
}

/** A record with a quote that is open for longer is not a record: the quote is taken for a mistake. */
const MAXIMUM_RECORD_CHARACTERS = 16_000_000;
const BLANK = ' ';

/** The state between the lines of one record. */
interface OpenRecord {
  readonly line: number;
  readonly lines: string[];
  readonly fields: string[];
  field: string;
  characters: number;
}

export class CsvParser {
  private readonly delimiter: string;
  private readonly quote: CsvQuote;
  private readonly looksLikeRow: ((line: string) => boolean) | undefined;
  private open: OpenRecord | undefined;

  constructor(delimiter: string, { quote = 'double', looksLikeRow }: CsvOptions = {}) {
    this.delimiter = delimiter;
    this.quote = quote;
    this.looksLikeRow = looksLikeRow;
  }

  /** Takes the next line; returns the records and faults that are complete with it. Blank lines between records are nothing. */
  add(text: string, line: number): (CsvRecord | CsvFault)[] {
    if (this.open === undefined && isBlank(text, this.delimiter)) return [];
    if (this.quote === 'none') return [{ line, fields: text.split(this.delimiter) }];
    const record = this.open ?? { line, lines: [], fields: [], field: '', characters: 0 };
    record.lines.push(text);
    record.characters += text.length + 1;
    const state = this.scan(record, text, this.open !== undefined);
    if (state === 'open' && record.characters <= MAXIMUM_RECORD_CHARACTERS) {
      record.field += '\n';
      this.open = record;
      return [];
    }
    this.open = undefined;
    if (state === 'complete') return this.complete(record);
    return this.giveUp(
      record,
      state === 'open' ? 'a quoted field is never closed' : 'a closing quote is followed by text',
    );
  }

  /** At the end of the file. */
  end(): (CsvRecord | CsvFault)[] {
    const results: (CsvRecord | CsvFault)[] = [];
    while (this.open !== undefined) {
      const record = this.open;
      this.open = undefined;
      results.push(...this.giveUp(record, 'a quoted field is never closed'));
    }
    return results;
  }

  private complete({ line, lines, fields }: OpenRecord): (CsvRecord | CsvFault)[] {
    if (lines.length === 1) return [{ line, fields }];
    const { looksLikeRow, delimiter } = this;
    if (looksLikeRow !== undefined && lines.every(looksLikeRow)) {
      const record = { line, lines, fields: [], field: '', characters: 0 };
      return this.giveUp(record, `its quote is closed ${plural(lines.length - 1, 'line')} later, after whole rows`);
    }
    return [{ line, fields, ...(spanWithDelimiter(fields, delimiter) && { spans: lines.length }) }];
  }

  /** The first line is at fault; those after it may be records of their own. */
  private giveUp(record: OpenRecord, what: string): (CsvRecord | CsvFault)[] {
    const results: (CsvRecord | CsvFault)[] = [
      { line: record.line, message: `${what}: ${excerpt(record.lines[0] ?? '')}` },
    ];
    for (const [index, text] of record.lines.slice(1).entries()) {
      results.push(...this.add(text, record.line + 1 + index));
    }
    return results;
  }

  private scan(record: OpenRecord, text: string, inQuotes: boolean): 'complete' | 'open' | 'fault' {
    const { delimiter } = this;
    let position = 0;
    let quoted = inQuotes;
    for (;;) {
      if (!quoted) {
        const start = this.quoteAfterBlanks(text, position);
        if (start < 0) {
          const end = text.indexOf(delimiter, position);
          record.fields.push(text.slice(position, end < 0 ? undefined : end));
          if (end < 0) return 'complete';
          position = end + delimiter.length;
          continue;
        }
        position = start + 1;
        record.field = '';
        quoted = true;
      }
      const quote = text.indexOf('"', position);
      if (quote < 0) {
        record.field += text.slice(position);
        return 'open';
      }
      record.field += text.slice(position, quote);
      position = quote + 1;
      if (text[position] === '"') {
        record.field += '"';
        position += 1;
        continue;
      }
      quoted = false;
      record.fields.push(record.field);
      while (text[position] === BLANK && delimiter !== BLANK) position += 1;
      if (position === text.length) return 'complete';
      if (!text.startsWith(delimiter, position)) return 'fault';
      position += delimiter.length;
    }
  }

  /**
   * Where the field's opening quote is; −1 without one. Blanks before it do not count where the quoted part is the whole field,
   * as in `a, "b, c"`; in `a, "b" said c` the quotes are characters.
   */
  private quoteAfterBlanks(text: string, position: number): number {
    if (text[position] === '"') return position;
    if (text[position] !== BLANK) return -1;
    let start = position;
    while (text[start] === BLANK) start += 1;
    if (text[start] !== '"') return -1;
    for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
      if (text[end + 1] === '"') {
        end += 1;
        continue;
      }
      let after = end + 1;
      while (text[after] === BLANK) after += 1;
      return after === text.length || text.startsWith(this.delimiter, after) ? start : -1;
    }
    return -1;
  }
}

/** Tabs are white space, but two of them are three empty fields. */
function isBlank(text: string, delimiter: string): boolean {
  return text === '' || (text.trim() === '' && !text.includes(delimiter));
}

function spanWithDelimiter(fields: readonly string[], delimiter: string): boolean {
  return fields.some((field) => field.includes('\n') && field.includes(delimiter));
}
