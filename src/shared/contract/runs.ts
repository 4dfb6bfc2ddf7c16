/** Runs: the queue, the list, and everything about one of them. */
import { z } from 'zod';
import { auditCard } from '../card/card.ts';
import { artifact, artifactContent } from './artifacts.ts';
import { runEvent } from '../spec/run/events.ts';
import { runResult } from '../spec/run/result.ts';
import { count, failure, item, jsonObject, metricValues, moment, nothing, page } from './common.ts';
import { predictionTable, predictionTableInput } from './prediction-table.ts';
import { runScores, runScoresInput } from './scores.ts';
import { histogramCourse, histogramsInput } from './histograms.ts';
import { resourceTrace } from './resources.ts';
import { tagErrors, tagErrorsInput } from './tag-errors.ts';
import { request, subscription } from './define.ts';
import { logLine, series, seriesRequest } from './series.ts';

/**
 * - `queued`: waits for its turn; `preparing`: the trainer starts, checks the engine, compiles; `running`: it trains or evaluates;
 * - `stopping`: will stop at its next step, with a checkpoint; `stopped`: by a person, resumes where it stopped;
 * - `interrupted`: its trainer exited unexpectedly, resumes from its last checkpoint; `failed`, `finished`.
 */
export const runState = z.enum([
  'queued',
  'preparing',
  'running',
  'stopping',
  'stopped',
  'finished',
  'failed',
  'interrupted',
]);
export type RunState = z.infer<typeof runState>;

export const activeStates: readonly RunState[] = ['preparing', 'running', 'stopping'];

export const run = z.object({
  id: z.string(),
  /** The experiment's name, which several runs may share. */
  name: z.string(),
  state: runState,
  /** Place in the queue, from 1. */
  queuePosition: count.nullable(),
  /** Stopped by 'pause', and not given up. */
  paused: z.boolean(),
  task: z.string(),
  taskKind: z.enum(['pretext', 'supervised']).nullable(),
  data: z.string(),
  /** What its backbone starts from, in words; null from scratch. */
  from: z.string().nullable(),
  /** `training`, or what examples are learned with instead: `frozen-features`, `baseline`. */
  method: z.string(),
  seed: z.int(),
  splitSeed: z.int(),
  createdAt: moment,
  startedAt: moment.nullable(),
  finishedAt: moment.nullable(),
  step: count,
  totalSteps: count.nullable(),
  /** E.g. `Compiling`, `Training`, `Evaluating`. */
  phase: z.string().nullable(),
  /** Of training and evaluation until the end; null while it is not known. */
  remainingMilliseconds: z.number().nullable(),
  examplesPerSecond: z.number().nullable(),
  /** The latest training loss. */
  loss: z.number().nullable(),
  /** The task's own metric: the latest best on the validation split. */
  selection: z.object({
    metric: z.string(),
    direction: z.enum(['minimise', 'maximise']),
    best: z.number().nullable(),
    step: count.nullable(),
  }),
  /** At the end: metrics of the best checkpoint, `validation.…` and `test.…`. */
  metrics: metricValues,
  parameters: z.object({ total: count, trainable: count }).nullable(),
  /** What really ran. */
  engine: z.object({ name: z.string(), device: z.string(), deviceName: z.string() }).nullable(),
  failure: failure.nullable(),
  /** Whether it can go on, from which step. */
  resumable: z.object({ step: count }).nullable(),
  tags: z.array(z.string()),
  notes: z.string(),
  archived: z.boolean(),
  pinned: z.boolean(),
  /** The study it belongs to. */
  study: z.string().nullable(),
});
export type Run = z.infer<typeof run>;

/** Runs that may train at a time; 'auto': as many as cores and memory allow, each with its share of them. */
export const concurrency = z.union([z.int().min(1), z.literal('auto')]);
export type Concurrency = z.infer<typeof concurrency>;

export const queueState = z.object({
  /** Runs that wait, next first. */
  order: z.array(z.string()),
  active: z.array(z.string()),
  /** While it is held, no further run starts. */
  held: z.boolean(),
  /** Why it is held, where the lab did it: too little space on the disk. */
  reason: z.string().nullable(),
  concurrency,
});
export type QueueState = z.infer<typeof queueState>;

/** A value of the spec (`spec.training.learningRate`), of the result (`metrics.test.accuracy`) or of the run (`state`). */
export const fieldPath = z.string().min(1);

export const runFilter = z.strictObject({
  /** In id, name, notes, tags, task or data. */
  text: z.string().optional(),
  ids: z.array(z.string()).optional(),
  states: z.array(runState).optional(),
  /** Of stopped runs those that were paused, or those that were given up. */
  paused: z.boolean().optional(),
  tasks: z.array(z.string()).optional(),
  data: z.array(z.string()).optional(),
  /** Runs that have all of them. */
  tags: z.array(z.string()).optional(),
  study: z.string().optional(),
  archived: z.boolean().default(false),
  where: z
    .array(
      z.strictObject({
        field: fieldPath,
        is: z.enum(['=', '≠', '<', '≤', '>', '≥', 'contains']),
        value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
      }),
    )
    .default([]),
});
export type RunFilter = z.input<typeof runFilter>;

const fieldValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const runReference = z.strictObject({ id: z.string().min(1) });
const runReferences = z.strictObject({ ids: z.array(z.string().min(1)).min(1).max(1000) });

export const runVerdictKind = z.enum(['diverged', 'below-baseline', 'overfitting', 'unfinished', 'ahead']);

const confusion = z.object({ classes: z.array(z.string()), counts: z.array(z.array(count)) });

export const runDetails = z.object({
  run,
  folder: z.string(),
  spec: jsonObject,
  origin: jsonObject,
  result: runResult.nullable(),
  transfer: jsonObject.nullable(),
  /** Runs that started from this one. */
  usedBy: z.array(z.string()),
  /** The trainer's own words on stderr, the end of them. */
  output: z.string(),
});

export const runsContract = {
  list: request(
    'Runs that pass a filter, sorted',
    z.strictObject({
      filter: runFilter.prefault({}),
      sort: z
        .strictObject({ field: fieldPath, descending: z.boolean().default(false) })
        .prefault({ field: 'createdAt', descending: true }),
      offset: count.default(0),
      limit: z.int().min(1).max(1000).default(200),
      /** Of spec, result or run: their values are told beside the runs. */
      fields: z.array(fieldPath).max(40).default([]),
    }),
    z.object({
      total: count,
      runs: z.array(run),
      /** A row for each run, a value for each of the fields. */
      values: z.array(z.array(fieldValue)).default([]),
      /** Of the workspace: those whose folders a lab that was just opened has not looked at. They follow. */
      unread: count.default(0),
    }),
  ),
  fields: request(
    'Fields by which runs can be grouped, sorted and filtered: those that have more than one value come first',
    z.strictObject({ filter: runFilter.prefault({}) }),
    z.array(z.object({ field: fieldPath, title: z.string(), values: z.array(fieldValue), distinct: count })),
  ),
  groups: request(
    'Runs grouped by the values of fields',
    z.strictObject({ filter: runFilter.prefault({}), by: z.array(fieldPath).min(1).max(4) }),
    z.array(z.object({ key: z.array(fieldValue), ids: z.array(z.string()) })),
  ),
  get: request('All about one run', runReference, runDetails),
  create: request(
    'Creates a run for every seed and queues it',
    z.strictObject({
      spec: jsonObject,
      /** The spec's own without it. */
      seeds: z.array(count).min(1).max(100).optional(),
      tags: z.array(z.string().min(1)).default([]),
      /** False: created as stopped, to be started later. */
      start: z.boolean().default(true),
    }),
    z.object({ ids: z.array(z.string()) }),
  ),
  queue: request('The queue', nothing, queueState),
  reorder: request('Puts waiting runs into this order; others follow', runReferences, queueState),
  setQueue: request(
    'Holds the queue or lets it go on; sets how many trainers may run at a time',
    z.strictObject({
      held: z.boolean().optional(),
      concurrency: z.union([z.int().min(1).max(16), z.literal('auto')]).optional(),
    }),
    queueState,
  ),
  pause: request('Stops at the next step with a checkpoint, to be resumed', runReferences, z.array(run)),
  resume: request(
    'Queues runs that were stopped, interrupted or failed; they go on from their last checkpoint. With `checkpoint`, from that one, where a later one is damaged',
    runReferences.extend({
      checkpoint: count.optional(),
      /** Before all that wait, also in a queue that a person paused. */
      first: z.boolean().default(false),
    }),
    z.array(run),
  ),
  cancel: request(
    'Takes a waiting run out of the queue, or stops a running one for good; `now` does not wait for a checkpoint',
    runReferences.extend({ now: z.boolean().default(false) }),
    z.array(run),
  ),
  retry: request('Queues new runs with the same specs', runReferences, z.object({ ids: z.array(z.string()) })),
  clone: request(
    'The spec of a run, to be changed and queued as another experiment',
    runReference,
    z.object({ spec: jsonObject }),
  ),
  archive: request('Moves runs out of sight, or back', runReferences.extend({ archived: z.boolean() }), z.array(run)),
  pin: request(
    'Pins runs to the top of comparisons, or unpins them',
    runReferences.extend({ pinned: z.boolean() }),
    z.array(run),
  ),
  tag: request(
    'Adds and removes tags',
    runReferences.extend({
      add: z.array(z.string().min(1).max(80)).default([]),
      remove: z.array(z.string()).default([]),
    }),
    z.array(run),
  ),
  tags: request('All tags and how many runs have them', nothing, z.array(z.object({ tag: z.string(), runs: count }))),
  annotate: request("Sets a run's notes", runReference.extend({ notes: z.string().max(100_000) }), run),
  delete: request(
    'Deletes runs that are not active; `restore` brings them back until the lab is closed',
    runReferences,
    z.object({ undo: z.string() }),
  ),
  restore: request('Brings back what was deleted', z.strictObject({ undo: z.string() }), z.array(run)),
  metrics: request(
    'Names of the series of runs',
    runReferences,
    z.array(z.object({ metric: z.string(), runs: count, points: count })),
  ),
  verdicts: request(
    'What the course and the result of runs mean, the most serious first, with what to do about it',
    z.strictObject({ ids: z.array(z.string().min(1)).min(1).max(200) }),
    z.array(
      z.object({
        id: z.string(),
        verdicts: z.array(z.object({ kind: runVerdictKind, sentence: z.string(), advice: z.string() })),
      }),
    ),
  ),
  series: request('Lines of charts', seriesRequest, z.array(series)),
  log: request(
    'What happened, oldest first; a negative offset counts from the end',
    runReference.extend({
      offset: z.int().default(-200),
      limit: z.int().min(1).max(1000).default(200),
      /** With the points of the loss curve, which are left out otherwise. */
      stepsToo: z.boolean().default(false),
    }),
    z.object({ total: count, lines: z.array(logLine) }),
  ),
  checkpoints: request(
    'Checkpoints on the disk',
    runReference,
    z.array(
      z.object({
        step: count,
        folder: z.string(),
        bytes: count,
        savedAt: moment,
        best: z.boolean(),
        last: z.boolean(),
      }),
    ),
  ),
  artifacts: request('Pictures and findings that the run has left', runReference, z.array(artifact)),
  artifact: request('One of them, up to 8 MiB', runReference.extend({ name: z.string().min(1) }), artifactContent),
  samples: request(
    'The same examples, answered better and better: fixed validation examples at every evaluation',
    runReference.extend({ ...page }),
    z.object({
      /** Steps at which answers were recorded. */
      steps: z.array(count),
      examples: z.array(
        z.object({
          items: z.array(item),
          /** The right answers by question, where there are any. */
          truth: z.array(z.string()),
          /** For every step, for every question: the likeliest answers. */
          answers: z.array(
            z.array(
              z.object({
                question: z.string(),
                /** `number`: the probability says how near the answer is. Records of before do not say. */
                kind: z.string().optional(),
                choices: z.array(z.object({ label: z.string(), probability: z.number() })),
              }),
            ),
          ),
        }),
      ),
    }),
  ),
  confusion: request(
    'Row: true class; column: predicted class. Null for tasks without classes, and before the end',
    runReference.extend({ split: z.enum(['validation', 'test']).default('test') }),
    confusion.nullable(),
  ),
  confusionExamples: request(
    'Examples of one cell; computes predictions when it is asked first, so it takes a moment',
    runReference.extend({
      split: z.enum(['validation', 'test']).default('test'),
      actual: z.string(),
      predicted: z.string(),
      ...page,
    }),
    z.object({
      total: count,
      examples: z.array(z.object({ items: z.array(item), probability: z.number(), source: z.string().nullable() })),
    }),
  ),
  tagErrors: request(
    'What a tagger has wrong, with the sentences; tags the split when it is asked first',
    tagErrorsInput,
    tagErrors,
  ),
  predictionTable: request(
    'What a finished classifier answered to each test example, by its loss or its classes, with the example as it is now',
    predictionTableInput,
    predictionTable,
  ),
  scores: request(
    'Curves, calibration and the confusion at a threshold of a finished classifier',
    runScoresInput,
    runScores,
  ),
  card: request('The audit card of a run', z.strictObject({ id: z.string() }), auditCard),
  gradientFlow: request(
    'The norm of the gradient by part of the network, at every evaluation',
    runReference,
    z.object({
      steps: z.array(count),
      /** In the order of the network, from the input on. */
      parts: z.array(z.object({ name: z.string(), norms: z.array(z.number().nullable()) })),
    }),
  ),
  histograms: request(
    'How the weights of a parameter and their gradients were distributed at the evaluations',
    histogramsInput,
    histogramCourse,
  ),
  resources: request(
    'What the trainer takes of the computer over the training: cores, memory and, where it tells, the graphics card',
    runReference,
    resourceTrace,
  ),
  watch: subscription(
    'Runs that changed, were removed, and the queue when it changed: at most ten times a second',
    nothing,
    z.object({ changed: z.array(run), removed: z.array(z.string()), queue: queueState.nullable() }),
  ),
  follow: subscription(
    'One run from now on: its state, its events, its latest step; at most ten times a second',
    runReference,
    z.object({
      run,
      events: z.array(runEvent),
      latest: z.object({ step: count, loss: z.number().nullable() }).nullable(),
    }),
  ),
};
