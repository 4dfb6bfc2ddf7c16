/** Fills what an experiment leaves unsaid from the recipe of its preset and task, and remembers where each value came from. */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { Recipe } from './recipes.ts';
import { findRecipe } from './recipes.ts';

type Path = readonly string[];

export interface FilledSpec {
  /** As a person might have written it. */
  readonly value: unknown;
  readonly recipe: Recipe | undefined;
  /** Dotted paths of the values that are the recipe's. */
  readonly filled: ReadonlySet<string>;
}

/** A setting that a run will have. */
export interface ResolvedSetting {
  readonly path: readonly string[];
  readonly value: string | number | boolean;
  readonly origin: 'spec' | 'recipe' | 'default';
}

/** Members that say the same thing in two ways: who gives one has decided about the other. */
const rivals: readonly (readonly [string, string])[] = [
  ['warmupSteps', 'warmupFraction'],
  ['layerwiseLearningRateDecay', 'discriminativeFactor'],
];

/** `value` is the spec as it was read, valid or not. */
export function applyRecipe(value: unknown): FilledSpec {
  const filled = new Set<string>();
  const spec = isRecord(value) ? value : {};
  const task = typeof spec.task === 'string' ? { type: spec.task } : spec.task;
  const preset = typeof spec.pipeline === 'string' ? spec.pipeline : member(spec.pipeline, 'preset');
  const type = member(task, 'type');
  const recipe =
    typeof preset === 'string' && typeof type === 'string' && spec.recipe !== 'none'
      ? findRecipe(preset, type)
      : undefined;
  if (!recipe) return { value, recipe, filled };
  const settings = {
    ...(recipe.settings.task && { task: recipe.settings.task }),
    ...(recipe.settings.training && { training: recipe.settings.training }),
  };
  return { value: fill({ ...spec, task }, settings, [], filled), recipe, filled };
}

/** Options of the task and of the training, value by value, in the order of the schemas. */
export function resolvedSettings(
  { task, training }: Experiment,
  written: unknown,
  filled: ReadonlySet<string>,
): readonly ResolvedSetting[] {
  const { type: _type, ...options } = task;
  return [...leavesOf(options, ['task']), ...leavesOf(training, ['training'])].map(({ path, value }) => ({
    path,
    value,
    origin: filled.has(path.join('.')) ? 'recipe' : isWritten(written, path) ? 'spec' : 'default',
  }));
}

function fill(
  target: Readonly<Record<string, unknown>>,
  settings: Readonly<Record<string, unknown>>,
  path: Path,
  filled: Set<string>,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...target };
  // Options of another variant than the person's would not be understood.
  if (target.type !== undefined && settings.type !== undefined && target.type !== settings.type) return result;
  for (const [key, value] of Object.entries(settings)) {
    const place = [...path, key];
    const present = target[key];
    if (present === undefined) {
      const isDecided = rivals.some((pair) => pair.includes(key) && pair.some((name) => target[name] !== undefined));
      if (isDecided) continue;
      result[key] = value;
      for (const leaf of leavesOf(value, place)) filled.add(leaf.path.join('.'));
    } else if (isRecord(present) && isRecord(value)) {
      result[key] = fill(present, value, place, filled);
    }
  }
  return result;
}

function leavesOf(value: unknown, path: Path): { path: Path; value: ResolvedSetting['value'] }[] {
  if (isRecord(value)) return Object.entries(value).flatMap(([key, one]) => leavesOf(one, [...path, key]));
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [{ path, value }];
  return [];
}

function isWritten(written: unknown, path: Path): boolean {
  return path.reduce(member, written) !== undefined;
}

function member(value: unknown, key: string): unknown {
  return isRecord(value) ? value[key] : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
