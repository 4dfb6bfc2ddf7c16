/** `jobs.json` in the work folder of a study: what was handed to a scheduler last, and how to ask about it. */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { textOf } from '../../files/file-exists.ts';
import { sealJson, unsealJson } from '../../files/sealed-json.ts';
import type { WorkFolder } from '../../workspace/work-folder.ts';
import { schedulerTemplate } from './scheduler-template.ts';

const submission = z.object({
  formatVersion: z.literal(1),
  scheduler: z.string(),
  /** As it was then: jobs are asked about in the way in which they were submitted. */
  template: schedulerTemplate,
  options: z.record(z.string(), z.string()),
  submittedAt: z.iso.datetime(),
  /** Elements in all, and how many at a time. */
  count: z.int().min(1),
  parallel: z.int().min(1),
  jobs: z.array(z.object({ job: z.string(), first: z.int(), last: z.int(), offset: z.int(), host: z.string() })),
});
export type Submission = z.output<typeof submission>;

/** Undefined where nothing was submitted. Throws `LabError('corrupt')`. */
export async function readSubmission({ jobs }: WorkFolder): Promise<Submission | undefined> {
  const text = await textOf(jobs);
  if (text === undefined) return undefined;
  const parsed = submission.safeParse(unsealJson(jobs, text));
  if (parsed.success) return parsed.data;
  throw new LabError('corrupt', `${jobs} is damaged: ${z.prettifyError(parsed.error)}`, { jobs }, parsed.error);
}

/** Replaces the file as a whole, sealed with its checksum. */
export async function writeSubmission({ jobs }: WorkFolder, content: Submission): Promise<void> {
  await replaceFile(jobs, sealJson(content));
}
