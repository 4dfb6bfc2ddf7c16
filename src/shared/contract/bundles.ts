/** Bundles: runs and studies with all that they stand on, which come from another lab in one file. */
import { z } from 'zod';
import { count } from './common.ts';
import { request } from './define.ts';

const bundleSummary = z.object({
  subject: z.object({ kind: z.enum(['run', 'study']), name: z.string() }),
  createdAt: z.string(),
  runs: z.array(z.string()),
  materials: z.array(z.object({ group: z.enum(['corpus', 'dataset']), name: z.string(), included: z.boolean() })),
  bytes: count,
  missing: z.array(z.string()),
});
export type BundleSummary = z.infer<typeof bundleSummary>;

/** What the task of opening one ends with. */
export const openedBundle = z.object({
  subject: bundleSummary.shape.subject,
  /** Paths in the workspace that are new, and those that were there already, the same. */
  added: z.array(z.string()),
  known: z.array(z.string()),
  renamed: z.array(z.object({ from: z.string(), to: z.string() })),
  missing: z.array(z.string()),
});

export const bundlesContract = {
  look: request(
    'What is in a bundle; null for an archive of something else',
    z.strictObject({ file: z.string().min(1) }),
    z.object({ bundle: bundleSummary.nullable() }),
  ),
  open: request(
    'Starts to bring the runs, data and studies of a bundle into the workspace',
    z.strictObject({ file: z.string().min(1) }),
    z.object({ job: z.string() }),
  ),
};
