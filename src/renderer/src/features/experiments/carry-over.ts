/**
 * From one suggestion to the next: what a person set stays. What was set is what differs from the suggestion that the draft began
 * with; a draft that began otherwise, as a copy or with a pipeline of the editor, was set in all it says.
 */
import type { TaskInformation } from '../../../../shared/contract/registry.ts';
import type { JsonObject } from '../../components/schema-form/fields.ts';
import { isObject } from '../../components/schema-form/fields.ts';
import { partOf, taskOf } from './spec-draft.ts';

export interface Suggested {
  readonly spec: JsonObject;
  /** The suggestion behind it; empty for a copy. */
  readonly suggestion: JsonObject;
}

export interface NextSuggestion {
  readonly suggestion: JsonObject;
  readonly task: TaskInformation | undefined;
  /** Whether a pipeline reads what the new data gives; undefined where that is not known. */
  readonly fits: (pipeline: unknown) => boolean | undefined;
  /** Weights were chosen, whose network has to come along. */
  readonly takesNetwork: boolean;
}

export interface Carried {
  readonly spec: JsonObject;
  /** What was set and has no place any more. */
  readonly dropped: {
    /** As it was. */
    readonly pipeline?: unknown;
    /** Options of the former task, by name. */
    readonly options: readonly string[];
  };
}

/** Parts of a spec that suggestions speak of. Everything else is a person's. */
const suggestedParts = new Set(['name', 'task', 'data', 'tokenizer', 'pipeline', 'from', 'training', 'version']);

export function carryOver({ spec, suggestion: former }: Suggested, next: NextSuggestion): Carried {
  const { suggestion } = next;
  const isSet = (key: string): boolean => spec[key] !== undefined && !same(spec[key], former[key]);
  const others = Object.entries(spec).filter(([key]) => !suggestedParts.has(key));
  const { kept: options, dropped } = carryOptions(spec, former, next.task);
  const keepsPipeline = isSet('pipeline') && !next.takesNetwork && next.fits(spec.pipeline) !== false;
  const losesPipeline = isSet('pipeline') && !keepsPipeline && !same(spec.pipeline, suggestion.pipeline);
  return {
    spec: {
      ...suggestion,
      ...Object.fromEntries(others),
      ...(isSet('name') && { name: spec.name }),
      task: { type: taskOf(suggestion).type, ...taskOf(suggestion).options, ...options },
      ...(isSet('tokenizer') && suggestion.tokenizer !== undefined && { tokenizer: spec.tokenizer }),
      ...(keepsPipeline && { pipeline: spec.pipeline }),
      training: carryTraining(partOf(spec, 'training'), partOf(former, 'training'), partOf(suggestion, 'training')),
    },
    dropped: { ...(losesPipeline && { pipeline: spec.pipeline }), options: dropped },
  };
}

/** Options that both tasks have. */
function carryOptions(
  spec: JsonObject,
  former: JsonObject,
  task: TaskInformation | undefined,
): { readonly kept: JsonObject; readonly dropped: readonly string[] } {
  const before = taskOf(former).options;
  const set = Object.entries(taskOf(spec).options).filter(([name, value]) => !same(value, before[name]));
  const known = task?.options.properties;
  const properties = isObject(known) ? known : {};
  return {
    kept: Object.fromEntries(set.filter(([name]) => name in properties)),
    dropped: set.map(([name]) => name).filter((name) => !(name in properties)),
  };
}

/** How long a run is, is said in steps or in epochs: who set one takes the other's place. */
function carryTraining(training: JsonObject, former: JsonObject, suggestion: JsonObject): JsonObject {
  const set = Object.entries(training).filter(([name, value]) => !same(value, former[name]));
  const carried = { ...suggestion, ...Object.fromEntries(set) };
  const length = set.find(([name]) => name === 'steps' || name === 'epochs')?.[0];
  const other = length === 'steps' ? 'epochs' : length === 'epochs' ? 'steps' : undefined;
  return other === undefined ? carried : Object.fromEntries(Object.entries(carried).filter(([name]) => name !== other));
}

/** JSON values, whatever the order of their members. */
function same(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => same(value, other[index]));
  }
  if (!isObject(one) || !isObject(other)) return one === other;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => same(one[key], other[key]));
}
