/** The files of a labelled text dataset, beside its manifest. */
import { z } from 'zod';

export const EXAMPLES_FILE = 'examples.jsonl';
/** Where each line of the examples starts, and where the last one ends: uint64, little endian. */
export const OFFSETS_FILE = 'examples.bin';
/** The class of each example: int32, little endian. */
export const LABELS_FILE = 'labels.bin';
/** Examples with the same text have the same number, that of the first of them: uint32, little endian. */
export const GROUPS_FILE = 'groups.bin';

export const storedExample = z.strictObject({
  text: z.string(),
  pair: z.string().optional(),
  label: z.string(),
  path: z.string(),
  line: z.int().nullable(),
});
export type StoredExample = z.infer<typeof storedExample>;
