/**
 * What happens in a run, as data: one line of `events.jsonl` each. Everything that is shown about a run's course is
 * computed from these, so they are written as they happen and never changed. `step` is the number of updates so far;
 * after `resumed` it may go back, because a killed run continues from its last checkpoint.
 */
import { z } from 'zod';

const numbers = z.record(z.string(), z.number().nullable());

const common = {
  /** Milliseconds since 1970. */
  time: z.number(),
  step: z.int().min(0),
};

export const runEvent = z.discriminatedUnion('type', [
  z.object({
    ...common,
    type: z.literal('created'),
    id: z.string(),
    name: z.string(),
    lab: z.string(),
    /** Runs of before have none until they are started. */
    parameters: z.int().optional(),
    trainable: z.int().optional(),
    /** Bytes that the network takes while it is trained, at most. */
    memory: z.int().optional(),
  }),
  z.object({
    ...common,
    type: z.enum(['started', 'resumed']),
    engine: z.string(),
    device: z.string(),
    deviceName: z.string(),
    totalSteps: z.int(),
    trainingExamples: z.int(),
    examplesPerStep: z.int(),
    parameters: z.int(),
    trainable: z.int(),
    /** Of the engine, where it can be told; sums of some networks depend on them in their last bits. Runs of before do not say. */
    threads: z.int().optional(),
  }),
  /** Where the backbone's weights came from, in numbers; the list is in artifacts/transfer.json. */
  z.object({
    ...common,
    type: z.literal('transfer'),
    source: z.string(),
    matched: z.int(),
    fresh: z.int(),
    mismatched: z.int(),
    unused: z.int(),
  }),
  /** A point of the loss curve: means over the steps since the last point. */
  z.object({
    ...common,
    type: z.literal('step'),
    scalars: numbers,
    learningRate: z.number(),
    gradientNorm: z.number(),
    /** What gradients were multiplied by in the last of the steps; with float16 alone. */
    lossScale: z.number().optional(),
    examplesPerSecond: z.number(),
  }),
  z.object({
    ...common,
    type: z.literal('evaluation'),
    split: z.enum(['validation', 'test']),
    metrics: numbers,
    /** Whether it is the best of the run so far. */
    best: z.boolean(),
  }),
  z.object({ ...common, type: z.literal('checkpoint'), path: z.string(), best: z.boolean() }),
  z.object({ ...common, type: z.literal('notice'), message: z.string() }),
  z.object({ ...common, type: z.literal('stopped') }),
  z.object({
    ...common,
    type: z.literal('failed'),
    code: z.string(),
    message: z.string(),
    /** Where a checkpoint is damaged: the step of the latest whole one before it, to go on from. */
    before: z.int().optional(),
  }),
  z.object({ ...common, type: z.literal('finished'), reason: z.enum(['steps', 'early-stopping']) }),
]);

export type RunEvent = z.infer<typeof runEvent>;
type WithoutTime<Event> = Event extends unknown ? Omit<Event, 'time'> : never;
/** An event before it is stamped with the time. */
export type NewRunEvent = WithoutTime<RunEvent>;
