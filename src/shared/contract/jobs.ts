/**
 * Long tasks besides runs: imports, sample projects, projections. A task is data that every window sees, so a page that is
 * reloaded finds it again.
 */
import { z } from 'zod';
import { count, failure, moment, nothing } from './common.ts';
import { request, subscription } from './define.ts';

export const job = z.object({
  id: z.string(),
  kind: z.enum([
    'import',
    'sample',
    'embeddings',
    'export',
    'prediction',
    'bundle',
    'model',
    'encoding',
    'labelling',
    'learning-rates',
  ]),
  /** E.g. `Import of reviews`. */
  title: z.string(),
  /** Whose page shows it: `run tiny-abcde`, `model minilm`, `study gains`, `bundle PATH`; null for those that a list shows. */
  of: z.string().nullable(),
  state: z.enum(['running', 'cancelling', 'done', 'failed', 'cancelled']),
  /** What is being done, e.g. `encoding`; empty before the first word of it. */
  phase: z.string(),
  /** Within the phase, in `unit`s; a total of 0 is not known. */
  done: count,
  total: count,
  unit: z.string(),
  /** Files or rows left out so far. */
  skipped: count,
  /** Null while it is not known. */
  remainingMilliseconds: z.number().nullable(),
  startedAt: moment,
  finishedAt: moment.nullable(),
  failure: failure.nullable(),
  /** The corpora and datasets that it made. */
  made: z.array(z.object({ group: z.enum(['corpus', 'dataset']), name: z.string() })),
  /** Whatever else it found, by kind: `embeddings` as in demos.ts, `export` as in exports.ts, `learning-rates` as in learning-rate-test.ts. */
  result: z.unknown().nullable(),
});
export type Job = z.infer<typeof job>;

const reference = z.strictObject({ id: z.string() });

export const jobsContract = {
  list: request('Tasks that run, and those that ended since the lab was started', nothing, z.array(job)),
  get: request('One task', reference, job),
  cancel: request('Asks a task to stop; nothing half-done is left', reference, job),
  dismiss: request('Forgets a task that has ended', reference, nothing),
  watch: subscription('Tasks that changed, at most ten times a second', nothing, z.object({ jobs: z.array(job) })),
};
