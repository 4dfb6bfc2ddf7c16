/** Studies that other computers do: handed to a scheduler, followed, cancelled. */
import { z } from 'zod';
import { count, nothing } from './common.ts';
import { request } from './define.ts';

const schedulerOption = z.object({
  name: z.string(),
  help: z.string(),
  required: z.boolean(),
  default: z.string().nullable(),
});

const scheduler = z.object({
  name: z.string(),
  title: z.string(),
  options: z.array(schedulerOption),
  /** Why it cannot be used, such as a template that is not valid. */
  problem: z.string().nullable(),
});
export type Scheduler = z.infer<typeof scheduler>;

export const clusterCellState = z.enum(['waiting', 'running', 'lost', 'done', 'failed', 'left out']);

const clusterStudy = z.object({
  /** What it was handed to; null where it was only laid out, for a scheduler that a person asks. */
  submission: z.object({ scheduler: z.string(), jobs: z.array(z.string()), submittedAt: z.iso.datetime() }).nullable(),
  cancelled: z.boolean(),
  /** Why the scheduler does not answer. */
  problem: z.string().nullable(),
  jobs: z.object({ waiting: count, running: count, failed: count, ended: count }),
  cells: z.array(
    z.object({
      id: z.string(),
      condition: z.string(),
      arm: z.string(),
      seed: z.int(),
      state: clusterCellState,
      /** The computer that trains it. */
      host: z.string().nullable(),
      /** Why it failed. */
      message: z.string().nullable(),
    }),
  ),
});
export type ClusterStudySummary = z.infer<typeof clusterStudy>;

export const studyClusters = {
  schedulers: request('Schedulers that a study can be handed to', nothing, z.array(scheduler)),
  submit: request(
    'Hands what is left of a study to a scheduler; its runs that wait here leave the queue',
    z.strictObject({
      name: z.string(),
      scheduler: z.string(),
      options: z.record(z.string(), z.string()),
      /** Jobs at a time. */
      parallel: z.int().min(1).optional(),
      runsPerJob: z.int().min(1).optional(),
    }),
    z.object({ jobs: z.array(z.string()), open: count, warnings: z.array(z.string()) }),
  ),
  cluster: request(
    'How a study stands that other computers do; null where none does',
    z.strictObject({ name: z.string() }),
    clusterStudy.nullable(),
  ),
  cancel: request('Stops a study on other computers at checkpoints', z.strictObject({ name: z.string() }), nothing),
};
