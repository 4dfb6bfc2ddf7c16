/** From a spec file to a valid experiment: migration, validation by every definition's own schema, and all problems at once. */
import type { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { experimentSpec, migrateExperiment } from '../../shared/spec/experiment/index.ts';
import type { PipelineSpec } from '../../shared/spec/pipeline.ts';
import type { JsonSchema, SpecPath, SpecProblem } from '../../shared/spec/problems.ts';
import { nearest, problemsOf, showPath } from '../../shared/spec/problems.ts';
import { registeredBlocks, registeredPresets } from '../nn/index.ts';
import { registeredTasks } from '../tasks/index.ts';
import { experimentSchema } from './experiment-schema.ts';
import type { ResolvedSetting } from './apply-recipe.ts';
import { applyRecipe, resolvedSettings } from './apply-recipe.ts';
import type { SpecSource } from './spec-file.ts';

/** An experiment with all its values, and where each of them came from. */
export interface ResolvedExperiment {
  readonly experiment: Experiment;
  readonly settings: readonly ResolvedSetting[];
  /** Name of the recipe that stood in where the spec is silent. */
  readonly recipe: string | undefined;
}

/**
 * The experiment with everything filled in: from the recipe of its preset and task where there is one, then from the defaults,
 * those of the task's options too. Throws `LabError('bad-spec')` listing every problem with its place, and
 * `LabError('format-version')`.
 */
export function parseExperiment(source: SpecSource): Experiment {
  return resolveExperiment(source).experiment;
}

/** The same, with the origin of every value. */
export function resolveExperiment(source: SpecSource): ResolvedExperiment {
  if (member(source.value, 'sweep') !== undefined) {
    const message = "is for 'pretext sweep', which trains many. Leave it out to train this experiment alone";
    throw badSpec(source, [{ path: ['sweep'], message }]);
  }
  const written = withPipelineOfModel(migrateExperiment(source.value));
  const { value, recipe, filled } = applyRecipe(written);
  const experiment = parseFilled(source, value);
  return { experiment, settings: resolvedSettings(experiment, written, filled), recipe: recipe?.name };
}

/** Who begins with a model and names no pipeline means that of the model. */
function withPipelineOfModel(spec: unknown): unknown {
  const model = member(member(spec, 'from'), 'model');
  if (typeof model !== 'string' || member(spec, 'pipeline') !== undefined) return spec;
  return { ...(spec as object), pipeline: { model } }; // a member of it was found
}

/** The schema tells in messages what there could be instead. It takes longer than to check a spec, which mostly has no problem. */
type SchemaOf = () => JsonSchema;

function onFirstUse(make: SchemaOf): SchemaOf {
  let made: JsonSchema | undefined;
  return () => (made ??= make());
}

function parseFilled(source: SpecSource, value: unknown): Experiment {
  const schema = onFirstUse(experimentSchema);
  const parsed = experimentSpec.safeParse(value);
  if (!parsed.success) {
    throw badSpec(source, [...problemsOf(parsed.error, value, schema()), ...optionProblems(value, schema)]);
  }
  const task = parseTask(parsed.data.task, value, schema);
  const problems = [
    ...task.problems,
    ...pipelineProblems(parsed.data.pipeline, value, schema),
    ...freezeProblems(parsed.data),
  ];
  if (problems.length > 0 || !task.options) throw badSpec(source, problems);
  return { ...parsed.data, task: { type: parsed.data.task.type, ...task.options } };
}

/** Weights that were never trained stay random for good when they are frozen; a probe of random features wants just that. */
function freezeProblems({ freeze, from, training }: Experiment): SpecProblem[] {
  if (freeze.length === 0 || from !== undefined || training.linearProbeFirst) return [];
  const message =
    "parts are frozen, but there is no 'from': they would stay random. Add from: {run: …}, or leave freeze out";
  return [{ path: ['freeze'], message }];
}

/** Of a spec that is wrong elsewhere: the problems inside a task or pipeline that are well formed, so that all show at once. */
function optionProblems(value: unknown, schema: SchemaOf): SpecProblem[] {
  const task = experimentSpec.shape.task.safeParse(member(value, 'task'));
  const pipeline = experimentSpec.shape.pipeline.safeParse(member(value, 'pipeline'));
  return [
    ...(task.success ? parseTask(task.data, value, schema).problems : []),
    ...(pipeline.success ? pipelineProblems(pipeline.data, value, schema) : []),
  ];
}

function parseTask(
  { type, ...options }: Experiment['task'],
  root: unknown,
  schema: SchemaOf,
): { readonly options?: object; readonly problems: readonly SpecProblem[] } {
  const tasks = registeredTasks();
  const task = tasks.find((candidate) => candidate.type === type);
  if (!task) {
    const path = typeof member(root, 'task') === 'string' ? ['task'] : ['task', 'type'];
    return {
      problems: [
        {
          path,
          message: unknownName(
            'task',
            type,
            tasks.map((known) => known.type),
          ),
        },
      ],
    };
  }
  const parsed = task.options.safeParse(options);
  if (!parsed.success) return { problems: within(['task'], parsed.error, root, schema) };
  return { options: parsed.data as object, problems: [] }; // options are object schemas
}

function pipelineProblems(pipeline: PipelineSpec, root: unknown, schema: SchemaOf): SpecProblem[] {
  if ('model' in pipeline) return []; // its workspace knows
  if ('preset' in pipeline) {
    const presets = registeredPresets();
    const preset = presets.find(({ name }) => name === pipeline.preset);
    if (!preset) {
      const path = typeof member(root, 'pipeline') === 'string' ? ['pipeline'] : ['pipeline', 'preset'];
      return [
        {
          path,
          message: unknownName(
            'preset',
            pipeline.preset,
            presets.map(({ name }) => name),
          ),
        },
      ];
    }
    const parsed = preset.options.safeParse(pipeline.options);
    return parsed.success ? [] : within(['pipeline', 'options'], parsed.error, root, schema);
  }
  const blocks = registeredBlocks();
  return pipeline.blocks.flatMap(({ type, options }, index) => {
    const block = blocks.find((candidate) => candidate.type === type);
    if (!block) {
      return [
        {
          path: ['pipeline', 'blocks', index, 'type'],
          message: unknownName(
            'block',
            type,
            blocks.map((known) => known.type),
          ),
        },
      ];
    }
    const parsed = block.options.safeParse(options);
    return parsed.success ? [] : within(['pipeline', 'blocks', index, 'options'], parsed.error, root, schema);
  });
}

/** The problems of a part, with places and suggestions of the whole. */
function within(path: SpecPath, error: z.core.$ZodError, root: unknown, schema: SchemaOf): SpecProblem[] {
  const issues = error.issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
  return problemsOf({ issues } as z.core.$ZodError, root, schema()); // only the issues of an error are read
}

function unknownName(kind: string, name: string, known: readonly string[]): string {
  const guess = nearest(name, known);
  const hint = guess === undefined ? `There is: ${[...known].sort().join(', ')}` : `Did you mean '${guess}'?`;
  return `there is no ${kind} '${name}'. ${hint}`;
}

/** With the place of each problem. */
export function badSpec(source: SpecSource, problems: readonly SpecProblem[]): LabError {
  const lines = problems.map(
    ({ path, message }) => `${source.locate(path)}: ${path.length > 0 ? `${showPath(path)}: ` : ''}${message}`,
  );
  return new LabError('bad-spec', [...new Set(lines)].join('\n'), { problems });
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined; // whatever a file held
}
