/** Models of others: brought in, looked at, and what has come of them. */
import { z } from 'zod';
import { nameSpec } from '../spec/experiment/v2.ts';
import { imagePreprocessing, modelHead, modelInput, modelManifest } from '../spec/manifests/model.ts';
import { modelSettings } from '../spec/model-settings.ts';
import { count, jsonSchema, nothing } from './common.ts';
import { request } from './define.ts';
import { blockPart } from './pipelines.ts';

export const modelSummary = z.object({
  name: z.string(),
  family: z.string(),
  title: z.string(),
  createdAt: z.string(),
  /** The kind of its input. */
  reads: z.enum(['tokens', 'image', 'frames']),
  parameters: count,
  /** Tasks that its heads answer at once. */
  heads: z.array(z.string()),
  licence: z.string().nullable(),
  contentHash: z.string(),
  /** Runs that begin with its weights or read with its tokenizer. */
  runs: count,
});
export type ModelSummary = z.infer<typeof modelSummary>;

const layer = z.object({ name: z.string(), shape: z.array(count), parameters: count });

export const modelDetails = modelSummary.extend({
  folder: z.string(),
  bytes: count,
  source: modelManifest.shape.source,
  input: modelInput,
  preprocessing: imagePreprocessing.nullable(),
  headDetails: z.array(modelHead),
  hasTokenizer: z.boolean(),
  notes: z.array(z.string()),
  /** The weights in the order of the file: those of the backbone, then those of the heads. */
  layers: z.array(layer),
  /** Its card as its makers wrote it; null where none came along. */
  card: z.string().nullable(),
  usedBy: z.object({ runs: z.array(z.object({ id: z.string(), name: z.string() })), studies: z.array(z.string()) }),
});
export type ModelDetails = z.infer<typeof modelDetails>;

export const modelPreview = z.object({
  family: z.string(),
  title: z.string(),
  facts: z.array(z.tuple([z.string(), z.string()])),
  parameters: count,
  input: modelInput,
  preprocessing: imagePreprocessing.nullable(),
  heads: z.array(modelHead),
  hasTokenizer: z.boolean(),
  /** What should be there and is not, for a person. */
  missing: z.array(z.string()),
  notes: z.array(z.string()),
  suggestedName: z.string(),
});
export type ModelPreviewSummary = z.infer<typeof modelPreview>;

export const hubPlan = z.object({
  model: z.string(),
  commit: z.string(),
  licence: z.string().nullable(),
  files: z.array(z.object({ name: z.string(), bytes: count })),
  bytes: count,
  /** Files of the repository that an import does not need. */
  unneeded: count,
  suggestedName: z.string(),
});
export type HubPlan = z.infer<typeof hubPlan>;

const hubReference = { model: z.string().min(1).max(300), revision: z.string().min(1).max(200).default('main') };

/** A thing that weights or data come from, or go to. Runs of one experiment are one node, and those of a study with the same origins. */
export const lineageNode = z.object({
  id: z.string(),
  kind: z.enum(['corpus', 'dataset', 'model', 'run', 'study', 'sweep', 'export']),
  title: z.string(),
  note: z.string(),
  /** Of a node of runs: all of them, oldest first. Of an export: the run that was exported, unless it was a model. */
  runs: z.array(z.string()),
  /** Of a node of several runs: what finds them in the list of runs; empty for others. */
  search: z.string(),
});
export type LineageNode = z.infer<typeof lineageNode>;

export const lineage = z.object({
  nodes: z.array(lineageNode),
  edges: z.array(z.object({ from: z.string(), to: z.string(), what: z.enum(['data', 'weights', 'results']) })),
  /** Experiments that neither begin with weights nor gave any, and are of no study, which are left out. */
  alone: count,
});
export type Lineage = z.infer<typeof lineage>;

const reference = z.strictObject({ name: z.string().min(1) });

export const modelsContract = {
  list: request(
    'Imported models by name',
    nothing,
    z.object({
      models: z.array(modelSummary),
      damaged: z.array(z.object({ folder: z.string(), message: z.string() })),
    }),
  ),
  get: request('All about one', reference, modelDetails),
  preview: request(
    'What an import of a folder or file would bring; nothing is written',
    z.strictObject({ path: z.string().min(1), settings: modelSettings.optional() }),
    modelPreview,
  ),
  settings: request('Schema of what a person may say of a model that is imported', nothing, jsonSchema),
  layers: request(
    'The steps of an ONNX network, on which its head can be put; null for other models',
    z.strictObject({ path: z.string().min(1) }),
    z.object({ suggested: z.string(), parts: z.array(blockPart) }).nullable(),
  ),
  import: request(
    'Starts an import; the task ends with the name as its result',
    z.strictObject({ path: z.string().min(1), name: nameSpec, settings: modelSettings.optional() }),
    z.object({ job: z.string() }),
  ),
  hub: request('What a download from the Hugging Face hub would bring', z.strictObject(hubReference), hubPlan),
  download: request(
    'Starts a download from the hub with the import of what it brings; the task ends with the name as its result',
    z.strictObject({ ...hubReference, name: nameSpec }),
    z.object({ job: z.string() }),
  ),
  lineage: request('Which data and weights went where, and what came of them', nothing, lineage),
  delete: request(
    'Deletes; `restore` brings it back until the lab is closed. Refused while a run needs it',
    reference,
    z.object({ undo: z.string() }),
  ),
  restore: request('Brings back what was deleted', z.strictObject({ undo: z.string() }), reference),
};
