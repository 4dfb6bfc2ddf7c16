/**
 * Augmentation of images in training: which random changes are made, and how strong they are. Everything is off by default.
 * The order is fixed: crop, flip, rotation, colour, cut-out.
 */
import { z } from 'zod';

const strength = z.number().min(0).max(1).default(0);

export const augmentationOptions = z.strictObject({
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
    .default(0)
    .describe('Probability of a mirrored image; leave at 0 for digits and text'),
  rotation: z.number().min(0).max(180).default(0).describe('Largest rotation to either side, in degrees'),
  brightness: strength.describe('0.2 multiplies the values by a factor between 0.8 and 1.2'),
  contrast: strength.describe('0.2 multiplies the distance from the mean grey by a factor between 0.8 and 1.2'),
  saturation: strength.describe('0.2 multiplies the distance from grey by a factor between 0.8 and 1.2'),
  cutOutSize: z
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .describe('Side of a square that is covered at a random place, in pixels; 0 covers none'),
  cutOut: z.number().min(0).max(1).default(1).describe('Probability that the square is covered, where there is one'),
});
export type AugmentationOptions = z.infer<typeof augmentationOptions>;
