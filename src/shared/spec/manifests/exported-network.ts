/** What `model.json` beside exported weights says of their network: all that another lab needs to build it again. */
import { z } from 'zod';
import { storedPipeline } from '../pipeline.ts';
import { imagePreprocessing, modelHead, modelInput } from './model.ts';

export const exportedNetwork = z.looseObject({
  formatVersion: z.literal(1),
  name: z.string().min(1),
  pipeline: storedPipeline,
  input: modelInput,
  /** Null where it has none, or one that answers what a head of an imported model cannot: numbers, several labels, tags, speech. */
  head: modelHead.nullable(),
  /** How pictures become what the network reads; null where it reads none. */
  images: imagePreprocessing.nullable(),
});
export type ExportedNetwork = z.input<typeof exportedNetwork>;
