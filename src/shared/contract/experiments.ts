/** Experiments: schema, live validation, what a run would take, what the network will see, and those that were kept. */
import { z } from 'zod';
import { learningRateTestRange } from '../learning-rate-test.ts';
import { nameSpec } from '../spec/experiment/v2.ts';
import { count, item, jsonObject, jsonSchema, moment, nothing, problem } from './common.ts';
import { request } from './define.ts';
import { materialGroup } from './materials.ts';
import { pipelineInput } from './registry.ts';

/** As a person writes it; may be wrong in any way. */
const draft = jsonObject;

const parameterGroup = z.object({ name: z.string(), shape: z.array(z.int()) });

export const experimentPlan = z.object({
  data: z.object({ kind: z.string(), name: z.string(), trainingExamples: count }),
  evaluationBatches: z.object({ validation: count, test: count }),
  /** Of classified data: how many examples of each class are on each side of the split. */
  classes: z.array(z.object({ name: z.string(), training: count, validation: count, test: count })).nullable(),
  /** What will be hard to measure, for a person. */
  warnings: z.array(z.string()),
  input: pipelineInput,
  totalSteps: count,
  epochs: z.number(),
  parameters: z.object({ total: count, trainable: count }),
  /** Floating-point operations of one step, forward and backward. */
  flopsPerStep: z.number(),
  weights: z
    .object({
      label: z.string(),
      matched: count,
      fresh: z.array(parameterGroup),
      mismatched: z.array(parameterGroup.extend({ found: z.array(z.int()) })),
      unused: count,
    })
    .nullable(),
  tokenizer: z.string().nullable(),
  estimate: z.object({
    /** Null where nothing can be measured on this machine. */
    seconds: z.number().nullable(),
    /** Weights, gradients, optimizer and activations of a training step. */
    memoryBytes: z.number(),
    /** Checkpoints that are kept. */
    diskBytes: z.number(),
    /** What the time is based on: a run of the same network, the speed of other runs here, or that of the machine. */
    basis: z.enum(['same-network', 'other-runs', 'machine', 'none']),
  }),
});
export type ExperimentPlanSummary = z.infer<typeof experimentPlan>;

/** A setting of the task or the training, and who said it: the spec, the recipe of its preset, or the default. */
const resolvedSetting = z.object({
  path: z.array(z.string()),
  value: z.union([z.string(), z.number(), z.boolean()]),
  origin: z.enum(['spec', 'recipe', 'default']),
});
export type ResolvedSettingView = z.infer<typeof resolvedSetting>;

export const savedExperiment = z.object({ name: z.string(), savedAt: moment, spec: jsonObject });

export const experimentsContract = {
  schema: request(
    'JSON schema of experiment files, with the options of every task, block and preset',
    nothing,
    jsonSchema,
  ),
  suggest: request(
    'A spec to begin with: a pipeline that fits the task and the data, and settings that suit both',
    z.strictObject({
      /** One that suits the data without it. */ task: z.string().optional(),
      /** Of the task, where it is not named. */ kind: z.enum(['pretext', 'supervised']).optional(),
      /** Any that suits the task without it. */ data: z.string().optional(),
      /** Which of a corpus and a dataset of that name. */ group: materialGroup.optional(),
      /** A run whose backbone is taken over. */ from: z.string().optional(),
      /** An imported model whose backbone is taken over. */ model: z.string().optional(),
    }),
    jsonObject,
  ),
  validate: request(
    'Checks a spec without its data; fast enough for every key',
    z.union([z.strictObject({ spec: draft }), z.strictObject({ text: z.string().max(1_000_000) })]),
    z.object({
      /** With every default filled in; null while there are problems. */
      experiment: jsonObject.nullable(),
      problems: z.array(problem),
      settings: z.array(resolvedSetting),
      /** Name of the recipe that stands in where the spec is silent. */
      recipe: z.string().nullable(),
    }),
  ),
  format: request(
    'A spec as text',
    z.strictObject({ spec: draft, format: z.enum(['yaml', 'json']) }),
    z.object({ text: z.string() }),
  ),
  plan: request(
    'Checks a spec with its data by building the network: what a run would do, take and need',
    z.strictObject({ spec: draft }),
    z.object({ plan: experimentPlan.nullable(), problems: z.array(problem) }),
  ),
  rehearse: request(
    'How long a spec would train, from beginning it: a few steps, an evaluation, the baselines; takes seconds, and nothing stays',
    z.strictObject({ spec: draft }),
    z.object({
      seconds: z.number(),
      /** False where the baselines take longer than anyone waits for an estimate: they come on top. */
      withBaselines: z.boolean(),
    }),
  ),
  preview: request(
    'What the network will see: the first training examples',
    z.strictObject({ spec: draft, count: z.int().min(1).max(48).default(6), seed: count.optional() }),
    z.object({ items: z.array(item) }),
  ),
  testLearningRates: request(
    'Starts the learning-rate range test of a complete spec, a task that comes to a curve and to suggestions',
    z.strictObject({
      spec: draft,
      /** Learning rates of the first and of the last step. */
      first: z.number().positive().default(learningRateTestRange.first),
      last: z.number().positive().default(learningRateTestRange.last),
      steps: z.int().min(10).max(10_000).default(learningRateTestRange.steps),
    }),
    z.object({ job: z.string() }),
  ),
  list: request('Kept experiments by name', nothing, z.array(savedExperiment)),
  save: request(
    'Keeps a spec, finished or not, under a name; `replace` overwrites',
    z.strictObject({ name: nameSpec, spec: draft, replace: z.boolean().default(false) }),
    savedExperiment,
  ),
  delete: request('Forgets a kept experiment and returns it', z.strictObject({ name: z.string() }), savedExperiment),
};
