/** What may stand at a place of an experiment file: names of options and their values, from the schema that the lab has of it. */
import type { JsonSchema, SpecPath } from '../../../../shared/spec/problems.ts';
import { schemasAt, valuesAt } from '../../../../shared/spec/problems.ts';

export interface SpecCompletion {
  readonly label: string;
  /** What the option is for. */
  readonly about: string;
  readonly isValue: boolean;
}

export interface CompletionPlace {
  readonly path: SpecPath;
  /** Of whose value something is being written; undefined where a name is. */
  readonly key: string | undefined;
  /** What is written of it already. */
  readonly written: string;
}

/** The place at the end of YAML text, by its indentation; undefined within a comment or a text in quotes. */
export function placeAtEnd(text: string): CompletionPlace | undefined {
  const lines = text.split('\n');
  const last = lines.at(-1) ?? '';
  const line = /^(?<indent>\s*)(?<item>- )?(?:(?<key>[\w.-]+):\s+)?(?<written>[\w.+-]*)$/u.exec(last)?.groups;
  if (!line) return undefined;
  const { indent = '', item, key, written = '' } = line;
  const path: (string | number)[] = item === undefined ? [] : [0];
  let depth = indent.length;
  for (const above of lines.slice(0, -1).toReversed()) {
    const parent = /^(?<indent>\s*)(?<item>- )?(?<key>[\w.-]+):\s*(?:#.*)?$/u.exec(above)?.groups;
    const begun = /^(?<indent>\s*)- /u.exec(above)?.groups?.indent;
    // Names behind a dash belong to the item that it begins.
    if (begun !== undefined && begun.length < depth && path[0] !== 0) {
      path.unshift(0);
      depth = begun.length;
      continue;
    }
    const { indent: outer = '', item: dash, key: name } = parent ?? {};
    const isOuter = outer.length < depth || (path[0] === 0 && outer.length <= depth && dash === undefined);
    if (name === undefined || !isOuter) continue;
    path.unshift(name);
    depth = outer.length;
  }
  return depth > 0 && path.length === 0 ? undefined : { path, key, written };
}

/** @param value the experiment as it is: which options a task has follows from its type. */
export function completionsAt(place: CompletionPlace, schema: JsonSchema, value: unknown): readonly SpecCompletion[] {
  const { path, key } = place;
  if (key !== undefined) {
    const at = [...path, key];
    const isSwitch = schemasAt(schema, at, value).some(({ type }) => type === 'boolean');
    const values = [...valuesAt(schema, at, value), ...(isSwitch ? ['true', 'false'] : [])];
    return [...new Set(values)].map((label) => ({ label, about: '', isValue: true }));
  }
  const names = new Map<string, string>();
  for (const { properties } of schemasAt(schema, path, value)) {
    for (const [name, { description }] of Object.entries(properties ?? {})) {
      if (!names.has(name)) names.set(name, typeof description === 'string' ? description : '');
    }
  }
  return [...names].map(([label, about]) => ({ label, about, isValue: false }));
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** The line, from 1, that an option of YAML or JSON text stands in, or else the nearest around it; undefined where none of it is there. */
export function lineOfPath(text: string, path: SpecPath): number | undefined {
  const lines = text.split('\n');
  let found: number | undefined;
  let from = 0;
  for (const key of path) {
    const depth = found === undefined ? -1 : indentOf(lines[found] ?? '');
    const isBeyond = (line: string): boolean =>
      indentOf(line) < depth || (indentOf(line) === depth && !(typeof key === 'number' && /^\s*- /u.test(line)));
    const end = lines.findIndex((line, index) => index > (found ?? -1) && line.trim() !== '' && isBeyond(line));
    const within = lines.slice(from, end < 0 ? lines.length : end);
    const isItem = (line: string): boolean => /^\s*(?:- |\{)/u.test(line);
    const items = [...within.keys()].filter((index) => isItem(within[index] ?? ''));
    const name = new RegExp(`^\\s*(?:- )?["']?${String(key).replaceAll(/[^\w-]/gu, '.')}["']?\\s*:`, 'u');
    const place = typeof key === 'number' ? (items[key] ?? -1) : within.findIndex((line) => name.test(line));
    if (place < 0) break;
    found = from + place;
    from = typeof key === 'number' ? found : found + 1; // the first name of an item stands in its line
  }
  return found === undefined ? undefined : found + 1;
}
