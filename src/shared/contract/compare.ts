/** Comparing runs: lines with groups as mean and band, what differs, paired differences, exports. */
import { z } from 'zod';
import { count, interval } from './common.ts';
import { request } from './define.ts';
import { fieldPath, run } from './runs.ts';
import { series, seriesRequest, xAxis } from './series.ts';

const ids = z.array(z.string().min(1)).min(1).max(200);
const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const direction = z.enum(['minimise', 'maximise']);

/** A group of runs as one line: the mean, and a band from the least to the largest or of one standard deviation. */
export const band = z.object({
  key: z.array(value),
  runs: z.array(z.string()),
  metric: z.string(),
  /** Steps, milliseconds or moments, by the axis that was asked for. */
  x: z.array(z.number()),
  mean: z.array(z.number().nullable()),
  low: z.array(z.number().nullable()),
  high: z.array(z.number().nullable()),
  /** Runs that the mean is of, at each point. */
  count: z.array(count),
});
export type Band = z.infer<typeof band>;

const comparison = z.object({
  count,
  difference: z.number(),
  standardError: z.number().nullable(),
  interval: interval.nullable(),
  pValue: z.number().nullable(),
});

export const comparedRuns = z.object({
  runs: z.array(run),
  /** Fields of the specs that are not the same in all runs, with a value for each run. */
  differences: z.array(z.object({ field: fieldPath, title: z.string(), values: z.array(value) })),
  /** How many fields are the same in all. */
  same: count,
  /** Results by metric, with a value for each run; `best` is the index of the first of the best ones. */
  results: z.array(
    z.object({
      metric: z.string(),
      direction: direction.nullable(),
      values: z.array(z.number().nullable()),
      best: count.nullable(),
    }),
  ),
});
export type ComparedRuns = z.infer<typeof comparedRuns>;

export const pairedComparison = z.object({
  metric: z.string(),
  direction: direction.nullable(),
  /** Runs of both sides that share data, labels, seed and split seed. */
  pairs: z.array(
    z.object({
      first: z.string(),
      second: z.string(),
      seed: z.int(),
      splitSeed: z.int(),
      values: z.tuple([z.number(), z.number()]),
    }),
  ),
  /** Runs without a partner, and why. */
  unpaired: z.array(z.object({ run: z.string(), reason: z.string() })),
  /** First minus second, over seeds: pairs of one seed at several label budgets are averaged first. Null without pairs. */
  paired: comparison.nullable(),
  /** All runs of both sides as independent samples (Welch), for when there are no pairs. */
  independent: comparison.nullable(),
  /** The answers of one pair on the same test examples (McNemar's exact test). */
  answers: z
    .object({
      bothRight: count,
      onlyFirstRight: count,
      onlySecondRight: count,
      bothWrong: count,
      difference: z.number(),
      pValue: z.number(),
    })
    .nullable(),
});
export type PairedComparison = z.infer<typeof pairedComparison>;

export const compareContract = {
  table: request(
    'What differs between runs in their specs and in their results',
    z.strictObject({ ids }),
    comparedRuns,
  ),
  series: request(
    'Lines of many runs; with `groupBy` also a line with a band for each group',
    seriesRequest.extend({
      groupBy: z.array(fieldPath).max(4).default([]),
      /** Of the bands. */
      x: xAxis.default('step'),
      band: z.enum(['range', 'deviation']).default('range'),
    }),
    z.object({ series: z.array(series), bands: z.array(band) }),
  ),
  paired: request(
    'The difference between two sets of runs, paired by seed and split',
    z.strictObject({ first: ids, second: ids, metric: z.string(), confidence: z.number().gt(0.5).lt(1).default(0.95) }),
    pairedComparison,
  ),
  report: request(
    'A page that stands alone: charts, tables and notes, with nothing loaded from elsewhere',
    z.strictObject({
      ids,
      title: z.string().max(200).default('Comparison of runs'),
      notes: z.string().max(100_000).default(''),
      metrics: z.array(z.string()).optional(),
    }),
    z.object({ fileName: z.string(), html: z.string() }),
  ),
  csv: request(
    'Results (a row for each run) or series (a row for each point) as CSV',
    z.strictObject({ ids, content: z.enum(['results', 'series']), metrics: z.array(z.string()).optional() }),
    z.object({ fileName: z.string(), text: z.string() }),
  ),
};
