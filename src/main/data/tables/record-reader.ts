/** From records with values of any kind, as JSON and Arrow have them, to rows of texts. */
import { quoted } from '../../../shared/excerpt.ts';
import { SkipFile } from '../import/skip-file.ts';
import { JoinedValues, pathsOf, valueAt } from './json-path.ts';
import { missingColumnMessage, type TableRow, type UnusableRow } from './table-row.ts';

type Values = Readonly<Record<string, unknown>>;

export class RecordReader {
  private readonly columns: readonly string[];
  private readonly optional: readonly string[];
  /** Those whose lists are given as JSON. */
  private readonly lists: readonly string[];
  private isFirst = true;

  constructor(columns: readonly string[], optional: readonly string[], lists: readonly string[] = []) {
    this.columns = columns;
    this.optional = optional;
    this.lists = lists;
  }

  /** @throws SkipFile `missing-column` if the first record lacks one: it stands for the file */
  read(record: Values, line: number): TableRow | UnusableRow {
    const values = this.columns.map((name) => {
      const value = valueAt(record, name);
      return this.lists.includes(name) ? (listAsJson(value) ?? value) : value;
    });
    const missing = this.columns.find((name, index) => values[index] === undefined && !this.optional.includes(name));
    const { isFirst } = this;
    this.isFirst = false;
    if (missing !== undefined) {
      const message = missingColumnMessage(missing, pathsOf(record));
      if (isFirst) throw new SkipFile('missing-column', message, line);
      return { line, reason: 'missing-column', message };
    }
    const nested = this.columns.find(
      (_, index) => typeof values[index] === 'object' && asText(values[index]) === null && values[index] !== null,
    );
    if (nested !== undefined && !this.optional.includes(nested)) {
      const value = values[this.columns.indexOf(nested)];
      return { line, reason: 'malformed', message: describeNested(nested, value) };
    }
    return { line, values: values.map(asText) };
  }
}

/** A list of texts, numbers and truth values as JSON; undefined for everything else. */
function listAsJson(value: unknown): string | undefined {
  const members: readonly unknown[] | undefined = value instanceof JoinedValues ? value.values : asList(value);
  if (members === undefined) return undefined;
  const texts = members.filter((member) => member !== null).map(asText);
  return texts.includes(null) ? undefined : JSON.stringify(texts);
}

function asList(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function describeNested(column: string, value: unknown): string {
  if (value instanceof Uint8Array) return `${quoted(column)} holds bytes that are not UTF-8`;
  const kind = Array.isArray(value) ? 'a list' : 'a record';
  const path = pathsOf({ [column]: value }).find((other) => other !== column) ?? `${column}[]`;
  return `${quoted(column)} is ${kind}; name what is in it by a path such as ${quoted(path)}`;
}

/** Texts as they are, numbers and truth values as written, what `[]` found joined; null for everything else. */
function asText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (value instanceof JoinedValues) {
    const texts = value.values.flatMap((member) => asText(member) ?? []);
    return texts.length === 0 ? null : texts.join('\n');
  }
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : null;
  return typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : null;
}
