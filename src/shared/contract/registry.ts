/** What the lab can build with: blocks, presets, tasks. Palette and forms are made of this. */
import { z } from 'zod';
import { labelKinds } from '../spec/label-format.ts';
import { pipelineGraph } from '../spec/pipeline.ts';
import { jsonObject, jsonSchema, nothing } from './common.ts';
import { request } from './define.ts';

/** What data gives to a pipeline. */
export const pipelineInput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tokens'), length: z.int().min(1), vocabularySize: z.int().min(1) }),
  z.strictObject({
    kind: z.literal('image'),
    height: z.int().min(1),
    width: z.int().min(1),
    channels: z.int().min(1),
  }),
  z.strictObject({ kind: z.literal('frames'), length: z.int().min(1), features: z.int().min(1) }),
]);
export type PipelineInputSpec = z.infer<typeof pipelineInput>;

export const port = z.object({
  name: z.string(),
  summary: z.string(),
  /** The axes in words: `['batch', 'length', 'features']`. */
  axes: z.array(z.string()),
  optional: z.boolean(),
});

export const blockInformation = z.object({
  type: z.string(),
  family: z.string(),
  title: z.string(),
  summary: z.string(),
  options: jsonSchema,
  /** Options with every default filled in; options without one are missing. */
  defaults: jsonObject,
  inputs: z.array(port),
  outputs: z.array(port),
});
export type BlockInformation = z.infer<typeof blockInformation>;

export const presetInformation = z.object({
  name: z.string(),
  title: z.string(),
  summary: z.string(),
  input: z.enum(['tokens', 'image', 'frames']),
  options: jsonSchema,
  defaults: jsonObject,
  /** With its defaults. */
  graph: pipelineGraph,
});
export type PresetInformation = z.infer<typeof presetInformation>;

export const taskInformation = z.object({
  type: z.string(),
  title: z.string(),
  summary: z.string(),
  kind: z.enum(['pretext', 'supervised']),
  /** Kinds of material it can use, e.g. `text-corpus`. */
  data: z.array(z.string()),
  options: jsonSchema,
  defaults: jsonObject,
  /** What its evaluation reports, the most telling first. */
  metrics: z.array(z.string()),
  /** The metric that decides which checkpoint is best. */
  selection: z.object({ metric: z.string(), direction: z.enum(['minimise', 'maximise']) }),
  /** What a study of few labels begins with, and how its labels are counted. */
  fewLabels: z.object({
    steps: z.int(),
    batchSize: z.int(),
    learningRate: z.number(),
    budget: z.enum(['total', 'perClass']),
  }),
  /** What the labels of data are that it is suggested for. */
  labels: z.array(z.enum(labelKinds)),
  /** Whether it has frozen features and methods without a network to compare with. */
  comparesMethods: z.boolean(),
  /** Whether a linear method reads frozen features; where none does, the head alone is trained on them. */
  hasLinearProbe: z.boolean(),
  /** Whether a trained run can be asked in a demo. */
  predicts: z.boolean(),
});
export type TaskInformation = z.infer<typeof taskInformation>;

export const registryContract = {
  blocks: request('All blocks', nothing, z.array(blockInformation)),
  presets: request('All presets', nothing, z.array(presetInformation)),
  tasks: request('All tasks', nothing, z.array(taskInformation)),
  /** What `input.…` endpoints a pipeline has, by kind of input. */
  inputs: request('The endpoints of each kind of input', nothing, z.record(z.string(), z.array(port))),
};
