/** A spec that is being written: reading its parts in whatever short form they were given, and changing them. */
import type { ResolvedSettingView } from '../../../../shared/contract/experiments.ts';
import type { JsonObject } from '../../components/schema-form/fields.ts';
import { isObject, withMember } from '../../components/schema-form/fields.ts';

export interface TaskChoice {
  readonly type: string;
  readonly options: JsonObject;
}

export type PipelineChoice =
  | { readonly kind: 'preset'; readonly preset: string; readonly options: JsonObject }
  | { readonly kind: 'graph'; readonly graph: JsonObject }
  | { readonly kind: 'none' };

export function taskOf(spec: JsonObject): TaskChoice {
  const { task } = spec;
  if (typeof task === 'string') return { type: task, options: {} };
  if (!isObject(task)) return { type: '', options: {} };
  return { type: String(task.type ?? ''), options: withMember(task, 'type', undefined) };
}

export function withTaskOptions(spec: JsonObject, options: JsonObject): JsonObject {
  return { ...spec, task: { type: taskOf(spec).type, ...options } };
}

export function pipelineOf({ pipeline }: JsonObject): PipelineChoice {
  if (typeof pipeline === 'string') return { kind: 'preset', preset: pipeline, options: {} };
  if (!isObject(pipeline)) return { kind: 'none' };
  if (Array.isArray(pipeline.blocks)) return { kind: 'graph', graph: pipeline };
  return {
    kind: 'preset',
    preset: String(pipeline.preset ?? ''),
    options: isObject(pipeline.options) ? pipeline.options : {},
  };
}

/** The run whose backbone is taken over; empty for a start from scratch. */
export function sourceRunOf({ from }: JsonObject): string {
  return isObject(from) && typeof from.run === 'string' ? from.run : '';
}

/** The imported model whose backbone is taken over; empty where it is none. */
export function sourceModelOf({ from }: JsonObject): string {
  return isObject(from) && typeof from.model === 'string' ? from.model : '';
}

/** Whether a model reads what a task learns from, by the kinds of its data: `text-corpus`, `image-dataset` … */
export function readsKind(reads: 'tokens' | 'image' | 'frames', kind: string): boolean {
  const prefix = { tokens: 'text', image: 'image', frames: 'audio' }[reads];
  return kind.startsWith(prefix);
}

/** The corpus whose tokenizer is used, or ''. */
export function tokenizerCorpusOf({ tokenizer }: JsonObject): string {
  return isObject(tokenizer) && typeof tokenizer.corpus === 'string' ? tokenizer.corpus : '';
}

/** A part of the spec that is an object, or nothing yet. */
export function partOf(spec: JsonObject, key: string): JsonObject {
  const part = spec[key];
  return isObject(part) ? part : {};
}

/** A suggestion for another task or other data, with what the person decided that has nothing to do with either. */
export function takeSuggestion(spec: JsonObject, suggestion: JsonObject): JsonObject {
  const kept = Object.fromEntries(
    ['notes', 'engine', 'seed', 'splitSeed'].flatMap((key) => (spec[key] === undefined ? [] : [[key, spec[key]]])),
  );
  return { ...suggestion, ...kept };
}

/** What the recipe says about a part, as an empty control shows it: objects such as an optimizer with all their members. */
export function recipeDefaults(settings: readonly ResolvedSettingView[], part: string): JsonObject {
  const defaults: Record<string, unknown> = {};
  const inPart = settings.filter(({ path }) => path[0] === part);
  const fromRecipe = new Set(inPart.flatMap(({ path, origin }) => (origin === 'recipe' ? [path[1]] : [])));
  for (const { path, value } of inPart) {
    const [, key, member] = path;
    if (key === undefined || !fromRecipe.has(key)) continue;
    const known = defaults[key];
    defaults[key] = member === undefined ? value : { ...(isObject(known) ? known : {}), [member]: value };
  }
  return defaults;
}

/** Problems of one part, with paths that begin at it. */
export function problemsUnder<Problem extends { readonly path: readonly (string | number)[] }>(
  problems: readonly Problem[],
  ...path: readonly string[]
): (Problem & { path: (string | number)[] })[] {
  return problems
    .filter((problem) => path.every((key, index) => problem.path[index] === key))
    .map((problem) => ({ ...problem, path: problem.path.slice(path.length) }));
}
