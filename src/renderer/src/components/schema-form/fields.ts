/**
 * Forms from JSON schemas: what control each option of a task, block or import needs, what may be written in it, and how the
 * text of a control becomes a value. The schemas come from the definitions themselves, so a new option is a new field.
 */
import type { JsonSchema } from '../../../../shared/spec/problems.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export type Control =
  | { readonly kind: 'text'; readonly pattern?: string }
  | ({ readonly kind: 'number'; readonly integer: boolean } & Bounds)
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly choices: readonly (string | number | boolean)[] }
  /** Several of the same kind, written with commas between them. */
  | { readonly kind: 'list'; readonly item: Control }
  | { readonly kind: 'group'; readonly fields: readonly Field[] }
  /** Objects told apart by one of their members. */
  | { readonly kind: 'variants'; readonly tag: string; readonly variants: readonly Variant[] }
  /** Whatever has no control of its own is written as JSON. */
  | { readonly kind: 'json' };

export interface Bounds {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

export interface Variant {
  readonly value: string;
  readonly title: string;
  readonly description: string | undefined;
  readonly fields: readonly Field[];
}

export interface Field {
  readonly key: string;
  readonly title: string;
  readonly description: string | undefined;
  readonly control: Control;
  /** It has no default, so something must be written. */
  readonly required: boolean;
  readonly default: unknown;
}

/** The fields of an object schema, in its order; constants need no field, and what nobody writes by hand has none. */
export function fieldsOf(schema: JsonSchema): readonly Field[] {
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  return Object.entries(schema.properties ?? {})
    .filter(([key, property]) => !('const' in property) && property.readOnly !== true && !key.startsWith('$'))
    .map(([key, property]) => ({
      key,
      title: titleOf(key),
      description: typeof property.description === 'string' ? property.description : undefined,
      control: controlOf(property),
      required: required.has(key) && property.default === undefined,
      default: property.default,
    }));
}

/** `layersPerStage` → `Layers per stage`, `slanted-triangular` → `Slanted triangular`. */
export function titleOf(key: string): string {
  const words = key
    .replace(/([a-z0-9])([A-Z])/gu, '$1 $2')
    .replace(/[-_]/gu, ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function controlOf(schema: JsonSchema): Control {
  if (schema.enum !== undefined) return { kind: 'choice', choices: schema.enum.filter(isChoice) };
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) return controlOfUnion(branches);
  switch (schema.type) {
    case 'boolean':
      return { kind: 'boolean' };
    case 'string':
      return { kind: 'text', ...(typeof schema.pattern === 'string' && { pattern: schema.pattern }) };
    case 'integer':
    case 'number':
      return { kind: 'number', integer: schema.type === 'integer', ...boundsOf(schema) };
    case 'array': {
      const item = controlOf(schema.items ?? {});
      return ['text', 'number', 'choice'].includes(item.kind) ? { kind: 'list', item } : { kind: 'json' };
    }
    case 'object':
      return schema.properties === undefined ? { kind: 'json' } : { kind: 'group', fields: fieldsOf(schema) };
    default:
      return { kind: 'json' };
  }
}

/** A union of constants is a choice, one of tagged objects has variants, and a simple branch stands for the others. */
function controlOfUnion(branches: readonly JsonSchema[]): Control {
  const constants = branches.map((branch) => branch.const).filter(isChoice);
  if (constants.length === branches.length) return { kind: 'choice', choices: constants };
  const objects = branches.filter((branch) => branch.properties !== undefined);
  const tag = Object.keys(objects[0]?.properties ?? {}).find((key) =>
    objects.every((branch) => typeof branch.properties?.[key]?.const === 'string'),
  );
  if (tag !== undefined && objects.length === branches.length) {
    return { kind: 'variants', tag, variants: objects.map((branch) => variantOf(branch, tag)) };
  }
  const simple = branches.find((branch) => ['string', 'number', 'integer', 'boolean'].includes(String(branch.type)));
  if (
    simple !== undefined &&
    branches.every((branch) => branch === simple || branch.type === 'null' || objects.includes(branch))
  ) {
    return controlOf(simple);
  }
  return { kind: 'json' };
}

function variantOf(branch: JsonSchema, tag: string): Variant {
  const value = String(branch.properties?.[tag]?.const);
  return {
    value,
    title: titleOf(value),
    description: typeof branch.description === 'string' ? branch.description : undefined,
    fields: fieldsOf(branch),
  };
}

function boundsOf(schema: JsonSchema): Bounds {
  const bounds: Record<string, number> = {};
  for (const name of ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']) {
    const bound = schema[name];
    // Schemas of whole numbers carry the largest safe integer, which is no limit a person has set.
    if (typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER) bounds[name] = bound;
  }
  return bounds;
}

function isChoice(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** How a value stands in the control's text field; empty for one that is left to its default. */
export function textOf(control: Control, value: unknown): string {
  if (value === undefined) return '';
  if (control.kind === 'list' && Array.isArray(value)) {
    return value.map((item) => textOf(control.item, item)).join(', ');
  }
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value);
}

/**
 * The value of a control's text; undefined for an empty one. Text that does not fit is the value as it stands, so that nothing
 * a person wrote is lost and validation can say what is wrong with it.
 */
export function valueOf(control: Control, text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  switch (control.kind) {
    case 'number':
      return Number.isNaN(Number(trimmed)) ? (parseJson(trimmed) ?? text) : Number(trimmed);
    case 'list':
      return trimmed
        .split(',')
        .map((part) => valueOf(control.item, part.trim()))
        .filter((part) => part !== undefined);
    case 'choice':
      return control.choices.find((choice) => String(choice) === text) ?? text;
    case 'json':
      return parseJson(trimmed) ?? text;
    case 'text':
    case 'boolean':
    case 'group':
    case 'variants':
      return text;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown; // whatever a person wrote
  } catch {
    return undefined;
  }
}

/** What is wrong with a value, as far as the schema of its control tells; undefined when nothing is. */
export function problemOf(field: Field, value: unknown): string | undefined {
  if (value === undefined) return field.required ? 'is needed' : undefined;
  return problemOfControl(field.control, value);
}

function problemOfControl(control: Control, value: unknown): string | undefined {
  switch (control.kind) {
    case 'number':
      if (typeof value === 'object') return undefined; // the other branch of a union
      if (typeof value !== 'number') return `should be a ${control.integer ? 'whole number' : 'number'}`;
      if (control.integer && !Number.isInteger(value)) return 'should be a whole number';
      return outside(control, value);
    case 'text':
      if (typeof value !== 'string') return typeof value === 'object' ? undefined : 'should be a text';
      if (control.pattern !== undefined && !new RegExp(control.pattern, 'u').test(value)) return 'does not fit';
      return undefined;
    case 'choice':
      return isChoice(value) && control.choices.includes(value)
        ? undefined
        : `should be one of ${control.choices.join(', ')}`;
    case 'list':
      if (!Array.isArray(value)) return 'should be a list';
      return value.map((item) => problemOfControl(control.item, item)).find((problem) => problem !== undefined);
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'should be yes or no';
    case 'json':
    case 'group':
    case 'variants':
      return undefined; // their members say it
  }
}

function outside({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Bounds, value: number): string | undefined {
  if (minimum !== undefined && value < minimum) return `should be at least ${minimum}`;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return `should be more than ${exclusiveMinimum}`;
  if (maximum !== undefined && value > maximum) return `should be at most ${maximum}`;
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) return `should be less than ${exclusiveMaximum}`;
  return undefined;
}

/** A copy with one member set, or taken away for undefined. */
export function withMember(object: JsonObject, key: string, value: unknown): JsonObject {
  if (value !== undefined) return { ...object, [key]: value };
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
