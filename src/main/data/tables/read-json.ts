/**
 * Records of JSON files: JSON lines, an array of objects, or objects one after the other, whatever stands between them. A
 * record that is damaged is named by its line, and those after it are read.
 */
import { SkipFile } from '../import/skip-file.ts';
import { messageOf } from '../../../shared/errors.ts';
import { excerpt } from '../../../shared/excerpt.ts';
import type { ByteSource } from '../reading/read-bytes.ts';
import { readLines, type LineBatch } from '../reading/read-lines.ts';
import { isRecord, pathsOf } from './json-path.ts';
import { RecordReader } from './record-reader.ts';
import type { TableOptions, TableRow, UnusableRow } from './table-row.ts';

const MAXIMUM_LINE_BYTES = 64_000_000;
/** Characters of a record that spreads over lines. */
const MAXIMUM_RECORD_CHARACTERS = 64_000_000;
const LINES_LOOKED_AT = 200;
const LONGEST_REASON = 120;

interface JsonText {
  readonly line: number;
  readonly text: string;
}

/** @param columns null for all of the first records */
export async function* readJson(
  source: ByteSource,
  columns: readonly string[] | null,
  options: TableOptions,
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  const beginning: LineBatch[] = [];
  const lines = readLines(source, MAXIMUM_LINE_BYTES);
  const first = await lines.next();
  if (first.done === true) return;
  beginning.push(first.value);
  const texts = first.value.lines.slice(0, LINES_LOOKED_AT);
  const splitter = isSpread(texts) ? new JsonSplitter() : undefined;
  const present = columnsOf(splitter ? [...new JsonSplitter().addAll(texts)] : texts);
  options.onOpen?.({ columns: present, delimiter: null, quote: null, header: null });
  const wanted = columns ?? present;
  const optional = columns === null ? wanted : (options.optional ?? []);
  const reader = new LineReader(wanted, optional, options.listColumns);
  for (let next: IteratorResult<LineBatch> = first; next.done !== true; next = await lines.next()) {
    yield readBatch(next.value, reader, splitter);
  }
  const rest = splitter?.end();
  if (rest !== undefined) yield [{ line: rest.line, reason: 'malformed', message: 'begins a record that never ends' }];
}

function readBatch(
  batch: LineBatch,
  reader: LineReader,
  splitter: JsonSplitter | undefined,
): (TableRow | UnusableRow)[] {
  const rows: (TableRow | UnusableRow)[] = [];
  for (const [index, text] of batch.lines.entries()) {
    const line = batch.firstLine + index;
    const goesOn = batch.unfinished && index === batch.lines.length - 1;
    const fault = batch.invalid.get(index);
    if (splitter !== undefined) {
      if (fault !== undefined) splitter.damage(line, fault);
      for (const item of splitter.add(text, line, goesOn)) {
        rows.push('message' in item ? { ...item, reason: 'invalid-utf8' } : reader.read(item.text, item.line));
      }
    } else if (reader.isInLongLine || goesOn) {
      if (!reader.isInLongLine) {
        rows.push({ line, reason: 'malformed', message: `is longer than ${MAXIMUM_LINE_BYTES} bytes` });
      }
      reader.isInLongLine = goesOn;
    } else if (fault !== undefined) {
      rows.push({ line, reason: 'invalid-utf8', message: fault });
    } else if (text.trim() !== '') {
      rows.push(reader.read(text.replace(/,\s*$/u, ''), line));
    }
  }
  return rows;
}

/** Whether records are not one a line: they lie in an array, or spread over lines. */
function isSpread(lines: readonly string[]): boolean {
  const first = lines.find((line) => line.trim() !== '')?.trim() ?? '';
  if (first.startsWith('[')) return true;
  if (!first.startsWith('{') || lines.some((line) => isObject(line.replace(/,\s*$/u, '')))) return false;
  return new JsonSplitter().addAll(lines).some(({ text }) => isObject(text));
}

function isObject(text: string): boolean {
  if (!text.trim().startsWith('{')) return false;
  try {
    return isRecord(JSON.parse(text));
  } catch {
    return false;
  }
}

function columnsOf(texts: readonly (string | JsonText)[]): string[] {
  const names = new Set<string>();
  for (const item of texts) {
    const text = typeof item === 'string' ? item.replace(/,\s*$/u, '') : item.text;
    try {
      const value: unknown = JSON.parse(text);
      if (isRecord(value)) for (const name of pathsOf(value)) names.add(name);
    } catch {
      // named when the rows are read
    }
  }
  return [...names];
}

class LineReader {
  isInLongLine = false;
  private readonly records: RecordReader;

  constructor(columns: readonly string[], optional: readonly string[], lists?: readonly string[]) {
    this.records = new RecordReader(columns, optional, lists);
  }

  read(text: string, line: number): TableRow | UnusableRow {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (error) {
      return { line, reason: 'malformed', message: `is not JSON: ${excerpt(messageOf(error), LONGEST_REASON)}` };
    }
    if (!isRecord(json)) return { line, reason: 'malformed', message: 'is not a JSON object' };
    return this.records.read(json, line);
  }
}

/** Cuts a text into its outermost objects; brackets, commas and blanks between them are nothing. */
class JsonSplitter {
  private parts: string[] = [];
  private depth = 0;
  private inString = false;
  private escaped = false;
  private line = 0;
  private characters = 0;
  private fault: { readonly line: number; readonly message: string } | undefined;

  damage(line: number, message: string): void {
    this.fault ??= { line, message };
  }

  addAll(lines: readonly string[]): JsonText[] {
    return lines.flatMap((text, index) => this.add(text, index + 1, false)).filter((item) => 'text' in item);
  }

  add(text: string, line: number, goesOn: boolean): (JsonText | { readonly line: number; readonly message: string })[] {
    const found: (JsonText | { readonly line: number; readonly message: string })[] = [];
    let start = this.depth > 0 ? 0 : -1;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (code === 0x5c) this.escaped = true;
        else if (code === 0x22) this.inString = false;
      } else if (code === 0x22) {
        if (this.depth > 0) this.inString = true;
      } else if (code === 0x7b) {
        if (this.depth === 0) {
          start = index;
          this.line = line;
        }
        this.depth += 1;
      } else if (code === 0x7d && this.depth > 0) {
        this.depth -= 1;
        if (this.depth > 0) continue;
        found.push(this.fault ?? { line: this.line, text: this.parts.join('') + text.slice(start, index + 1) });
        this.reset();
        start = -1;
      }
    }
    if (start >= 0) {
      this.parts.push(text.slice(start), ...(goesOn ? [] : ['\n']));
      this.characters += text.length - start + 1;
      if (this.characters > MAXIMUM_RECORD_CHARACTERS) {
        throw new SkipFile('malformed', 'holds a record that is too long, or is not JSON', this.line);
      }
      // A line end inside a string is a damaged record: the next one begins on a line of its own.
      if (this.inString && !goesOn) this.inString = false;
    }
    return found;
  }

  /** The record that was left open at the end of the file. */
  end(): { readonly line: number } | undefined {
    return this.depth > 0 ? { line: this.line } : undefined;
  }

  private reset(): void {
    this.parts = [];
    this.characters = 0;
    this.fault = undefined;
  }
}
