/** Fields of a sweep as a person fills them in, what suits a setting to begin with, and the spec that they make. */
import type { JsonSchema } from '../../../../shared/spec/problems.ts';
import { valuesAt } from '../../../../shared/spec/problems.ts';
import type { SweepResult } from '../../../../shared/spec/sweep.ts';
import type { JsonObject } from '../../components/schema-form/fields.ts';

export interface FieldRow {
  readonly id: number;
  readonly path: string;
  readonly kind: 'values' | 'range';
  /** Values with commas between. */
  readonly values: string;
  readonly from: string;
  readonly to: string;
  readonly scale: 'linear' | 'log';
  /** Of a range in a grid. */
  readonly points: string;
}

export interface SweepChoices {
  readonly name: string;
  readonly method: SweepResult['method'];
  readonly trials: number;
  /** Steps with commas between; empty for what suits the experiment. */
  readonly rungs: string;
  readonly reductionFactor: number;
  readonly seed: number;
}

/** Values between which a setting may lie, from the one that it has; some numbers are searched by ratios. */
export function suggestedRow(id: number, path: string, current: unknown, schema: JsonSchema, root: unknown): FieldRow {
  const row = { id, path, kind: 'values', values: '', from: '', to: '', scale: 'linear', points: '5' } as const;
  const listed = valuesAt(schema, path.split('.'), root);
  if (listed.length > 1) return { ...row, values: listed.join(', ') };
  if (typeof current === 'boolean') return { ...row, values: 'true, false' };
  if (typeof current !== 'number') return { ...row, values: current === undefined ? '' : String(current) };
  const short = (value: number): string => String(Number(value.toPrecision(3)));
  if (/(rate|decay)$/i.test(path) && current > 0 && current < 1 && !path.endsWith('Average')) {
    return { ...row, kind: 'range', from: short(current / 10), to: short(Math.min(1, current * 10)), scale: 'log' };
  }
  if (Number.isInteger(current) && current > 1) {
    return { ...row, values: [Math.floor(current / 2), current, 2 * current].join(', ') };
  }
  if (current === 0) return { ...row, values: '0, 0.1, 0.2' };
  return { ...row, values: [current / 2, current, Math.min(0.9, 2 * current)].map(short).join(', ') };
}

/** `0.1, true, lstm, {"type": "constant"}`: numbers, words, true and false, and JSON. */
export function parseValues(text: string): readonly unknown[] {
  const parts: string[] = [];
  let [depth, part] = [0, ''];
  for (const letter of text) {
    if (letter === ',' && depth === 0) {
      parts.push(part);
      part = '';
      continue;
    }
    if ('[{'.includes(letter)) depth++;
    if (']}'.includes(letter)) depth--;
    part += letter;
  }
  return [...parts, part].map((one) => one.trim()).flatMap((one) => (one === '' ? [] : [parseValue(one)]));
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown; // whatever a person wrote
  } catch {
    const number = Number(text);
    return Number.isNaN(number) ? text : number;
  }
}

function fieldOf({ kind, values, from, to, scale, points }: FieldRow, method: SweepChoices['method']): unknown {
  if (kind === 'values') return parseValues(values);
  const range = { from: parseValue(from.trim()), to: parseValue(to.trim()), scale };
  return method === 'grid' ? { ...range, points: parseValue(points.trim()) } : range;
}

/** As a file would have it. */
export function sweepSpecOf(experiment: JsonObject, rows: readonly FieldRow[], choices: SweepChoices): JsonObject {
  const { name, method, trials, rungs, reductionFactor, seed } = choices;
  const steps = parseValues(rungs);
  return {
    ...experiment,
    name,
    sweep: {
      method,
      fields: Object.fromEntries(rows.filter(({ path }) => path !== '').map((row) => [row.path, fieldOf(row, method)])),
      ...(method !== 'grid' && { trials, seed }),
      ...(method === 'halving' && { reductionFactor, ...(steps.length > 0 && { rungs: steps }) }),
    },
  };
}

/** A name that is free: `mails-sweep`, `mails-sweep-2`. */
export function freeName(experiment: string, taken: readonly string[]): string {
  const beginning = `${experiment === '' ? 'experiment' : experiment.slice(0, 60)}-sweep`;
  for (let number = 1; ; number++) {
    const name = number === 1 ? beginning : `${beginning}-${number}`;
    if (!taken.includes(name)) return name;
  }
}

/** What can be swept, with the values that it has: numbers, words and switches of an experiment, by dotted path. */
export function sweepableSettings(experiment: JsonObject): ReadonlyMap<string, unknown> {
  const { task, pipeline, training, seed } = experiment;
  return new Map<string, unknown>([
    ...leaves({ training }),
    ...leaves({ pipeline }).filter(([path]) => path.startsWith('pipeline.options.')),
    ...leaves({ task }).filter(([path]) => !/^task\.(type|validationFraction|testFraction)$/.test(path)),
    ['seed', seed],
  ]);
}

function leaves(value: unknown, prefix = ''): (readonly [string, unknown])[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, one]) => leaves(one, prefix === '' ? key : `${prefix}.${key}`));
  }
  return ['number', 'string', 'boolean'].includes(typeof value) ? [[prefix, value]] : [];
}
