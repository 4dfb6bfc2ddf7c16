/** Bundles: runs, studies and models with all that they stand on, which go from lab to lab in one file. */
import { z } from 'zod';
import { count } from './common.ts';
import { request } from './define.ts';

export const bundleSubject = z.object({ kind: z.enum(['run', 'study', 'model']), name: z.string().min(1) });
export type BundleSubject = z.infer<typeof bundleSubject>;

const bundleSummary = z.object({
  subject: bundleSubject,
  createdAt: z.string(),
  runs: z.array(z.string()),
  models: z.array(z.string()),
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

/** What the task of writing one ends with. */
export const writtenBundle = z.object({
  file: z.string(),
  bytes: count,
  missing: z.array(z.string()),
});

/** What the task of verifying one ends with: what was recorded beside what is found. */
export const verifiedBundle = z.object({
  /** Files whose checksums are right: all, or the bundle is refused. */
  files: count,
  rows: z.array(
    z.object({
      /** The run, or the model. */
      run: z.string(),
      what: z.string(),
      recorded: z.union([z.number(), z.string()]).nullable(),
      found: z.union([z.number(), z.string()]).nullable(),
      agreement: z.enum(['same bits', 'same number', 'different', 'not checked']),
      reason: z.string().optional(),
    }),
  ),
  /** What is another on this machine than where it was made. */
  differences: z.array(z.object({ what: z.string(), there: z.string(), here: z.string() })),
  missing: z.array(z.string()),
});
export type VerifiedBundle = z.infer<typeof verifiedBundle>;

export const bundlesContract = {
  create: request(
    'Starts to write a run, a study or a model with all that it stands on as one .zip file on the machine of the lab; the task ends with `writtenBundle`',
    z.strictObject({
      of: bundleSubject,
      /** Must not be there yet; a relative one begins at the folder of the workspace. */
      file: z.string().min(1),
      data: z.enum(['include', 'hashes']).default('include'),
    }),
    z.object({ job: z.string() }),
  ),
  verify: request(
    'Starts to check a bundle: checksums, models, evaluations and, where it is wanted, trainings; the task ends with `verifiedBundle`',
    z.strictObject({ file: z.string().min(1), train: z.boolean().default(false) }),
    z.object({ job: z.string() }),
  ),
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
