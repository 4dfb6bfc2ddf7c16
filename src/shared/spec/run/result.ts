/** What a run has found: `result.json`, written once at its end. */
import { z } from 'zod';
import { runLeaks } from '../leaks.ts';

export const resultVersion = 1;

const metrics = z.record(z.string(), z.number().nullable());

const evaluated = z.object({
  metrics,
  /** Row: true class; column: predicted class. */
  confusion: z.object({ classes: z.array(z.string()), counts: z.array(z.array(z.number())) }).optional(),
  perClass: z
    .array(
      z.object({
        name: z.string(),
        precision: z.number().nullable(),
        recall: z.number().nullable(),
        f1: z.number().nullable(),
        support: z.number(),
      }),
    )
    .optional(),
  /** Of regression: each target in its own unit, with some of its [true, predicted] values. */
  targets: z
    .array(
      z.object({
        name: z.string(),
        rmse: z.number().nullable(),
        mae: z.number().nullable(),
        r2: z.number().nullable(),
        spearman: z.number().nullable(),
        points: z.array(z.tuple([z.number(), z.number()])),
      }),
    )
    .optional(),
  /** A digit for each example in evaluation order, 1 where the answer was right: for paired tests between runs. */
  correct: z
    .string()
    .regex(/^[01]*$/)
    .optional(),
});

const settings = z.record(z.string(), z.unknown());

export const runTuning = z.object({
  /** Of the validation split. */
  metric: z.string(),
  direction: z.enum(['minimise', 'maximise']),
  chosen: settings,
  trials: z.array(z.object({ settings, value: z.number().nullable() })),
});
export type RunTuning = z.infer<typeof runTuning>;

/** Where a run was trained; runs of before do not say. */
const runMachine = z.object({
  processor: z.string(),
  /** Physical ones. */
  cores: z.int(),
  memoryBytes: z.number(),
  system: z.string(),
  node: z.string(),
});
export type RunMachine = z.infer<typeof runMachine>;

const runEnergy = z.object({
  /** The processor's counters, or time times an assumed power. */
  source: z.enum(['rapl', 'estimate']),
  joules: z.number().min(0),
  /** What was assumed; null for what was measured. */
  watts: z.number().nullable(),
});
export type RunEnergy = z.infer<typeof runEnergy>;

/** What a run spent its time on. */
const runSeconds = z.object({
  training: z.number(),
  /** Of the best checkpoint, at the end. */
  evaluation: z.number(),
  baselines: z.number(),
  compilation: z.number(),
  /** Evaluations on the way, with the answers that they record and the checkpoints. Like `other` only of runs in one go. */
  monitoring: z.number().optional(),
  /** Opening the data, checks, inspecting the network. */
  other: z.number().optional(),
});
export type RunSeconds = z.infer<typeof runSeconds>;

/** Everything that is known of it, together. */
export function totalSeconds(seconds: RunSeconds): number {
  return Object.values(seconds).reduce<number>((sum, part = 0) => sum + part, 0);
}

export const runResult = z.object({
  formatVersion: z.literal(resultVersion),
  id: z.string(),
  name: z.string(),
  finishedAt: z.iso.datetime(),
  reason: z.enum(['steps', 'early-stopping']),
  /** Updates done, and the step of the checkpoint that was evaluated. */
  steps: z.int(),
  bestStep: z.int().nullable(),
  selection: z.object({ metric: z.string(), direction: z.enum(['minimise', 'maximise']) }),
  validation: evaluated,
  test: evaluated.optional(),
  /** Numbers that say whether the network learned what it was meant to, and warnings where it may not have. */
  audit: z
    .array(
      z.object({
        name: z.string(),
        summary: z.string(),
        value: z.number(),
        reference: z.number().optional(),
        warning: z.string().optional(),
      }),
    )
    .optional(),
  /** Test examples that the network has seen elsewhere; runs of before were not checked. */
  leaks: runLeaks.optional(),
  baselines: z.array(z.object({ name: z.string(), summary: z.string(), metrics })),
  /** Labelled examples on each side; runs of before do not say. */
  examples: z.object({ training: z.int(), validation: z.int(), test: z.int() }).optional(),
  /** What was chosen by trials on validation examples, and all that was tried. */
  tuning: runTuning.optional(),
  parameters: z.object({ total: z.int(), trainable: z.int() }),
  /** What really ran. */
  engine: z.object({
    name: z.string(),
    device: z.string(),
    deviceName: z.string(),
    threads: z.int().nullable(),
    /** Of the products while it was trained, where that was not float32. */
    precision: z.enum(['float16', 'bfloat16']).optional(),
  }),
  machine: runMachine.optional(),
  energy: runEnergy.optional(),
  seconds: runSeconds,
  /** Floating-point operations of one step, forward and backward; runs of before lack it. */
  flopsPerStep: z.number().optional(),
  examplesPerSecond: z.number(),
});

export type RunResult = z.infer<typeof runResult>;
export type EvaluatedSplit = z.infer<typeof evaluated>;

/** What the rows of results by class are: several labels have no confusion matrix, and tags are counted as entities. */
export function rowKind({ metrics, confusion }: EvaluatedSplit): 'class' | 'label' | 'entity' | 'tag' {
  if ('alignedF1' in metrics) return 'class'; // related and unrelated pairs
  if (!('entityF1' in metrics)) return confusion ? 'class' : 'label';
  // Where every word is an entity of its own, as with parts of speech, F1 of entities is the accuracy.
  return metrics.entityF1 === metrics.accuracy ? 'tag' : 'entity';
}
