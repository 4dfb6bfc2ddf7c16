/** What a pipeline consists of, block by block: shapes, parameters, arithmetic and memory, for one example. */
import { LabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { PipelineGraph } from '../../shared/spec/pipeline.ts';
import { nearest } from '../../shared/spec/problems.ts';
import { flopsOf } from '../graph/op.ts';
import type { Node, Program } from '../graph/program.ts';
import { createProgram, withScope } from '../graph/program.ts';
import { elementCount } from '../graph/shape.ts';
import type { PipelineInput } from '../nn/index.ts';
import { buildPipeline, declareInputs, registeredPresets, resolvePipeline } from '../nn/index.ts';
import { isUnder } from '../training/model.ts';
import { findBasis } from './basis.ts';
import { prepareRun } from './prepare.ts';
import { withSettings } from './spec-file.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface BlockDescription {
  readonly id: string;
  readonly type: string;
  /** Of its first output, without the batch axis. */
  readonly shape: readonly number[];
  readonly parameters: number;
  /** Floating-point operations of the forward pass. */
  readonly flops: number;
  /** Bytes of everything computed in the forward pass, all of which training may keep. */
  readonly activationBytes: number;
}

/** Throws `LabError('bad-spec' | 'shape')` when the blocks do not fit each other or the input. */
export function describePipeline(graph: PipelineGraph, input: PipelineInput): readonly BlockDescription[] {
  const program = createProgram('pipeline');
  const context = { program, mode: 'evaluation' as const, batchSize: 1, input };
  const { stages } = withScope(program, 'backbone', () => buildPipeline(context, graph, declareInputs(context)));
  return graph.blocks.map(({ id, type }) => {
    const path = `backbone/${id}`;
    const nodes = program.nodes.filter((node) => isUnder(node.path, path));
    const first = Object.entries(stages).find(([name]) => name.startsWith(`${id}.`));
    return {
      id,
      type,
      shape: first?.[1].shape.slice(1) ?? [],
      parameters: parametersUnder(program, path),
      flops: nodes.reduce((sum, node) => sum + flopsOf(node), 0),
      activationBytes: nodes.reduce((sum, node) => sum + outputBytes(node), 0),
    };
  });
}

/** Weights; statistics are kept beside them and are none. */
function parametersUnder({ parameters }: Program, path: string): number {
  return [...parameters.values()].reduce(
    (sum, { name, role, shape }) => sum + (role === 'weight' && isUnder(name, path) ? elementCount(shape) : 0),
    0,
  );
}

/** Reshapes are views of what is there. */
function outputBytes({ op, outputs }: Node): number {
  if (op.name === 'reshape') return 0;
  return outputs.reduce(
    (sum, { dtype, shape }) => sum + elementCount(shape) * (dtype === 'float32' || dtype === 'int32' ? 4 : 1),
    0,
  );
}

/**
 * A preset, with `key=value` settings of its options, on an input of the kind it reads. Throws `LabError('not-found')` naming
 * the presets, and `LabError('bad-spec')` for options that it does not have.
 */
export function presetPipeline(
  name: string,
  settings: readonly string[],
  inputOf: (kind: PipelineInput['kind']) => PipelineInput,
): { readonly graph: PipelineGraph; readonly input: PipelineInput } {
  const presets = registeredPresets();
  const preset = presets.find((candidate) => candidate.name === name);
  if (!preset) {
    const names = presets.map((known) => known.name);
    const guess = nearest(name, names);
    const hint = guess === undefined ? `Presets: ${names.sort().join(', ')}` : `Did you mean '${guess}'?`;
    throw new LabError('not-found', `There is no file and no preset '${name}'. ${hint}`, { name });
  }
  const { value } = withSettings({ value: {}, locate: () => name }, settings);
  const options = value as Record<string, unknown>; // settings of an object make an object
  return { graph: resolvePipeline({ preset: name, options }), input: inputOf(preset.input) };
}

/** The pipeline of an experiment on its data. Throws as preparing a run does. */
export async function specPipeline(
  workspace: Workspace,
  asked: Experiment,
): Promise<{ readonly graph: PipelineGraph; readonly input: PipelineInput }> {
  const { experiment, material, tokenizer } = await findBasis(workspace, asked);
  const { sampler, model } = prepareRun(experiment, material, tokenizer?.file);
  sampler.close();
  return { graph: model.pipeline, input: model.facts.input };
}
