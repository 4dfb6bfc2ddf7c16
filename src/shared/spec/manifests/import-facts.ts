/** What every import tells a person besides what it left out: how files were read, what is odd, and which labels look alike. */
import { z } from 'zod';

const count = z.int().min(0);

/** How files were read. Those that were read in the same way are counted together. */
export const readAs = z.strictObject({
  format: z.string(),
  /** Null where the format has none, or fixes it. */
  encoding: z.string().nullable(),
  /** Whether the encoding was guessed. */
  guessed: z.boolean(),
  /** Between the fields; null where there are none. */
  delimiter: z.string().nullable(),
  quote: z.enum(['double', 'none']).nullable(),
  header: z.boolean().nullable(),
  files: z.int().min(1),
  /** One of them. */
  path: z.string(),
});
export type ReadAs = z.infer<typeof readAs>;

const note = z.strictObject({ path: z.string(), line: z.int().min(1).nullable(), message: z.string() });

const namedCount = z.strictObject({ name: z.string(), count });

export const importFacts = {
  readAs: z.array(readAs).default([]),
  /** What a person should look at, though nothing was left out because of it. */
  notes: z.strictObject({ total: count, listed: z.array(note) }).default({ total: 0, listed: [] }),
  /** Classes whose names differ by case, accents, blanks, the order of their parts, or how a number is written. */
  similarLabels: z.array(z.array(namedCount)).default([]),
  /** Whether those were merged, each group into its most frequent name. */
  labelsMerged: z.boolean().default(false),
};

export type SimilarLabels = readonly (readonly z.infer<typeof namedCount>[])[];
