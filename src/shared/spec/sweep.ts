/**
 * A sweep: an experiment, and values to try for any of its settings. Every trial is a run on the validation split alone; the best one
 * is an experiment again.
 */
import { z } from 'zod';
import { nameSpec } from './experiment/v2.ts';

/** Trials of a sweep, and combinations of a grid. */
export const mostTrials = 1000;

export const valueRange = z.strictObject({
  from: z.number().describe('The least value'),
  to: z.number().describe('The largest value'),
  scale: z
    .enum(['linear', 'log'])
    .default('linear')
    .describe('Log: as many values between 0.001 and 0.01 as between 0.01 and 0.1, as learning rates want it'),
  points: z
    .int()
    .min(2)
    .max(mostTrials)
    .optional()
    .describe('With a grid: how many values, both ends included, evenly spaced on the scale'),
});

const sweptField = z.union([
  z.array(z.unknown()).min(1).describe('The values to try'),
  valueRange.describe('A range of numbers; whole ones where the setting takes no others'),
]);
export type SweptField = z.output<typeof sweptField>;

export const sweepOptions = z
  .strictObject({
    method: z
      .enum(['grid', 'random', 'halving'])
      .default('random')
      .describe(
        'Grid: all combinations. Random: values are drawn for each trial. Halving (successive halving, Jamieson and Talwalkar 2016): as random, but all trials are short at first, and only the best go on to longer trainings',
      ),
    fields: z
      .record(z.string().min(1), sweptField)
      .describe(
        'Settings of the experiment by dotted path, each with a list of values or a range, e.g. {training.learningRate: {from: 1e-4, to: 1e-2, scale: log}, training.batchSize: [8, 16]}',
      ),
    trials: z
      .int()
      .min(1)
      .max(mostTrials)
      .optional()
      .describe('How many combinations are drawn, no two alike; with random and halving, 20 unless it is said'),
    seed: z
      .int()
      .min(0)
      .max(Number.MAX_SAFE_INTEGER)
      .default(0)
      .describe(
        "Decides what is drawn; the trainings have the experiment's own seed. More trials begin with the same ones",
      ),
    rungs: z
      .array(z.int().positive())
      .min(2)
      .optional()
      .describe(
        "With halving: steps of the trainings on each rung, growing, e.g. [100, 300, 900]. By default three that end with the experiment's own steps, each the reduction factor longer than the one before",
      ),
    reductionFactor: z
      .int()
      .min(2)
      .optional()
      .describe('With halving: one trial in so many goes on to the next rung (η, by default 3)'),
    metric: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Trials are compared by this metric of the validation split; by default the one that selects checkpoints',
      ),
  })
  .describe('What is tried');

export const sweepSpec = z.looseObject({
  name: nameSpec,
  notes: z.string().optional(),
  sweep: sweepOptions,
});

export type SweepOptions = z.output<typeof sweepOptions>;

/** How one trial went. */
const trialResult = z.object({
  number: z.int().min(1),
  /** By dotted path. */
  settings: z.record(z.string(), z.unknown()),
  /** Of the rungs it has come to, the first first: its run and the metric there; no value where the training diverged. */
  rungs: z.array(z.object({ run: z.string(), value: z.number().nullable() })),
});
export type TrialResult = z.infer<typeof trialResult>;

/** A field as charts and the measure of importance place its values: those of a list in their order, or a range. */
export const fieldScale = z.object({
  path: z.string(),
  values: z.array(z.unknown()).optional(),
  range: z.object({ from: z.number(), to: z.number(), scale: z.enum(['linear', 'log']) }).optional(),
});
export type FieldScale = z.infer<typeof fieldScale>;

export const fieldImportance = z.object({
  /** Trials that it was measured on. */
  trials: z.int(),
  /** Of the variance of unseen trials, the share that the forest foretells. */
  foretold: z.number().nullable(),
  /** Of the variance of the metric over all settings, the share of each field alone; null where nothing can be told. */
  fields: z.array(z.object({ path: z.string(), share: z.number() })).nullable(),
  /** What several fields do together. */
  interactions: z.number().nullable(),
  /** The same in a sentence, or why nothing can be told. */
  sentence: z.string(),
});
export type FieldImportance = z.infer<typeof fieldImportance>;

export const sweepResult = z.object({
  formatVersion: z.literal(1),
  name: z.string(),
  method: sweepOptions.shape.method.unwrap(),
  metric: z.string(),
  direction: z.enum(['minimise', 'maximise']),
  fields: z.array(fieldScale),
  /** Null steps: as the experiment says, in epochs perhaps. `trials` that come to it. */
  rungs: z.array(z.object({ steps: z.int().nullable(), trials: z.int() })),
  trials: z.array(trialResult),
  /** Number of the best trial of the longest trainings so far. */
  best: z.int().nullable(),
  /** Whether nothing is left to be trained. */
  finished: z.boolean(),
  importance: fieldImportance,
});
export type SweepResult = z.infer<typeof sweepResult>;
