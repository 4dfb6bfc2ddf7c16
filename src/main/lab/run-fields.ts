/** Runs by the values of their fields: `spec.training.learningRate`, `metrics.test.accuracy`, `state`. Filters, groups, sorting, differences. */
import type { z } from 'zod';
import type { Run, runFilter } from '../../shared/contract/runs.ts';
import type { RunRecord } from './store/run-record.ts';

export type FieldValue = string | number | boolean | null;
type Filter = z.output<typeof runFilter>;

export interface RunWithSpec {
  readonly run: Run;
  readonly record: RunRecord;
}

/** Fields that the record has by itself, so that thousands are filtered and sorted without a view of each. */
const brief: ReadonlySet<string> = new Set([
  ...['id', 'name', 'task', 'data', 'state', 'paused', 'createdAt', 'notes', 'tags', 'archived', 'pinned', 'study'],
]);

/** The value of a field; null where there is none. Lists and objects are shown as JSON. */
export function fieldOf(entry: RunWithSpec, field: string): FieldValue {
  const [root = '', ...rest] = field.split('.');
  if (root === 'spec') return plain(rest.reduce<unknown>(member, entry.record.spec));
  if (root === 'metrics') return entry.run.metrics[rest.join('.')] ?? null;
  return plain([root, ...rest].reduce<unknown>(member, brief.has(root) ? entry.record : entry.run));
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key] // an object, as just checked
    : undefined; // it has this key
}

function plain(value: unknown): FieldValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return JSON.stringify(value);
}

/** Whether a run is among those that a filter asks for. Archived ones are, only where the filter says so or names them. */
export function passes(entry: RunWithSpec, filter: Filter): boolean {
  const { record } = entry;
  const { ids, states, paused, tasks, data, tags, study, archived, text, where } = filter;
  if (ids ? !ids.includes(record.id) : record.archived !== archived) return false;
  if (states && !states.includes(record.state)) return false;
  if (paused !== undefined && record.paused !== paused) return false;
  if (tasks && !tasks.includes(record.task)) return false;
  if (data && !data.includes(record.data)) return false;
  if (tags?.some((tag) => !record.tags.includes(tag))) return false;
  if (study !== undefined && record.study !== study) return false;
  if (text !== undefined && text.trim() !== '') {
    const searched = [record.id, record.name, record.notes, record.task, record.data, ...record.tags]
      .join('\n')
      .toLowerCase();
    if (
      !text
        .toLowerCase()
        .trim()
        .split(/\s+/)
        .every((word) => searched.includes(word))
    ) {
      return false;
    }
  }
  return where.every(({ field, is, value }) => holds(fieldOf(entry, field), is, value));
}

function holds(actual: FieldValue, is: Filter['where'][number]['is'], expected: FieldValue): boolean {
  switch (is) {
    case '=':
      return actual === expected;
    case '≠':
      return actual !== expected;
    case 'contains':
      return actual !== null && String(actual).toLowerCase().includes(String(expected).toLowerCase());
    case '<':
      return typeof actual === 'number' && typeof expected === 'number' && actual < expected;
    case '≤':
      return typeof actual === 'number' && typeof expected === 'number' && actual <= expected;
    case '>':
      return typeof actual === 'number' && typeof expected === 'number' && actual > expected;
    case '≥':
      return typeof actual === 'number' && typeof expected === 'number' && actual >= expected;
  }
}

/** Numbers by size, texts by the alphabet, what is missing at the end whatever the direction. */
export function compareFields(a: FieldValue, b: FieldValue, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order =
    typeof a === 'number' && typeof b === 'number'
      ? a - b
      : String(a).localeCompare(String(b), 'en', { numeric: true });
  return descending ? -order : order;
}

export interface RunGroup {
  readonly key: readonly FieldValue[];
  readonly ids: readonly string[];
}

/** Runs with the same values of some fields, in the order of the values. */
export function groupRuns(entries: readonly RunWithSpec[], by: readonly string[]): RunGroup[] {
  const groups = new Map<string, { readonly key: readonly FieldValue[]; readonly ids: string[] }>();
  for (const one of entries) {
    const key = by.map((field) => fieldOf(one, field));
    const group = groups.get(JSON.stringify(key)) ?? { key, ids: [] };
    group.ids.push(one.run.id);
    groups.set(JSON.stringify(key), group);
  }
  return [...groups.values()].sort((one, other) => {
    const orders = one.key.map((value, index) => compareFields(value, other.key[index] ?? null, false));
    return orders.find((order) => order !== 0) ?? 0;
  });
}

/** Every field of the specs with its value for each run, in the order of the spec. */
export function specFields(entries: readonly RunWithSpec[]): Map<string, FieldValue[]> {
  const names = new Set<string>();
  for (const { record } of entries) for (const name of leaves(record.spec, 'spec')) names.add(name);
  return new Map([...names].map((name) => [name, entries.map((entry) => fieldOf(entry, name))]));
}

/** Fields that say nothing about what a run does. */
const unimportant = /^spec\.(\$schema|version|notes|name)$|\.position\.[xy]$/;

function leaves(value: unknown, path: string): string[] {
  if (unimportant.test(path)) return [];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
}

/** A field as people read it: `training.learningRate` of the spec, `test accuracy` of the metrics. */
export function fieldTitle(field: string): string {
  return field.replace(/^spec\./, '').replace(/^metrics\.(\w+)\./, '$1 ');
}

/** Values of a field that are listed for choosing. */
const listedValues = 50;

export interface FieldDescription {
  readonly field: string;
  readonly title: string;
  readonly values: FieldValue[];
  /** Different values, of which not all may be listed. */
  readonly distinct: number;
}

/** Every field that these runs have, with its values; those that tell runs apart come first. */
export function describeFields(entries: readonly RunWithSpec[]): FieldDescription[] {
  const metrics = new Set(entries.flatMap(({ run }) => Object.keys(run.metrics).map((name) => `metrics.${name}`)));
  const others = ['state', 'task', 'data', 'from', 'name', 'study', ...metrics];
  const columns = [
    ...specFields(entries),
    ...others.map((name): [string, FieldValue[]] => [name, entries.map((one) => fieldOf(one, name))]),
  ];
  return columns
    .map(([field, values]) => {
      const distinct = [...new Set(values)];
      return { field, title: fieldTitle(field), values: distinct.slice(0, listedValues), distinct: distinct.length };
    })
    .sort((a, b) => Number(b.distinct > 1) - Number(a.distinct > 1));
}
