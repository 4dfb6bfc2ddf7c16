/** The first row of a table: names of columns, or data where the file has no header. */
import { quoted } from '../../../shared/excerpt.ts';
import { SkipFile } from '../import/skip-file.ts';
import { missingColumnMessage } from './table-row.ts';

/** What a column of a file without a header is called; counted from 1. */
export function numberedColumn(number: number): string {
  return `column${number}`;
}

/** Names of the columns of a file with this first row. */
export function columnNames(firstRow: readonly string[], hasHeader: boolean): string[] {
  return hasHeader
    ? distinctNames(firstRow.map((name) => name.trim()))
    : firstRow.map((_, index) => numberedColumn(index + 1));
}

/** Columns of one name are told apart by their order: `text (1)`, `text (2)`. */
function distinctNames(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    if (name === '' || names.indexOf(name) === names.lastIndexOf(name)) return name;
    const number = (seen.get(name) ?? 0) + 1;
    seen.set(name, number);
    return `${name} (${number})`;
  });
}

/** Names of columns are rarely as long as texts are. */
const longestName = 48;
const mostWords = 6;

/**
 * What speaks against the first row being names, for a person: it occurs again as data, or looks like data. Null when nothing
 * does.
 *
 * @param valuesOf the rows that were read, of the column with this index
 */
export function headerDoubt(
  names: readonly string[],
  valuesOf: (column: number) => readonly (string | null)[],
): string | null {
  for (const [column, name] of names.entries()) {
    const again = name === '' ? 0 : valuesOf(column).filter((value) => value?.trim() === name).length;
    if (again > 0) return `${quoted(name)} occurs below as well, ${again === 1 ? 'once' : `${again} times`}`;
  }
  const long = names.find((name) => name.length > longestName || name.split(/\s+/u).length > mostWords);
  if (long !== undefined) return `${quoted(long)} reads like a text, not like a name`;
  // Years may be names of columns, but beside them something is called otherwise.
  if (names.length > 0 && names.every(isNumber)) return 'it holds numbers alone';
  return null;
}

/**
 * Where the wanted columns are among those that there are; −1 for optional ones that are missing.
 * @throws SkipFile `missing-column`
 */
export function placesOf(
  names: readonly string[],
  wanted: readonly string[],
  optional: readonly string[],
  hasHeader: boolean,
): number[] {
  return wanted.map((name) => {
    const place = names.indexOf(name);
    if (place >= 0 || optional.includes(name)) return place;
    const hint = hasHeader && looksLikeData(names) ? '. These look like data: if it has no header, say so' : '';
    throw new SkipFile('missing-column', missingColumnMessage(name, names) + hint);
  });
}

/** Whether a first row alone, without those below it, looks like data. */
function looksLikeData(names: readonly string[]): boolean {
  return headerDoubt(names, () => []) !== null;
}

function isNumber(text: string): boolean {
  return text !== '' && Number.isFinite(Number(text));
}
