/** What tables are made of: columns, and an order of rows. */

export type CellValue = string | number | boolean | null | undefined;

export interface TableColumn<Row> {
  readonly key: string;
  readonly title: string;
  /** What the column sorts by, and shows unless `text` says otherwise. */
  value(row: Row): CellValue;
  text?(row: Row): string;
  readonly align?: 'start' | 'end';
  readonly width?: string;
  readonly sortable?: boolean;
  /** The first click sorts downwards, as for dates and scores. */
  readonly descendingFirst?: boolean;
}

export interface SortOrder {
  readonly column: string;
  readonly descending: boolean;
}

export function cellText<Row>(column: TableColumn<Row> | undefined, row: Row): string {
  if (column === undefined) return '';
  return column.text?.(row) ?? String(column.value(row) ?? '–');
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Numbers by size, texts as people sort them; what is missing comes last. */
export function compareValues(one: CellValue, other: CellValue): number {
  const [oneMissing, otherMissing] = [isMissing(one), isMissing(other)];
  if (oneMissing || otherMissing) return Number(oneMissing) - Number(otherMissing);
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return collator.compare(String(one), String(other));
}

function isMissing(value: CellValue): boolean {
  return value === undefined || value === null || Number.isNaN(value);
}
