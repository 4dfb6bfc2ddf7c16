/**
 * The network of an experiment as a tensor program: the task's head on the pipeline, for training, evaluation or
 * prediction. Weights of the pipeline are under `backbone/`, those of the head under `head/`.
 */
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import { nearest } from '../../shared/spec/problems.ts';
import type { PipelineGraph } from '../../shared/spec/pipeline.ts';
import { appendGradients } from '../graph/autodiff.ts';
import { recomputeLayers } from '../graph/passes/recompute.ts';
import type { Program } from '../graph/program.ts';
import { createProgram, withScope } from '../graph/program.ts';
import { elementCount } from '../graph/shape.ts';
import type { Mode, WeightInitialisation } from '../nn/index.ts';
import { buildPipeline, findBlock } from '../nn/index.ts';
import type { TaskDefinition, TaskFacts } from '../tasks/task.ts';

/** The part of a network that fine-tuning takes over. */
export const transferredPart = 'backbone';

export interface Model {
  readonly task: TaskDefinition<unknown>;
  /** Parsed by the task's own schema. */
  readonly options: unknown;
  readonly pipeline: PipelineGraph;
  readonly facts: TaskFacts;
  /** Batch normalisation of the backbone keeps to its running statistics while training. */
  readonly fixedStatistics?: boolean;
  /** Training computes the inside of each layer again for the backward pass, instead of keeping it. */
  readonly recompute?: boolean;
  /** Heads over tokens answer at every position: for what leaves the lab. */
  readonly everyPosition?: boolean;
}

/** Only a program for training has gradients. Throws `LabError('bad-spec' | 'shape')` when the parts do not fit. */
export function buildModel(model: Model, mode: Mode, batchSize: number, freeze: readonly string[] = []): Program {
  const program = createProgram(`${model.task.type} (${mode})`);
  const isFrozen = (path: string): boolean => freeze.some((prefix) => isUnder(path, prefix));
  const hasFixedStatistics = (path: string): boolean =>
    model.fixedStatistics === true && isUnder(path, transferredPart);
  const context = {
    program,
    mode,
    batchSize,
    input: model.facts.input,
    isFrozen,
    hasFixedStatistics,
    everyPosition: model.everyPosition ?? false,
  };
  const { loss } = model.task.build(
    context,
    (inputs) => withScope(program, transferredPart, () => buildPipeline(context, model.pipeline, inputs)),
    model.options,
    model.facts,
  );
  if (model.fixedStatistics === true) requireStatistics(program);
  freezeParameters(program, freeze);
  if (mode === 'training') {
    appendGradients(program, loss);
    if (model.recompute === true) recomputeLayers(program);
  }
  return program;
}

/** Throws `LabError('bad-spec')` for a backbone without batch normalisation. */
function requireStatistics({ parameters }: Program): void {
  const isStatistic = (name: string): boolean => isUnder(name, transferredPart) && name.endsWith('/variance');
  if ([...parameters.values()].some(({ name, role }) => role === 'state' && isStatistic(name))) return;
  throw new LabError(
    'bad-spec',
    'training.batchStatistics: this pipeline has no batch normalisation, so there is nothing to keep. Leave it out',
  );
}

/** Takes the parameters whose names begin with a prefix out of training. Throws `LabError('bad-spec')` for a prefix of none. */
function freezeParameters(program: Program, prefixes: readonly string[]): void {
  for (const prefix of prefixes) {
    const parameters = [...program.parameters.values()].filter(({ name }) => isUnder(name, prefix));
    if (parameters.length === 0) {
      const paths = parameterPaths(program);
      const guess = nearest(prefix, paths);
      const hint = guess === undefined ? `Parts: ${paths.join(', ')}` : `Did you mean '${guess}'?`;
      throw new LabError('bad-spec', `freeze: no parameter is under '${prefix}'. ${hint}`, { prefix });
    }
    for (const parameter of parameters) parameter.trainable = false;
  }
}

/** True for the path itself and for what is inside it, not for `layer.10` under `layer.1`. */
export function isUnder(name: string, path: string): boolean {
  return name === path || name.startsWith(`${path}/`);
}

/** `backbone`, `backbone/encoder`, `backbone/encoder/layer.0` …: what can be frozen, without single parameters. */
function parameterPaths(program: Program): readonly string[] {
  const paths = new Set<string>();
  for (const name of program.parameters.keys()) {
    const parts = name.split('/');
    for (let length = 1; length < Math.min(parts.length, 4); length++) paths.add(parts.slice(0, length).join('/'));
  }
  return [...paths];
}

export interface ParameterCounts {
  readonly total: number;
  readonly trainable: number;
}

/** Of the weights: statistics and carried states lie beside them and are no parameters. */
export function countParameters(program: Program): ParameterCounts {
  let total = 0;
  let trainable = 0;
  for (const parameter of program.parameters.values()) {
    if (parameter.role === 'state') continue;
    const count = elementCount(parameter.shape);
    total += count;
    if (parameter.trainable) trainable += count;
  }
  return { total, trainable };
}

/** The graph with `kind` as the initialisation of every block that has such an option and does not set it. */
export function withInitialisation(graph: PipelineGraph, kind: WeightInitialisation | undefined): PipelineGraph {
  if (kind === undefined) return graph;
  return {
    ...graph,
    blocks: graph.blocks.map((block) => {
      const schema: unknown = findBlock(block.type).options;
      const takesIt = schema instanceof z.ZodObject && 'initialisation' in schema.shape;
      return takesIt ? { ...block, options: { initialisation: kind, ...block.options } } : block;
    }),
  };
}
