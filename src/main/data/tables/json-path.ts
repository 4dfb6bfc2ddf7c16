/**
 * Paths into nested records: `meta.label`, `messages[0].content`, and `messages[].content` for all members of a list, which
 * are joined by line ends. A key that is written like a path is found first.
 */

const MOST_DEPTH = 4;
const LIST_MEMBERS_LOOKED_AT = 20;

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof Date)
  );
}

/** The steps of a path: names, places in lists, and `[]` for all members. */
export function stepsOf(path: string): readonly string[] {
  return path.split(/\.|(?=\[)/u).filter((step) => step !== '');
}

/** What lies at a path; undefined where there is no such place, null where it is empty. A list of what `[]` finds. */
export function valueAt(record: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(record, path)) return record[path];
  return follow(record, stepsOf(path));
}

function follow(value: unknown, [step, ...rest]: readonly string[]): unknown {
  if (step === undefined || value === null) return value;
  const place = /^\[(\d*)\]$/u.exec(step)?.[1];
  if (place === undefined) return isRecord(value) && Object.hasOwn(value, step) ? follow(value[step], rest) : undefined;
  if (!Array.isArray(value)) return undefined;
  const list: readonly unknown[] = value;
  if (place !== '') return follow(list[Number(place)], rest);
  if (list.length === 0) return null;
  const found = list.map((member) => follow(member, rest)).filter((member) => member !== undefined && member !== null);
  return found.length === 0 ? undefined : new JoinedValues(found);
}

/** What `[]` found, which is text; a list that is a value itself is not. */
export class JoinedValues {
  readonly values: readonly unknown[];

  constructor(values: readonly unknown[]) {
    this.values = values;
  }
}

/** The paths of everything in a record that is no record or list of records itself, in their order. */
export function pathsOf(record: Readonly<Record<string, unknown>>, prefix = '', depth = 0): string[] {
  return Object.entries(record).flatMap(([name, value]) => {
    const path = `${prefix}${name}`;
    if (depth >= MOST_DEPTH) return [path];
    if (isRecord(value)) return pathsOf(value, `${path}.`, depth + 1);
    const records = Array.isArray(value) ? value.slice(0, LIST_MEMBERS_LOOKED_AT).filter(isRecord) : [];
    if (records.length === 0) return [path];
    return [...new Set(records.flatMap((member) => pathsOf(member, `${path}[].`, depth + 1)))];
  });
}
