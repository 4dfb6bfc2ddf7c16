/**
 * Augmentation of images in training: which random changes are made, and how strong they are. The order is fixed: resized crop,
 * crop, flip, rotation, colour, greyscale, cut-out.
 */
import { z } from 'zod';

const strength = (value: number) => z.number().min(0).max(1).default(value);

/** The fields of augmentation; those that are not named in `defaults` are off. */
function augmentationFields(defaults: {
  readonly cropScale?: number;
  readonly horizontalFlip?: number;
  readonly brightness?: number;
  readonly contrast?: number;
  readonly saturation?: number;
  readonly hue?: number;
  readonly colourProbability?: number;
  readonly greyscale?: number;
}) {
  return {
    cropScale: z
      .number()
      .min(0.02)
      .max(1)
      .default(defaults.cropScale ?? 1)
      .describe(
        'Smallest share of the area in a crop at a random place, of a random size and a shape between 3:4 and 4:3, which is enlarged to the whole image; 1 crops nothing, 0.2 is usual for contrastive views of small images',
      ),
    cropPadding: z
      .int()
      .min(0)
      .max(1024)
      .default(0)
      .describe(
        'Pixels added on each side before a crop of the original size at a random place; 4 is usual for 32-pixel images',
      ),
    horizontalFlip: z
      .number()
      .min(0)
      .max(1)
      .default(defaults.horizontalFlip ?? 0)
      .describe('Probability of a mirrored image; leave at 0 for digits and text'),
    rotation: z.number().min(0).max(180).default(0).describe('Largest rotation to either side, in degrees'),
    brightness: strength(defaults.brightness ?? 0).describe(
      '0.2 multiplies the values by a factor between 0.8 and 1.2',
    ),
    contrast: strength(defaults.contrast ?? 0).describe(
      '0.2 multiplies the distance from the mean grey by a factor between 0.8 and 1.2',
    ),
    saturation: strength(defaults.saturation ?? 0).describe(
      '0.2 multiplies the distance from grey by a factor between 0.8 and 1.2',
    ),
    hue: z
      .number()
      .min(0)
      .max(0.5)
      .default(defaults.hue ?? 0)
      .describe('0.1 turns the colours by up to a tenth of the colour circle to either side'),
    colourProbability: strength(defaults.colourProbability ?? 1).describe(
      'Probability that brightness, contrast, saturation and hue are changed at all',
    ),
    greyscale: strength(defaults.greyscale ?? 0).describe('Probability of an image without colours'),
    cutOutSize: z
      .int()
      .min(0)
      .max(1024)
      .default(0)
      .describe('Side of a square that is covered at a random place, in pixels; 0 covers none'),
    cutOut: z.number().min(0).max(1).default(1).describe('Probability that the square is covered, where there is one'),
  };
}

/** Everything is off by default. */
export const augmentationOptions = z.strictObject(augmentationFields({}));
export type AugmentationOptions = z.infer<typeof augmentationOptions>;

/**
 * For contrastive views: SimCLR's changes at half their strength, which is what its authors take for CIFAR-10, and a larger part
 * of the image, because small images have less to crop (T. Chen et al. 2020, appendix B.9).
 */
export const viewAugmentationOptions = z.strictObject(
  augmentationFields({
    cropScale: 0.3,
    horizontalFlip: 0.5,
    brightness: 0.4,
    contrast: 0.4,
    saturation: 0.4,
    hue: 0.1,
    colourProbability: 0.8,
    greyscale: 0.2,
  }),
);
