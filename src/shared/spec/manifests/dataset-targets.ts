/**
 * What a dataset has for each example instead of a class. The values lie in `targets.bin`: float64, little endian, a row for
 * each example; of several labels a byte each, 1 where the example has it.
 */
import { z } from 'zod';
import { formatCount } from '../../display.ts';

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
  /** These as well, as CIGAR strings: pairs of residues of related sequences, whose alignment is not always known. */
  z.strictObject({
    kind: z.literal('alignments'),
    related: z.int().min(0),
    unrelated: z.int().min(0),
    aligned: z.int().min(1),
    /** In all alignments. */
    alignedPairs: z.int().min(1),
  }),
]);
export type DatasetTargets = z.infer<typeof datasetTargets>;

/** For people. */
export function alignmentWords({
  related,
  unrelated,
  aligned,
  alignedPairs,
}: Extract<DatasetTargets, { kind: 'alignments' }>): string {
  const known = aligned === related ? '' : `, ${formatCount(aligned)} of them aligned`;
  return `${formatCount(related)} related${known} (${formatCount(alignedPairs)} aligned residues), ${formatCount(unrelated)} unrelated`;
}
