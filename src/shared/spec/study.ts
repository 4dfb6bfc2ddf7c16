/**
 * A study: one question, answered by a grid of runs. Every condition (a label budget, say) is run for every arm
 * (pretrained, from scratch, a baseline) and seed. All runs of a study answer the same test examples; arms that share a condition
 * and a seed share the labelled examples too, so that their difference is the gain, with the luck of the draw cancelled.
 */
import { z } from 'zod';
import { nameSpec, tunedSettings, trainingMethod } from './experiment/v2.ts';

const settings = z
  .record(z.string(), z.unknown())
  .default({})
  .describe("Settings of the experiment by dotted path, as with 'pretext run --set', e.g. {from.run: my-pretraining}");

const conditionSpec = z.strictObject({ name: nameSpec, settings });

const armSpec = z.strictObject({
  name: nameSpec,
  title: z.string().min(1).optional().describe('As it is called in sentences; by default its name'),
  method: trainingMethod.optional(),
  settings,
  tune: tunedSettings
    .optional()
    .describe("Of this arm alone, instead of the study's; all trained arms need the same number of trials"),
});

/** Of a study that names no conditions: it trains on all labels there are. */
export const onlyCondition = 'all';

export const studySpec = z
  .strictObject({
    $schema: z.string().optional(),
    version: z.literal(2).default(2).describe('Version of this format'),
    name: nameSpec,
    notes: z.string().optional().describe('The question'),
    experiment: z
      .record(z.string(), z.unknown())
      .describe('What all runs have in common: an experiment without a name'),
    arms: z
      .array(armSpec)
      .min(2)
      .describe(
        'What is compared. The last one is what the others are measured against. A baseline has the settings of the last one unless it says its own',
      ),
    conditions: z
      .array(conditionSpec)
      .min(1)
      .default([{ name: onlyCondition, settings: {} }])
      .describe('Under which the arms are compared, e.g. label budgets'),
    seeds: z
      .array(z.int().min(0))
      .min(1)
      .default([1, 2, 3, 4, 5])
      .describe('Each draws other labels, initial weights and order'),
    splits: z
      .enum(['shared', 'per-seed'])
      .default('shared')
      .describe(
        'Shared: all seeds have the same validation and test examples. Per seed: each has others, as in older studies; intervals are wider then',
      ),
    splitSeed: z.int().min(0).default(0).describe('Decides the validation and test examples that all seeds share'),
    tune: tunedSettings
      .optional()
      .describe(
        'Settings that are chosen for each trained arm and condition on validation data, with the values to try: every combination is a trial',
      ),
    tuneOn: z
      .enum(['first-seed', 'every-seed'])
      .default('first-seed')
      .describe(
        'First seed: chosen once for each arm and condition, with the labels of the first seed, and kept for the others. Every seed: chosen anew, for as many times the work',
      ),
    stopForFutility: z
      .boolean()
      .default(false)
      .describe(
        "Leave out seeds that are not expected to show anything: after three or more, where no arm that begins with pretrained weights has a chance of a tenth. By 'pretext study', here or on a cluster; runs that a page has put into the queue are all trained. Nothing is claimed of a part, so it makes no false claim more likely",
      ),
    metric: z
      .string()
      .optional()
      .describe('What is compared; by default the metric that the task selects checkpoints by'),
  })
  .describe('A study of Pretext Lab');

export type Study = z.output<typeof studySpec>;

const interval = z.object({ low: z.number(), high: z.number(), confidence: z.number() }).nullable();
const labelsNeeded = z.object({ labels: z.number(), bound: z.enum(['exact', 'at-most', 'more-than']) });

export const studyResult = z.object({
  formatVersion: z.literal(2),
  name: z.string(),
  metric: z.string(),
  direction: z.enum(['minimise', 'maximise']),
  splits: z.enum(['shared', 'per-seed']),
  /** Of a study that may stop for futility, before all its seeds are there: nothing is claimed. */
  interim: z.object({ seeds: z.int(), planned: z.int() }).optional(),
  testExamples: z.int().nullable(),
  /** With the number of labelled examples in total, where runs say it. */
  conditions: z.array(z.object({ name: z.string(), labels: z.int().nullable() })),
  /** One for each run, in the order of conditions, arms and seeds. */
  runs: z.array(
    z.object({
      condition: z.string(),
      arm: z.string(),
      seed: z.int(),
      run: z.string(),
      value: z.number(),
      split: z.enum(['test', 'validation']),
      /** What tuning chose on validation data, and from how many trials. */
      chosen: z.record(z.string(), z.unknown()).nullable(),
      trials: z.int().nullable(),
    }),
  ),
  /** Of the task's baselines, the mean over the seeds. */
  baselines: z.array(z.object({ condition: z.string(), name: z.string(), mean: z.number(), interval })),
  /** The interval is over seeds. */
  arms: z.array(
    z.object({
      condition: z.string(),
      arm: z.string(),
      title: z.string(),
      method: trainingMethod,
      /** Whether it begins with weights of another run. */
      pretrained: z.boolean(),
      mean: z.number(),
      interval,
    }),
  ),
  /** value(arm) − value(reference), paired by seed; for a metric to minimise, the other way round, so that more is better. */
  gains: z.array(
    z.object({
      condition: z.string(),
      arm: z.string(),
      reference: z.string(),
      gain: z.number(),
      /** Over seeds and test examples together; over seeds alone where a run did not keep its answers. */
      interval,
      overSeeds: interval,
      overExamples: interval,
      pValue: z.number().nullable(),
      /** Seeds that would show a gain of 0.02 with a probability of 80 %; null where no number would. */
      seedsNeeded: z.int().nullable(),
      sentence: z.string(),
    }),
  ),
  verdicts: z.array(
    z.object({
      condition: z.string(),
      kind: z.enum(['winner', 'inconclusive', 'one-seed']),
      leader: z.string(),
      rival: z.string(),
      difference: z.number(),
      interval,
      seedsNeeded: z.int().nullable(),
      /** The same in a few words. */
      headline: z.string().default(''),
      sentence: z.string(),
    }),
  ),
  /** Test examples that the networks have seen, of each arm; empty where no run was checked. */
  leaks: z.array(z.object({ arm: z.string(), leaked: z.int(), excluded: z.int(), sentence: z.string() })).default([]),
  labelsSaved: z.array(
    z.object({
      arm: z.string(),
      reference: z.string(),
      condition: z.string(),
      labels: z.number(),
      needed: labelsNeeded,
      interval: z.object({ low: labelsNeeded, high: labelsNeeded, confidence: z.number() }).nullable(),
      sentence: z.string(),
    }),
  ),
});

export type StudyResult = z.output<typeof studyResult>;
