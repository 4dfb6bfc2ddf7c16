/** What a network reads of images, where that is something else than they are stored with. */
import { z } from 'zod';
import { imageChannels, imageFit } from './manifests/image-corpus.ts';

const side = z.int().min(1).max(16384);

/** Stored pixels are brought to this before anything else is done to them, in the batches as in predictions. */
export const networkImages = z.strictObject({
  height: side,
  width: side,
  channels: imageChannels.optional().describe('3 for colour, 1 for grey; by default as stored'),
  fit: imageFit.default('stretch').describe('How images of other proportions are fitted into the size'),
  resizeShorter: side.nullable().default(null).describe('With fit center-crop: the shorter side before the crop'),
});
export type NetworkImages = z.infer<typeof networkImages>;

export const imagesSpec = z
  .union([z.enum(['model', 'stored']), networkImages])
  .describe(
    'What the network reads of images. model: what the imported model was trained on, the default with one. stored: as they were imported. Or a size',
  );

/** Of a resolved experiment: undefined where the network reads what is stored. */
export function networkImagesOf({ images }: { readonly images?: z.infer<typeof imagesSpec> | undefined }) {
  return typeof images === 'object' ? images : undefined;
}
