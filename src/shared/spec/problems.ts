/**
 * What is wrong with a spec, for the person who wrote it: each problem with its place and, for a misspelt name, the one
 * that was probably meant. The names come from the JSON schema that editors get too, so both always agree.
 */
import type { z } from 'zod';
import { presentNames, presentValue } from './experiment/former-names.ts';
import { editDistance } from '../text-distance.ts';

export type SpecPath = readonly (string | number)[];

export interface SpecProblem {
  readonly path: SpecPath;
  readonly message: string;
}

/** The part of JSON schema that is looked at. */
export interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly [keyword: string]: unknown;
}

/** The problems of a failed parse of `value`, in the order of zod. */
export function problemsOf(error: z.core.$ZodError, value: unknown, schema: JsonSchema): SpecProblem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, [], value, schema));
}

/** `training.steps`, `pipeline.blocks[2].type`. */
export function showPath(path: SpecPath): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`),
    '',
  );
}

/** The candidate that is most like what was written, if any is like it at all. */
export function nearest(written: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.max(2, Math.floor(written.length / 3));
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of candidates) {
    const distance = editDistance(written.toLowerCase(), name.toLowerCase());
    if (distance <= limit && distance < (best?.distance ?? Infinity)) best = { name, distance };
  }
  return best?.name;
}

function problemsOfIssue(issue: z.core.$ZodIssue, base: SpecPath, root: unknown, schema: JsonSchema): SpecProblem[] {
  const path = [...base, ...issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = new Set(schemasAt(schema, path, root).flatMap(({ properties }) => Object.keys(properties ?? {})));
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownOption(key, known) }));
    }
    case 'invalid_union': {
      const branch = bestBranch(issue.errors);
      if (branch) return branch.flatMap((nested) => problemsOfIssue(nested, path, root, schema));
      return [{ path, message: oneOf(valueAt(root, path), valuesAt(schema, path, root)) }];
    }
    case 'invalid_value':
      return [{ path, message: oneOf(valueAt(root, path), issue.values.map(String)) }];
    case 'invalid_type': {
      const value = valueAt(root, path);
      return [
        {
          path,
          message: value === undefined ? 'is missing' : `should be ${article(issue.expected)}, not ${show(value)}`,
        },
      ];
    }
    case 'invalid_format':
      return [{ path, message: `${show(valueAt(root, path))} does not fit: ${issue.message}` }];
    case 'too_small':
    case 'too_big':
      return [{ path, message: outOfBounds(issue, valueAt(root, path)) }];
    case 'not_multiple_of':
      return [{ path, message: `should be a multiple of ${issue.divisor}, not ${show(valueAt(root, path))}` }];
    default:
      return [{ path, message: issue.message }];
  }
}

/** A schema's own words, or in place of zod's: `should be at most 0.9, not 2`; `needs at least one entry`. */
function outOfBounds(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, value: unknown): string {
  if (!/^Too (?:small|big):/.test(issue.message)) return issue.message;
  const isLow = issue.code === 'too_small';
  const bound = Number(isLow ? issue.minimum : issue.maximum);
  if (issue.origin === 'array' || issue.origin === 'string') {
    const unit = issue.origin === 'array' ? 'entr' : 'character';
    const ending = issue.origin === 'array' ? (bound === 1 ? 'y' : 'ies') : bound === 1 ? '' : 's';
    return `${isLow ? 'needs at least' : 'may have at most'} ${bound === 1 ? 'one' : bound} ${unit}${ending}`;
  }
  const relation = issue.inclusive === false ? (isLow ? 'above' : 'below') : isLow ? 'at least' : 'at most';
  return `should be ${relation} ${bound}, not ${show(value)}`;
}

/** The branch of a union that was most likely meant: not refused as a whole, then the one with the fewest problems. */
function bestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const weight = (issue: z.core.$ZodIssue): number => {
    if (issue.path.length > 0) return 1;
    return issue.code === 'unrecognized_keys' ? 10 * issue.keys.length : 100;
  };
  const cost = (issues: readonly z.core.$ZodIssue[]): number => issues.reduce((sum, issue) => sum + weight(issue), 0);
  return branches.reduce<readonly z.core.$ZodIssue[] | undefined>(
    (best, branch) => (best === undefined || cost(branch) < cost(best) ? branch : best),
    undefined,
  );
}

function unknownOption(written: string, known: ReadonlySet<string>): string {
  const present = presentNames(written).find((name) => known.has(name.split('.')[0] ?? name));
  return present === undefined ? `unknown option${suggest(written, known)}` : `${written} is called ${present} now`;
}

function suggest(written: string, known: ReadonlySet<string>): string {
  const guess = nearest(written, known);
  if (guess !== undefined) return `. Did you mean '${guess}'?`;
  return known.size === 0 ? '' : `. Options here: ${[...known].join(', ')}`;
}

function oneOf(value: unknown, values: readonly string[]): string {
  if (value === undefined) return `is missing; one of: ${values.join(', ')}`;
  const present = presentValue(value);
  if (present !== undefined && values.includes(present)) return `${show(value)} is called ${show(present)} now`;
  const guess = typeof value === 'string' ? nearest(value, values) : undefined;
  return `${show(value)} is not one of: ${values.join(', ')}${guess === undefined ? '' : `. Did you mean '${guess}'?`}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined; // undefined has no JSON
  return text === undefined ? 'nothing' : text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function article(type: string): string {
  const name = { int: 'whole number', record: 'object', boolean: 'true or false' }[type] ?? type;
  return name === 'true or false' ? name : `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}

function valueAt(value: unknown, path: SpecPath): unknown {
  return path.reduce<unknown>(
    // Reading a member of whatever a file held.
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value,
  );
}

/** What can be written at a path, where it is one of a few words. */
export function valuesAt(schema: JsonSchema, path: SpecPath, root: unknown): string[] {
  const values = schemasAt(schema, path, root).flatMap((found) => [
    ...(found.enum ?? []),
    ...('const' in found ? [found.const] : []),
  ]);
  return [...new Set(values.map(String))];
}

/** Every schema that can apply at a path; branches of a union that contradict a constant of the value are left out. */
export function schemasAt(schema: JsonSchema, path: SpecPath, value: unknown): JsonSchema[] {
  const here = alternatives(schema, path[0], value);
  const [key, ...rest] = path;
  if (key === undefined) return here;
  const inner = valueAt(value, [key]);
  return here.flatMap(({ properties, additionalProperties, items }) => {
    const next =
      typeof key === 'number'
        ? items
        : (properties?.[key] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined));
    return next ? schemasAt(next, rest, inner) : [];
  });
}

/** A union's branches; `asked` is the member that is looked for, which may well be the constant that is wrong. */
function alternatives(schema: JsonSchema, asked: string | number | undefined, value: unknown): JsonSchema[] {
  const branches = schema.anyOf ?? schema.oneOf;
  if (!branches) return [schema];
  const fits = branches.filter(({ properties }) =>
    Object.entries(properties ?? {}).every(
      ([key, property]) =>
        !('const' in property) || key === asked || property.const === (valueAt(value, [key]) ?? property.default),
    ),
  );
  return fits.flatMap((branch) => alternatives(branch, asked, value));
}
