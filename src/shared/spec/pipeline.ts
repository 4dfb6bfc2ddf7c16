/**
 * A pipeline as data: a graph of blocks. `inputs` of a block name earlier blocks (`"encoder"`), one of their ports
 * (`"lstm.state"`) or an input of the pipeline (`"input.tokens"`). Which block types exist and what options they take is
 * the main process's knowledge; this schema knows the shape of the graph.
 */
import { z } from 'zod';
import { renamePipeline } from './experiment/former-names.ts';

const identifier = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and dashes, beginning with a letter');
const endpoint = z
  .string()
  .regex(/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)?$/i, "a block's id, or 'block.port', or 'input.port'");

export const blockSpec = z.strictObject({
  id: identifier.describe('Unique in the pipeline; the first part of the names of its weights'),
  type: identifier.describe('The type of block'),
  options: z.record(z.string(), z.unknown()).default({}).describe("The block's own options"),
  inputs: z.record(identifier, endpoint).default({}).describe('Where each of its inputs comes from, by port'),
  /** Where the editor shows it; no meaning otherwise. */
  position: z.strictObject({ x: z.number(), y: z.number() }).optional(),
});

export const pipelineGraph = z.strictObject({
  blocks: z.array(blockSpec).min(1),
  outputs: z
    .record(identifier, endpoint)
    .describe(
      "What the heads of tasks build on: 'sequence' [batch, length, features], 'vector' [batch, features] or 'map' [batch, channels, height, width]",
    ),
});

/** A graph as the lab has written it at any time. It has no version of its own: names of older ones mean nothing else now. */
export const storedPipeline = z.preprocess((graph) => renamePipeline(graph), pipelineGraph);

/** A preset with its options overridden, the pipeline of an imported model, or the graph itself. A plain string is a preset's name. */
export const pipelineSpec = z.union([
  identifier.transform((preset) => ({ preset, options: {} })),
  z.strictObject({ preset: identifier, options: z.record(z.string(), z.unknown()).default({}) }),
  z.strictObject({ model: z.string().min(1).describe('An imported model, whose pipeline it is') }),
  pipelineGraph,
]);

export type BlockSpec = z.infer<typeof blockSpec>;
export type PipelineGraph = z.infer<typeof pipelineGraph>;
export type PipelineSpec = z.infer<typeof pipelineSpec>;
