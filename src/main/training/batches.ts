/**
 * Where a training's batches come from: computed on the spot, or ahead of time by a worker thread while the step runs. As
 * a batch is a function of the seed and its index, both give the same.
 */
import { Worker } from 'node:worker_threads';
import { LabError, messageOf } from '../../shared/errors.ts';
import type { Feeds, SamplerSetup, TaskSampler } from '../tasks/task.ts';
import type { BatchOptions, PrefetchReply, PrefetchRequest } from './prefetch-messages.ts';

export interface BatchSource {
  /** The next batch; indices count up from where the source was opened. Throws what the sampler threw. */
  next(): Promise<Feeds>;
  close(): Promise<void>;
}

export function sampleBatches(sampler: TaskSampler, { seed, batchSize, from }: BatchOptions): BatchSource {
  let index = from;
  return {
    next: async () => sampler.trainingBatch(seed, index++, batchSize),
    close: () => Promise.resolve(),
  };
}

/** How many batches may wait: enough to ride out an uneven one, few enough not to matter in memory. */
const queueLength = 4;

/** Opens the same sampler in a worker thread. Its batches arrive without being copied. */
export function prefetchBatches(task: string, setup: SamplerSetup, options: BatchOptions): BatchSource {
  const request: PrefetchRequest = { task, setup, ...options, ahead: queueLength };
  const worker = new Worker(new URL('./prefetch-worker.ts', import.meta.url), { workerData: request });
  const ready: Feeds[] = [];
  let failure: LabError | undefined;
  let wake: (() => void) | undefined;
  let index = options.from;

  const fail = (error: LabError): void => {
    failure ??= error;
    wake?.();
  };
  worker.on('message', (reply: PrefetchReply) => {
    if ('error' in reply) fail(new LabError(reply.error.code, reply.error.message, reply.error.details));
    else ready.push(reply.feeds);
    wake?.();
  });
  worker.on('error', (error) => {
    fail(new LabError('internal', `the thread that prepares batches failed: ${messageOf(error)}`, {}, error));
  });
  worker.on('exit', () => {
    fail(new LabError('internal', 'the thread that prepares batches has ended'));
  });

  return {
    async next() {
      if (index >= options.to) throw new LabError('internal', `batch ${index} was never ordered`);
      index++;
      for (;;) {
        const feeds = ready.shift();
        if (feeds) {
          worker.postMessage('taken');
          return feeds;
        }
        if (failure) throw failure;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async close() {
      await worker.terminate();
    },
  };
}
