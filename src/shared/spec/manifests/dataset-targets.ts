/**
 * What a dataset has for each example instead of a class. The values lie in `targets.bin`: float64, little endian, a row for
 * each example; of several labels a byte each, 1 where the example has it.
 */
import { z } from 'zod';

export const datasetTargets = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('numbers'),
    targets: z
      .array(z.strictObject({ name: z.string().min(1), minimum: z.number(), maximum: z.number(), mean: z.number() }))
      .min(1),
  }),
  z.strictObject({
    kind: z.literal('several'),
    labels: z.array(z.strictObject({ name: z.string().min(1), examples: z.int().min(1) })).min(1),
  }),
  /** These are in the examples themselves: words and tags, each apart by blanks. */
  z.strictObject({
    kind: z.literal('tags'),
    tags: z.array(z.strictObject({ name: z.string().min(1), words: z.int().min(1) })).min(2),
  }),
]);
export type DatasetTargets = z.infer<typeof datasetTargets>;
