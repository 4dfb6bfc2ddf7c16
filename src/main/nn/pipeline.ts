/** Builds a pipeline: the graph of blocks becomes part of a tensor program. */
import { LabError, isLabError } from '../../shared/errors.ts';
import type { BlockSpec, PipelineGraph } from '../../shared/spec/pipeline.ts';
import { nearest } from '../../shared/spec/problems.ts';
import type { Value } from '../graph/program.ts';
import { input, withScope } from '../graph/program.ts';
import type { BuildContext, PipelineInput } from './block.ts';
import { findBlock } from './block.ts';

/** The named results of a backbone, e.g. `sequence`, and everything computed on the way, by `block.port`. */
export interface Backbone {
  readonly outputs: Readonly<Record<string, Value>>;
  readonly stages: Readonly<Record<string, Value>>;
}

export type Endpoints = Readonly<Record<string, Value>>;

/** Declares the program inputs of a kind of data, by the names that pipelines use after `input.`. */
export function declareInputs(context: BuildContext, prefix = ''): Endpoints {
  const { program, batchSize, input: kind } = context;
  const declare = (name: string, dtype: 'int32' | 'float32', shape: readonly number[]): Value =>
    input(program, `${prefix}${name}`, dtype, [batchSize, ...shape]);
  switch (kind.kind) {
    case 'tokens':
      return {
        tokens: declare('tokens', 'int32', [kind.length]),
        segments: declare('segments', 'int32', [kind.length]),
        /** 1 at real tokens, 0 at padding. */
        mask: declare('mask', 'float32', [kind.length]),
      };
    case 'image':
      return { image: declare('image', 'float32', [kind.channels, kind.height, kind.width]) };
    case 'frames':
      return {
        frames: declare('frames', 'float32', [kind.length, kind.features]),
        mask: declare('mask', 'float32', [kind.length]),
      };
  }
}

/**
 * Inputs that only some tasks offer; elsewhere the ports that ask for them stay empty. `carry` [batch] is 1 where an example
 * goes on where the batch before ended, so that the same pipeline carries its state as a language model and not as a classifier.
 */
export const occasionalInputs = ['input.carry'];

/**
 * Appends the blocks in order. Weights are named `<scope>/<block id>/…`, so that building the same pipeline twice under
 * one scope shares them (twin networks). Throws `LabError('bad-spec' | 'shape')` whose message begins with the block's id.
 */
export function buildPipeline(context: BuildContext, graph: PipelineGraph, inputs: Endpoints): Backbone {
  const values = new Map<string, Value>(Object.entries(inputs).map(([name, value]) => [`input.${name}`, value]));
  const stages: Record<string, Value> = {};
  const notOffered = new Set(occasionalInputs.filter((name) => !values.has(name)));
  const resolve = (endpoint: string, who: string): Value => {
    const value = values.get(endpoint);
    if (!value) {
      const ids = graph.blocks.map(({ id }) => id);
      throw new LabError('bad-spec', `${who}: ${missingEndpoint(endpoint, context.input.kind, values.keys(), ids)}`);
    }
    return value;
  };
  for (const block of graph.blocks) {
    if (block.id === 'input' || values.has(block.id)) {
      throw new LabError(
        'bad-spec',
        `${block.id}: ${block.id === 'input' ? "'input' is reserved" : 'two blocks have this id'}`,
      );
    }
    const results = buildBlock(context, block, (endpoint) => resolve(endpoint, block.id), notOffered);
    Object.entries(results).forEach(([port, value], index) => {
      if (index === 0) values.set(block.id, value); // the first port is the block's main result
      values.set(`${block.id}.${port}`, value);
      stages[`${block.id}.${port}`] = value;
    });
  }
  const outputs = Object.fromEntries(
    Object.entries(graph.outputs).map(([name, endpoint]) => [name, resolve(endpoint, `output '${name}'`)]),
  );
  return { outputs, stages };
}

/** What data of a kind is, for a person. */
export const dataWords = { tokens: 'text', image: 'images', frames: 'sound' } as const;

/**
 * Why nothing is at an endpoint that a block or an output reads, and what was meant.
 *
 * @param known endpoints of the inputs and of the blocks before
 * @param ids of all blocks
 */
export function missingEndpoint(
  endpoint: string,
  kind: PipelineInput['kind'],
  known: Iterable<string>,
  ids: readonly string[],
): string {
  const endpoints = [...known];
  const [first = ''] = endpoint.split('.');
  const missing = `there is no '${endpoint}' before it`;
  const inputs = endpoints.filter((candidate) => candidate.startsWith('input.'));
  if (first === 'input') {
    // The word that all of them begin with would make any two alike.
    const names = inputs.map((candidate) => candidate.slice('input.'.length));
    const guess = nearest(endpoint.slice('input.'.length), names);
    if (guess !== undefined) return `${missing}. Did you mean 'input.${guess}'?`;
    return `${missing}: the data is ${dataWords[kind]}, which gives ${inputs.join(', ')}`;
  }
  const guess = nearest(endpoint, endpoints) ?? inputs.find((candidate) => candidate === `input.${endpoint}`);
  if (guess !== undefined) return `${missing}. Did you mean '${guess}'?`;
  const ports = endpoints.filter((candidate) => candidate.startsWith(`${first}.`));
  if (ports.length > 0) return `${missing}. It gives: ${ports.join(', ')}`;
  if (ids.includes(first)) return `${missing}: '${first}' comes later, and a block reads only what is above it`;
  return `${missing}. There is: ${endpoints.filter((one) => one.startsWith('input.') || !one.includes('.')).join(', ')}`;
}

function buildBlock(
  context: BuildContext,
  { id, type, options, inputs }: BlockSpec,
  resolve: (endpoint: string) => Value,
  notOffered: ReadonlySet<string>,
): Endpoints {
  const definition = findBlock(type);
  const known = new Set(definition.inputs.map(({ name }) => name));
  const unknown = Object.keys(inputs).find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new LabError('bad-spec', `${id}: ${type} has no input '${unknown}'. Its inputs: ${[...known].join(', ')}`);
  }
  const given = Object.entries(inputs).filter(([, endpoint]) => !notOffered.has(endpoint));
  const values = Object.fromEntries(given.map(([port, endpoint]) => [port, resolve(endpoint)]));
  try {
    return withScope(context.program, id, () => definition.build(context, values, options));
  } catch (error) {
    if (!isLabError(error) || error.message.startsWith(`${id}:`)) throw error;
    // Where in the program an op failed is for developers; a person knows the block.
    const { path } = error.details;
    const message = typeof path === 'string' ? error.message.replace(`${path}: `, '') : error.message;
    throw new LabError(error.code, `${id}: ${message}`, { ...error.details, block: id }, error);
  }
}

/** The output of a backbone that a head asks for. Throws `LabError('bad-spec')` naming what the pipeline has. */
export function backboneOutput({ outputs }: Backbone, name: string, task: string): Value {
  const value = outputs[name];
  if (!value) {
    const names = Object.keys(outputs).map((other) => `'${other}'`);
    const has = names.length === 0 ? 'has none' : `has ${names.join(', ')}`;
    throw new LabError(
      'bad-spec',
      `pipeline: ${task} builds on an output '${name}', and this pipeline ${has}. Name the block that it is to build on '${name}' under outputs, or choose another pipeline`,
    );
  }
  return value;
}
