/** The tasks as their definitions describe them: for help texts and forms. */
import { z } from 'zod';
import type { JsonSchema } from '../../shared/spec/problems.ts';
import { findTask, registeredTasks } from '../tasks/index.ts';

export interface OptionDescription {
  /** With dots where an option has members of its own: `augmentation.rotation`. */
  readonly name: string;
  /** E.g. `number`, `true or false`, `one of: a, b`. */
  readonly values: string;
  readonly description: string;
  readonly initial: unknown;
}

export interface TaskDescription {
  readonly type: string;
  readonly title: string;
  readonly summary: string;
  readonly kind: 'pretext' | 'supervised';
  readonly data: readonly string[];
  readonly options: readonly OptionDescription[];
}

/** All tasks, or the one that is named. Throws `LabError('bad-spec')` for an unknown one. */
export function describeTasks(type?: string): readonly TaskDescription[] {
  const tasks = type === undefined ? registeredTasks() : [findTask(type)];
  return tasks.map(({ type: name, title, summary, kind, data, options }) => ({
    type: name,
    title,
    summary,
    kind,
    data,
    options: describeOptions(options),
  }));
}

/** The members of an object schema, and those of members that are objects. */
export function describeOptions(options: z.ZodType): readonly OptionDescription[] {
  return describeMembers(z.toJSONSchema(options, { io: 'input' }) as JsonSchema); // the members that JsonSchema names are as in the standard
}

function describeMembers({ properties = {} }: JsonSchema, prefix = ''): readonly OptionDescription[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const name = `${prefix}${key}`;
    const description = typeof schema.description === 'string' ? schema.description : '';
    const own = { name, values: describeValues(schema), description, initial: schema.default };
    return [own, ...describeMembers(schema, `${name}.`)];
  });
}

function describeValues(schema: JsonSchema): string {
  const { type, minimum, maximum, exclusiveMinimum } = schema;
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return alternatives.map(describeValues).join(' or ');
  if (schema.enum) return `one of: ${schema.enum.join(', ')}`;
  if ('const' in schema) return JSON.stringify(schema.const);
  if (type === 'boolean') return 'true or false';
  if (type !== 'number' && type !== 'integer') return typeof type === 'string' ? type : 'anything';
  const kind = type === 'integer' ? 'whole number' : 'number';
  const isBound = (bound: unknown): bound is number =>
    typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  const lower = isBound(minimum) ? ` from ${minimum}` : isBound(exclusiveMinimum) ? ` above ${exclusiveMinimum}` : '';
  return `${kind}${lower}${isBound(maximum) ? ` to ${maximum}` : ''}`;
}
