/** A spec that is being written: reading its parts in whatever short form they were given, and changing them. */
import type { ResolvedSettingView } from '../../../../shared/contract/experiments.ts';
import { kindFacts } from '../../../../shared/spec/data-kind.ts';
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
  return kindFacts(kind)?.input === reads;
}

/** Of the choice of weights: `run words-abc12`, `model minilm`, or nothing from scratch. */
export function sourceOf(spec: JsonObject): string {
  const [run, model] = [sourceRunOf(spec), sourceModelOf(spec)];
  return run !== '' ? `run ${run}` : model !== '' ? `model ${model}` : '';
}

/** `corpus stories`, `trained`, `other` for what the form does not offer, or '' where nothing is chosen. */
export function tokenizerChoiceOf({ tokenizer }: JsonObject): string {
  if (!isObject(tokenizer)) return '';
  if (typeof tokenizer.corpus === 'string') return `corpus ${tokenizer.corpus}`;
  return 'trained' in tokenizer ? 'trained' : 'other';
}

export function tokenizerOfChoice({ tokenizer }: JsonObject, choice: string): unknown {
  if (choice.startsWith('corpus ')) return { corpus: choice.slice('corpus '.length) };
  return choice === 'trained' ? { trained: {} } : tokenizer;
}

/** With settings changed by their dotted paths; a task that was written by its name becomes an object. */
export function withSettings(spec: JsonObject, set: Readonly<Record<string, unknown>>): JsonObject {
  return Object.entries(set).reduce<JsonObject>((changed, [path, value]) => {
    const [part = '', name] = path.split('.');
    if (name === undefined) return { ...changed, [part]: value };
    if (part === 'task') return withTaskOptions(changed, { ...taskOf(changed).options, [name]: value });
    return { ...changed, [part]: { ...partOf(changed, part), [name]: value } };
  }, spec);
}

/** A part of the spec that is an object, or nothing yet. */
export function partOf(spec: JsonObject, key: string): JsonObject {
  const part = spec[key];
  return isObject(part) ? part : {};
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
