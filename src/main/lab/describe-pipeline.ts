/** What a pipeline consists of, block by block: shapes, parameters, arithmetic and memory, for one example. */
import type { PipelineGraph } from '../../shared/spec/pipeline.ts';
import { flopsOf } from '../graph/op.ts';
import type { Node, Program } from '../graph/program.ts';
import { createProgram, withScope } from '../graph/program.ts';
import { elementCount } from '../graph/shape.ts';
import type { PipelineInput } from '../nn/index.ts';
import { buildPipeline, declareInputs } from '../nn/index.ts';
import { isUnder } from '../training/model.ts';

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

function parametersUnder({ parameters }: Program, path: string): number {
  return [...parameters.values()].reduce((sum, { name, shape }) => sum + (isUnder(name, path) ? elementCount(shape) : 0), 0);
}

/** Reshapes are views of what is there. */
function outputBytes({ op, outputs }: Node): number {
  if (op.name === 'reshape') return 0;
  return outputs.reduce((sum, { dtype, shape }) => sum + elementCount(shape) * (dtype === 'float32' || dtype === 'int32' ? 4 : 1), 0);
}
