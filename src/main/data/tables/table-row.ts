/** What readers of tables yield: rows with the wanted columns, and rows that cannot be used, with their place in the file. */
import type { TextSkipReason } from '../../../shared/spec/manifests/text-import-report.ts';

export interface TableRow {
  /** Line of the file where the row begins, from 1; in Parquet, which has no lines, the row. */
  readonly line: number;
  /** One for each wanted column; null where the row has none. */
  readonly values: readonly (string | null)[];
}

export interface UnusableRow {
  readonly line: number;
  readonly reason: TextSkipReason;
  readonly message: string;
}

/** Characters of a column's name in a message: what is taken for a name may be a paragraph. */
const longestName = 60;

/** Says which columns there are, when one is missing. */
export function missingColumnMessage(missing: string, present: readonly string[]): string {
  const names = present.map((name) => `“${name.length > longestName ? `${name.slice(0, longestName)}…` : name}”`);
  return `has no column “${missing}”; it has ${names.join(', ')}`;
}
