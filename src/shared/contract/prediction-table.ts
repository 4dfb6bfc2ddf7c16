/** What a classifier answered to each example of its test split, with the example. */
import { z } from 'zod';
import { count, page } from './common.ts';
import { materialItem } from './materials.ts';

export const predictionTableInput = z.strictObject({
  id: z.string().min(1),
  sort: z.enum(['loss', 'actual', 'predicted', 'example']).default('loss'),
  descending: z.boolean().default(true),
  /** Wrong answers alone. */
  errorsOnly: z.boolean().default(false),
  actual: z.string().optional(),
  predicted: z.string().optional(),
  ...page,
  pictureSize: z.int().min(8).max(512).default(96),
});
export type PredictionTableInput = z.output<typeof predictionTableInput>;

export const predictionTable = z.object({
  /** Of the rows that were asked for, and of all that are wrong. */
  total: count,
  errors: count,
  /** The dataset, where its examples are still there. */
  data: z.string(),
  rows: z.array(
    z.object({
      actual: z.string(),
      predicted: z.string(),
      /** Negative log likelihood of the true class in nats; null where it is not known. */
      loss: z.number().nullable(),
      /** The example as it is now, with its label of now; null where it was dropped since. */
      item: materialItem.nullable(),
    }),
  ),
  /** Why there is no table; null where there is one. */
  problem: z.string().nullable(),
});
export type PredictionTable = z.output<typeof predictionTable>;
