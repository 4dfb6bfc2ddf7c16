/**
 * What an import of images did, for a person: `import-report.json` in the folder. Lists are capped, totals are not; the full
 * list of what was skipped is `skipped.jsonl` beside it.
 */
import { z } from 'zod';
import { importFacts } from './import-facts.ts';

const count = z.int().min(0);

export const imageImportReport = z.strictObject({
  formatVersion: z.literal(1),
  kind: z.literal('image-import-report'),
  name: z.string(),
  source: z.string(),
  images: count,
  seconds: z.number().min(0),
  /** Files left out, duplicates included. */
  skipped: z.strictObject({
    total: count,
    byReason: z.record(z.string(), count),
    listed: z.array(z.strictObject({ path: z.string(), reason: z.string(), message: z.string() })),
  }),
  /** Files whose names did not say image, by extension. */
  ignored: z.strictObject({ total: count, byExtension: z.record(z.string(), count) }),
  /** Files by the format their content has. */
  formats: z.record(z.string(), count),
  /** Originals smaller than the stored size, which were enlarged: their details are interpolated. */
  enlarged: count,
  /** Animations and files of several pages, of which the first picture was taken. */
  firstFrameOnly: count,
  exactDuplicates: z.strictObject({
    total: count,
    dropped: count,
    /** The same bytes under two labels: both were kept, in one group. */
    labelConflicts: count,
    listed: z.array(z.strictObject({ path: z.string(), sameAs: z.string() })),
  }),
  nearDuplicates: z.strictObject({
    groups: count,
    images: count,
    /** Groups whose images have different labels: look at these, one of the labels may be wrong. */
    groupsAcrossClasses: count,
    /** Some images look like so many others that not every pair was compared. */
    incomplete: z.boolean(),
    listed: z.array(z.array(z.string())),
  }),
  classes: z.array(z.strictObject({ name: z.string(), images: count })).nullable(),
  ...importFacts,
});
export type ImageImportReport = z.infer<typeof imageImportReport>;
