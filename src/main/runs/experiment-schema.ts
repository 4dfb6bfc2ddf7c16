/**
 * The JSON schema of experiment files, for editors and for suggestions: the spec's own, with the options of every task,
 * block and preset that is registered.
 */
import { z } from 'zod';
import { experimentSpec } from '../../shared/spec/experiment/index.ts';
import type { JsonSchema } from '../../shared/spec/problems.ts';
import { sweepOptions } from '../../shared/spec/sweep.ts';
import { registeredBlocks, registeredPresets } from '../nn/index.ts';
import { registeredTasks } from '../tasks/index.ts';

/** JSON Schema, draft 2020-12. */
export function experimentSchema(): JsonSchema {
  const base = schemaOf(experimentSpec);
  const required = (base.required as readonly string[] | undefined) ?? []; // names, by the standard
  return {
    ...base,
    // With from: {model: …} the pipeline is the model's where it is not said.
    required: required.filter((name) => name !== 'pipeline'),
    title: 'Pretext Lab experiment',
    properties: {
      ...base.properties,
      task: taskSchema(),
      pipeline: pipelineSchema(base.properties?.pipeline),
    },
  };
}

/** The same of sweeps: an experiment, and what is tried. */
export function sweepSchema(): JsonSchema {
  const { required, properties, ...base } = experimentSchema();
  return {
    ...base,
    title: 'Pretext Lab sweep',
    description: 'A sweep of Pretext Lab: an experiment, and values to try for its settings',
    required: [...(required as readonly string[]), 'sweep'], // names, by the standard
    properties: { ...properties, sweep: inline(schemaOf(sweepOptions)) },
  };
}

/** What a person may write: fields with defaults are optional. */
function schemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input' }) as JsonSchema; // the members that JsonSchema names are as in the standard
}

function taskSchema(): JsonSchema {
  const tasks = registeredTasks();
  return {
    description: 'The task, or an object with its type and options',
    anyOf: [
      { enum: tasks.map(({ type }) => type) },
      ...tasks.map(({ type, summary, options }) =>
        withMember(inline(schemaOf(options)), 'type', { const: type }, summary),
      ),
    ],
  };
}

function pipelineSchema(base: JsonSchema | undefined): JsonSchema {
  const presets = registeredPresets();
  const graph = base?.anyOf?.find(({ properties }) => properties?.blocks);
  const block = graph?.properties?.blocks?.items;
  return {
    description: 'The backbone: a preset, a preset with options, or a graph of blocks',
    anyOf: [
      { enum: presets.map(({ name }) => name) },
      ...presets.map(({ name, summary, options }) =>
        withMember(
          { type: 'object', properties: { options: inline(schemaOf(options)) }, additionalProperties: false },
          'preset',
          { const: name },
          summary,
        ),
      ),
      ...(base?.anyOf?.filter(({ properties }) => properties?.model) ?? []),
      {
        ...graph,
        properties: {
          ...graph?.properties,
          blocks: { type: 'array', minItems: 1, items: { anyOf: blockSchemas(block) } },
        },
      },
    ],
  };
}

function blockSchemas(block: JsonSchema | undefined): JsonSchema[] {
  return registeredBlocks().map(({ type, summary, options }) => ({
    ...block,
    description: summary,
    properties: { ...block?.properties, type: { const: type }, options: inline(schemaOf(options)) },
  }));
}

function withMember(schema: JsonSchema, name: string, member: JsonSchema, description: string): JsonSchema {
  const required = Array.isArray(schema.required) ? (schema.required as string[]) : []; // names, by the standard
  return {
    ...schema,
    description,
    properties: { [name]: member, ...schema.properties },
    required: [name, ...required],
  };
}

/** A schema inside another one names no standard of its own. */
function inline({ $schema: _standard, ...schema }: JsonSchema): JsonSchema {
  return schema;
}
