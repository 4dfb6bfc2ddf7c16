/**
 * A study: one question, answered by a grid of runs. Every condition (a label budget, say) is run for every arm
 * (pretrained, from scratch) and seed; arms that share a condition and a seed share splits and labels, so that their
 * difference is the transfer gain, with the luck of the draw cancelled.
 */
import { z } from 'zod';
import { nameSpec } from './experiment/v1.ts';

const settings = z
  .record(z.string(), z.unknown())
  .default({})
  .describe("Settings of the experiment by dotted path, as with 'pretext run --set', e.g. {from.run: my-pretraining}");

const armSpec = z.strictObject({ name: nameSpec, settings });

export const studySpec = z
  .strictObject({
    $schema: z.string().optional(),
    version: z.literal(1).default(1).describe('Version of this format'),
    name: nameSpec,
    notes: z.string().optional().describe('The question'),
    experiment: z
      .record(z.string(), z.unknown())
      .describe('What all runs have in common: an experiment without a name'),
    arms: z.array(armSpec).min(2).describe('What is compared. The last one is what the others are measured against'),
    conditions: z
      .array(armSpec)
      .min(1)
      .default([{ name: 'all', settings: {} }])
      .describe('Under which the arms are compared, e.g. label budgets'),
    seeds: z
      .array(z.int().min(0))
      .min(1)
      .default([1, 2, 3])
      .describe('Each decides initial weights, and splits and labels too'),
    metric: z
      .string()
      .optional()
      .describe('What is compared; by default the metric that the task selects checkpoints by'),
  })
  .describe('A study of Pretext Lab');

export type Study = z.output<typeof studySpec>;

const interval = z.object({ low: z.number(), high: z.number(), confidence: z.number() }).nullable();

export const studyResult = z.object({
  formatVersion: z.literal(1),
  name: z.string(),
  metric: z.string(),
  direction: z.enum(['minimise', 'maximise']),
  /** One for each run, in the order of conditions, arms and seeds. */
  runs: z.array(
    z.object({
      condition: z.string(),
      arm: z.string(),
      seed: z.int(),
      run: z.string(),
      value: z.number(),
      split: z.enum(['test', 'validation']),
    }),
  ),
  /** Of the task's baselines, the mean over the seeds. */
  baselines: z.array(z.object({ condition: z.string(), name: z.string(), mean: z.number(), interval })),
  arms: z.array(z.object({ condition: z.string(), arm: z.string(), mean: z.number(), interval })),
  /** value(arm) − value(reference), paired by seed; for a metric to minimise, the other way round, so that more is better. */
  gains: z.array(
    z.object({
      condition: z.string(),
      arm: z.string(),
      reference: z.string(),
      gain: z.number(),
      interval,
      pValue: z.number().nullable(),
    }),
  ),
});

export type StudyResult = z.output<typeof studyResult>;
