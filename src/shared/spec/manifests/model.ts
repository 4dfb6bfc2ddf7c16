/** The manifest of an imported model: `manifest.json` in `models/<name>/` of a workspace, beside its weights and tokenizer. */
import { z } from 'zod';
import { nameSpec } from '../experiment/v2.ts';
import { storedPipeline } from '../pipeline.ts';
import { channelStatistics, imageChannels, imageFit } from './image-corpus.ts';

export const MODEL_VERSION = 1;

const count = z.int().min(0);
const size = z.int().min(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** How a picture becomes what the network was trained on. The network itself normalises with the statistics. */
export const imagePreprocessing = z.strictObject({
  height: size.max(16384),
  width: size.max(16384),
  channels: imageChannels,
  fit: imageFit,
  /** The shorter side before the crop, in pixels; only for `center-crop`. */
  resizeShorter: size.nullable(),
  statistics: channelStatistics,
  /** Of the weights as they came; they are stored for RGB. */
  channelOrder: z.enum(['rgb', 'bgr']),
});
export type ImagePreprocessing = z.infer<typeof imagePreprocessing>;

/** What the network reads. Text may be shorter than `length`, images are brought to the size. */
export const modelInput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tokens'), length: size, vocabularySize: size }),
  z.strictObject({ kind: z.literal('image'), height: size, width: size, channels: size }),
  z.strictObject({ kind: z.literal('frames'), length: size, features: size }),
]);

/** A head that came along: a task of the lab that it answers at once. */
export const modelHead = z.strictObject({
  /** The type of task, e.g. `masked-words`. */
  task: z.string().min(1),
  title: z.string().min(1),
  /** Of the task, as far as the head decides them. */
  options: z.record(z.string(), z.unknown()),
  /** Of classification: the names of the classes in the order of the outputs. */
  labels: z.array(z.string()).min(1).optional(),
});
export type ModelHead = z.infer<typeof modelHead>;

const sourceFile = z.strictObject({ name: z.string().min(1), bytes: count, sha256 });

export const modelManifest = z.strictObject({
  formatVersion: z.literal(MODEL_VERSION),
  kind: z.literal('model'),
  name: nameSpec,
  createdAt: z.iso.datetime(),
  /** The family's name, e.g. `bert`. */
  family: z.string().min(1),
  /** E.g. 'BERT, 6 layers of 384 features'. */
  title: z.string().min(1),
  source: z.strictObject({
    /** What the person named, or the address that it was loaded from. */
    path: z.string().min(1),
    /** Of the hub: which state of the repository. */
    revision: z.string().min(1).optional(),
    licence: z.string().min(1).nullable(),
    /** The files that were read, as they came. */
    files: z.array(sourceFile).min(1),
  }),
  input: modelInput,
  pipeline: storedPipeline,
  heads: z.array(modelHead),
  preprocessing: imagePreprocessing.nullable(),
  /** Weights of the backbone and of all heads together. */
  parameters: size,
  tensors: size,
  /** Of the tokenizer.json beside it. */
  tokenizerHash: sha256.nullable(),
  /** SHA-256 of the weights as they are stored. */
  weightsHash: sha256,
  /** SHA-256 over the weights, the pipeline, the heads and the tokenizer: the model's identity. */
  contentHash: sha256,
  /** What a person should know, e.g. what of the source was not taken over. */
  notes: z.array(z.string()),
});
export type ModelManifest = z.infer<typeof modelManifest>;
