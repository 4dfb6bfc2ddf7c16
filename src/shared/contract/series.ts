/** The course of runs: lines of charts, and of the log. */
import { z } from 'zod';
import { runEvent } from '../spec/run/events.ts';
import { count, moment } from './common.ts';

export const xAxis = z.enum(['step', 'relative', 'wall']);

/** A line of a chart, decimated: at the extremes of each interval, so no spike is lost. */
export const series = z.object({
  run: z.string(),
  /** E.g. `training.loss`, `validation.accuracy`, `training.learningRate`. */
  metric: z.string(),
  steps: z.array(z.int()),
  /** Wall time of each point. */
  times: z.array(moment),
  /** Milliseconds of training up to each point: pauses and interruptions are left out. */
  relative: z.array(z.number()),
  values: z.array(z.number().nullable()),
  /** Points before decimation. */
  total: count,
  /** Indices of the points at which the run was taken up again; lines are drawn apart there. */
  restarts: z.array(count),
});
export type Series = z.infer<typeof series>;

export const seriesRequest = z.strictObject({
  ids: z.array(z.string()).min(1).max(200),
  /** All of them without it. */
  metrics: z.array(z.string()).optional(),
  maximumPoints: z.int().min(10).max(20_000).default(1000),
  /** Zoomed: between these steps, with the points next to them on either side, so that lines go on to the edges. */
  fromStep: count.optional(),
  toStep: count.optional(),
});

export const logLine = z.object({
  index: count,
  time: moment,
  step: count,
  severity: z.enum(['information', 'warning', 'error']),
  /** In words. */
  text: z.string(),
  event: runEvent,
});
