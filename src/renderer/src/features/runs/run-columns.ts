/** The columns of the list of runs: those that it has by itself, and any field of spec and result. */

export interface RunColumn {
  /** As `runs.list` sorts by it. */
  readonly field: string;
  readonly title: string;
  readonly number?: boolean;
}

/** The name stands first, always in sight. */
export const nameColumn: RunColumn = { field: 'name', title: 'Run' };

/** Drawn in ways of their own, and there without being chosen. */
export const ownColumns: readonly RunColumn[] = [
  { field: 'state', title: 'State' },
  { field: 'step', title: 'Progress' },
  { field: 'selection.best', title: 'Result' },
  { field: 'task', title: 'Task' },
  { field: 'data', title: 'Data' },
  { field: 'seed', title: 'Seed', number: true },
  { field: 'createdAt', title: 'Created' },
];

export const defaultColumns: readonly string[] = ownColumns.map(({ field }) => field);

export type FieldValue = string | number | boolean | null;

interface KnownField {
  readonly field: string;
  readonly title: string;
  readonly values: readonly FieldValue[];
}

/** All that can be shown, by their titles; `name` is always there. */
export function offeredColumns(fields: readonly KnownField[]): readonly RunColumn[] {
  const own = new Set([nameColumn.field, ...defaultColumns]);
  const others = fields
    .filter(({ field }) => !own.has(field))
    .map(({ field, title, values }) => ({
      field,
      title,
      number: values.some((value) => typeof value === 'number'),
    }))
    .toSorted((one, other) => one.title.localeCompare(other.title));
  return [...ownColumns, ...others];
}

/** Those that were chosen, in their order; a field that no run has any more keeps its name as the title. */
export function chosenColumns(chosen: readonly string[], offered: readonly RunColumn[]): readonly RunColumn[] {
  return chosen.map((field) => offered.find((one) => one.field === field) ?? { field, title: field });
}

/** In the same order otherwise. */
export function pinnedFirst(chosen: readonly string[], pinned: readonly string[]): readonly string[] {
  return [...chosen.filter((field) => pinned.includes(field)), ...chosen.filter((field) => !pinned.includes(field))];
}

/** Fields whose values have to be asked for. */
export function askedFields(chosen: readonly string[]): string[] {
  return chosen.filter((field) => !defaultColumns.includes(field));
}

/** The list with one of it a place further, or further ahead. */
export function moved(list: readonly string[], index: number, by: -1 | 1): readonly string[] {
  const to = index + by;
  const one = list[index];
  if (one === undefined || to < 0 || to >= list.length) return list;
  return list.toSpliced(index, 1).toSpliced(to, 0, one);
}

/** Four digits say a learning rate as well as an accuracy. */
export function showValue(value: FieldValue | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value;
}
