/** What a person may say about a model when it is imported, because its files do not say it. */
import { z } from 'zod';
import { imageFit } from './manifests/image-corpus.ts';

const side = z.int().min(1).max(16384);
/** Of one channel or of three, red, green and blue in this order, of pixels from 0 to 1. */
const ofChannels = z.array(z.number().min(0).max(1)).min(1).max(3);

export const modelSettings = z
  .strictObject({
    layer: z.string().min(1).optional().describe('Of an ONNX network: the value that the head is put on'),
    labels: z.array(z.string().min(1)).min(2).optional().describe('Names of its classes, in the order of its outputs'),
    height: side.optional().describe('Rows of the images that it reads'),
    width: side.optional().describe('Columns of the images that it reads'),
    fit: imageFit.optional().describe('How images of other proportions are fitted into the size'),
    resizeShorter: side.optional().describe('With fit center-crop: the shorter side before the crop'),
    mean: ofChannels.optional().describe('Subtracted from pixels from 0 to 1: red, green, blue'),
    std: ofChannels.optional().describe('What pixels are divided by then'),
    channelOrder: z.enum(['rgb', 'bgr']).optional().describe('The order in which its first layer reads colours'),
  })
  .refine(({ height, width }) => (height === undefined) === (width === undefined), {
    path: ['height'],
    message: 'give height and width together',
  });
export type ModelSettings = z.infer<typeof modelSettings>;
