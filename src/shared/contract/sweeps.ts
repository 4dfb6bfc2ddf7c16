/** Sweeps: trials of settings on the validation split, queued like any runs. */
import { z } from 'zod';
import { fieldScale, sweepResult } from '../spec/sweep.ts';
import { count, jsonObject, nothing, problem } from './common.ts';
import { request } from './define.ts';
import { damagedWork, deletions } from './deletions.ts';
import { runState } from './runs.ts';

const sweepListing = z.object({
  name: z.string(),
  notes: z.string(),
  method: sweepResult.shape.method,
  metric: z.string(),
  fields: z.array(z.string()),
  /** Trainings that are over, and all there will be. */
  done: count,
  trainings: count,
  /** The best so far; null before one has finished. */
  best: z.object({ trial: z.int(), value: z.number(), settings: jsonObject }).nullable(),
});

const sweepSummary = z.object({
  name: z.string(),
  notes: z.string(),
  /** Runs that are there, those under way too. */
  runs: z.array(z.object({ id: z.string(), trial: z.int(), rung: z.int(), state: runState })),
  done: count,
  trainings: count,
  /** Of all trainings to come, one after the other; null before the first has finished. */
  remainingSeconds: z.number().nullable(),
  /** Trainings that nothing is under way for and that are not over: `resume` goes on with them. */
  halted: count,
  result: sweepResult,
});
export type SweepSummary = z.infer<typeof sweepSummary>;

const sweepPlan = z.object({
  method: sweepResult.shape.method,
  metric: z.string(),
  fields: z.array(fieldScale),
  rungs: sweepResult.shape.rungs,
  trials: z.array(jsonObject),
  trainings: count,
  /** All trainings compared with one of the experiment as it stands, by their steps; null where it says epochs. */
  effort: z.number().nullable(),
});

const named = z.strictObject({ name: z.string() });

export const sweepsContract = {
  ...deletions('sweep'),
  list: request(
    'Sweeps by name, and those that cannot be read',
    nothing,
    z.object({ sweeps: z.array(sweepListing), damaged: z.array(damagedWork) }),
  ),
  plan: request(
    'Checks a sweep and says what it would try',
    z.strictObject({ spec: jsonObject }),
    z.object({ plan: sweepPlan.nullable(), problems: z.array(problem) }),
  ),
  create: request(
    'Queues the trials of a sweep; those that are finished already are not trained again. Later rungs are queued when one is over',
    z.strictObject({ spec: jsonObject }),
    sweepSummary,
  ),
  get: request('One sweep', named, sweepSummary),
  resume: request('Queues what was stopped, has failed or is missing', named, sweepSummary),
  advance: request(
    'Queues the next rung of every sweep that has come to the end of one; what was stopped stays stopped',
    nothing,
    z.object({ queued: count }),
  ),
  winner: request(
    'The experiment that won, or that of another trial',
    z.strictObject({ name: z.string(), trial: z.int().min(1).optional() }),
    z.object({ spec: jsonObject }),
  ),
};
