/**
 * How images are brought into the lab: the options of `corpus import` and `dataset import` for image material, with the
 * reasons for their defaults. Forms and the command line's help are derived from here.
 */
import { z } from 'zod';
import { imageChannels, imageFit } from './manifests/image-corpus.ts';

const side = z.int().min(4).max(16384);

export const imageImportOptions = z
  .strictObject({
    size: z
      .union([side, z.strictObject({ height: side, width: side })])
      .default(64)
      .describe('Height and width of the stored images, in pixels'),
    fit: imageFit.default('cover').describe('How images of other proportions are fitted into the size'),
    resizeShorter: side
      .optional()
      .describe('With fit center-crop: the shorter side before the crop; by default size ÷ 0.875, as in 256 → 224'),
    channels: imageChannels.default(3).describe('3 for colour (sRGB), 1 for grey'),
    background: z
      .string()
      .regex(/^#[0-9a-fA-F]{6}$/)
      .default('#ffffff')
      .describe('Colour behind transparent pixels and beside contained images, as #rrggbb'),
    minimumSide: z
      .int()
      .min(1)
      .default(8)
      .describe('Images with a side of fewer pixels are skipped: they are icons or trackers'),
    maximumPixels: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .default(100_000_000)
      .describe('Images that claim more pixels are skipped before decoding: they could fill the memory'),
    failOn: z
      .enum(['warning', 'error', 'truncated', 'none'])
      .default('warning')
      .describe('The mildest fault for which a file is skipped'),
    exactDuplicates: z
      .enum(['drop', 'keep'])
      .default('drop')
      .describe('Files with the same bytes (and label): keep the first one only, or all of them'),
    mergeLabels: z
      .boolean()
      .default(false)
      .describe('Merge classes whose names differ by case, accents, blanks or the way a number is written'),
    nearDistance: z
      .int()
      .min(0)
      .max(11)
      .default(7)
      .describe(
        'Pictures whose 64-bit perceptual hashes differ in at most this many bits are compared as near duplicates',
      ),
  })
  .refine((options) => options.resizeShorter === undefined || options.fit === 'center-crop', {
    path: ['resizeShorter'],
    message: 'only has a meaning with fit: center-crop',
  })
  .refine((options) => options.resizeShorter === undefined || options.resizeShorter >= longerSide(options.size), {
    path: ['resizeShorter'],
    message: 'must be at least the size that is cut out',
  });

export type ImageImportOptions = z.infer<typeof imageImportOptions>;
/** The options as a person writes them: everything has a default. */
export type ImageImportOptionsInput = z.input<typeof imageImportOptions>;

function longerSide(size: number | { readonly height: number; readonly width: number }): number {
  return typeof size === 'number' ? size : Math.max(size.height, size.width);
}
