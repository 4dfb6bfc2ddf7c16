/**
 * CSV and TSV, line by line, after RFC 4180. Written here and not left to DuckDB, because a report that names rows must name
 * the right ones: DuckDB 1.5 counts a record with line breaks as one line, passes over blank lines when it counts, and drops
 * what follows a quote that is never closed without reporting it.
 */

export interface CsvRecord {
  /** The line on which it begins. */
  readonly line: number;
  readonly fields: readonly string[];
}

export interface CsvFault {
  readonly line: number;
  readonly message: string;
}

/** A record with a quote that is open for longer is not a record: the quote is taken for a mistake. */
const MAXIMUM_RECORD_CHARACTERS = 16_000_000;
const FIELDS_PER_FAULT_MESSAGE = 60;

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
  private open: OpenRecord | undefined;

  constructor(delimiter: string) {
    this.delimiter = delimiter;
  }

  /** Takes the next line; returns the records and faults that are complete with it. Blank lines between records are nothing. */
  add(text: string, line: number): (CsvRecord | CsvFault)[] {
    if (this.open === undefined && text.trim() === '') return [];
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
    if (state === 'complete') return [{ line: record.line, fields: record.fields }];
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

  /** The first line is at fault; those after it may be records of their own. */
  private giveUp(record: OpenRecord, what: string): (CsvRecord | CsvFault)[] {
    const start = (record.lines[0] ?? '').slice(0, FIELDS_PER_FAULT_MESSAGE);
    const results: (CsvRecord | CsvFault)[] = [{ line: record.line, message: `${what}: ${start}` }];
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
        if (text[position] !== '"') {
          const end = text.indexOf(delimiter, position);
          record.fields.push(text.slice(position, end < 0 ? undefined : end));
          if (end < 0) return 'complete';
          position = end + delimiter.length;
          continue;
        }
        position += 1;
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
      if (position === text.length) return 'complete';
      if (!text.startsWith(delimiter, position)) return 'fault';
      position += delimiter.length;
    }
  }
}

/** The delimiter of a header: the one with which it has the wanted columns, otherwise the one with which it has most. */
export function detectDelimiter(header: string, wanted: readonly string[]): string {
  const candidates = [',', ';', '\t', '|'].map((delimiter) => {
    const record = new CsvParser(delimiter).add(header, 1)[0];
    const names = record !== undefined && 'fields' in record ? record.fields.map((name) => name.trim()) : [];
    return { delimiter, found: wanted.filter((name) => names.includes(name)).length, columns: names.length };
  });
  candidates.sort((a, b) => b.found - a.found || b.columns - a.columns);
  return candidates[0]?.delimiter ?? ',';
}
