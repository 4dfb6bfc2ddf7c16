/** What the labels of a dataset say: one class, one or several numbers, any number of classes at once, a tag for each word, or how two
 * sequences are aligned. */
import { z } from 'zod';

/** More columns are not targets of one network. */
const MOST_COLUMNS = 64;

const furtherColumns = z
  .array(z.string().min(1))
  .max(MOST_COLUMNS)
  .readonly()
  .optional()
  .describe('Columns of a table beside that of the label');

export const labelFormat = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('classes') }),
  /** For regression: a number, or one in each column. */
  z.strictObject({ kind: z.literal('numbers'), furtherColumns }),
  /** For several labels at once: a list, or a column for each label that says whether it is there. */
  z.strictObject({
    kind: z.literal('several'),
    /** What stands between labels; without it a semicolon, a comma, a vertical bar or a line end. */
    separator: z.string().min(1).max(8).optional(),
    furtherColumns,
  }),
  /** For token classification: words with tags, or spans of a text. */
  z.strictObject({
    kind: z.literal('tags'),
    /** What tags that are numbers are called, from 0 on. */
    names: z.array(z.string().min(1)).min(1).readonly().optional(),
  }),
  /** For alignment: two related sequences in rows with gaps, or two that are unrelated. */
  z.strictObject({ kind: z.literal('alignments') }),
]);
export type LabelFormat = z.infer<typeof labelFormat>;

/** Labels that are not one class each. */
export type TargetFormat = Exclude<LabelFormat, { kind: 'classes' }>;

export const labelKinds = [
  'classes',
  'numbers',
  'several',
  'tags',
  'alignments',
] as const satisfies readonly LabelFormat['kind'][];
