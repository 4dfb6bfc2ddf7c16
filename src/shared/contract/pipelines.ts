/** Pipelines: what a graph of blocks comes to, live while it is edited, and the ones that were kept. */
import { z } from 'zod';
import { nameSpec } from '../spec/experiment/v2.ts';
import { pipelineGraph } from '../spec/pipeline.ts';
import { count, jsonObject, moment, nothing, problem } from './common.ts';
import { request } from './define.ts';
import { pipelineInput } from './registry.ts';

const shape = z.array(z.int());

/** One step of what a block computes. */
export const blockPart = z.object({
  name: z.string(),
  kind: z.string(),
  /** Without the batch axis. */
  shape,
  parameters: count,
  canBeChosen: z.boolean(),
});
export type BlockPartSummary = z.infer<typeof blockPart>;

export const blockSummary = z.object({
  id: z.string(),
  type: z.string(),
  /** By output port, without the batch axis; empty for a block that cannot be built yet. */
  shapes: z.record(z.string(), shape),
  parameters: count,
  /** Floating-point operations of the forward pass, for one example. */
  flops: z.number(),
  /** Bytes of everything it computes for one example, all of which training may keep. */
  activationBytes: z.number(),
  /** What it computes step by step, where it can be opened. */
  inside: z
    .object({
      /** The option that names the part where it ends. */
      option: z.string(),
      parts: z.array(blockPart),
    })
    .optional(),
  /** Why it cannot be built. Blocks after it that need it say nothing of their own. */
  problem: z.string().nullable(),
});
export type BlockSummary = z.infer<typeof blockSummary>;

export const pipelineSummary = z.object({
  valid: z.boolean(),
  /** Shapes of the input's endpoints, without the batch axis. */
  inputs: z.record(z.string(), shape),
  blocks: z.array(blockSummary),
  /** Shapes of the pipeline's outputs, without the batch axis. */
  outputs: z.record(z.string(), shape),
  total: z.object({ parameters: count, flops: z.number(), activationBytes: z.number() }),
  problems: z.array(problem),
});
export type PipelineSummary = z.infer<typeof pipelineSummary>;

export const savedPipeline = z.object({
  name: z.string(),
  savedAt: moment,
  input: pipelineInput,
  graph: pipelineGraph,
});
export type SavedPipeline = z.infer<typeof savedPipeline>;

/** A graph that is being edited may be wrong in any way, so it is taken as it is and answered with problems. */
const draft = jsonObject;

export const pipelinesContract = {
  resolve: request(
    'The graph that a preset with options means',
    z.strictObject({ preset: z.string(), options: jsonObject.default({}) }),
    pipelineGraph,
  ),
  summarise: request(
    'Shapes, parameters, arithmetic and memory, block by block, of a graph that may be wrong in places',
    z.strictObject({ graph: draft, input: pipelineInput }),
    pipelineSummary,
  ),
  checkConnection: request(
    'Whether a connection would fit, while it is drawn',
    z.strictObject({
      graph: draft,
      input: pipelineInput,
      /** `block`, `block.port` or `input.port`. */
      from: z.string(),
      to: z.strictObject({ block: z.string(), port: z.string() }),
    }),
    z.object({ allowed: z.boolean(), /** Why not. */ reason: z.string().nullable() }),
  ),
  parse: request(
    'Reads a graph from JSON or YAML',
    z.strictObject({ text: z.string().max(1_000_000) }),
    z.object({ graph: pipelineGraph.nullable(), problems: z.array(problem) }),
  ),
  list: request('Kept pipelines by name', nothing, z.array(savedPipeline)),
  save: request(
    'Keeps a pipeline under a name; `replace` overwrites',
    z.strictObject({ name: nameSpec, input: pipelineInput, graph: pipelineGraph, replace: z.boolean().default(false) }),
    savedPipeline,
  ),
  delete: request('Forgets a kept pipeline and returns it', z.strictObject({ name: z.string() }), savedPipeline),
};
