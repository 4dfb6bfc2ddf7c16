/**
 * The thread behind `prefetchBatches`: computes batches in order, always `ahead` of what has been taken. The arrays are
 * handed over, so a sampler must not keep those that it returns.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { isLabError, messageOf } from '../../shared/errors.ts';
import { findTask } from '../tasks/index.ts';
import type { Feeds } from '../tasks/task.ts';
import type { PrefetchReply, PrefetchRequest } from './prefetch-messages.ts';

function start(
  request: PrefetchRequest,
  send: (reply: PrefetchReply, transfer: readonly ArrayBuffer[]) => void,
): () => void {
  const { task, setup, seed, batchSize, from, to, ahead } = request;
  const sampler = findTask(task).openSampler(setup);
  let index = from;
  const produce = (): void => {
    if (index >= to) return;
    const feeds = sampler.trainingBatch(seed, index++, batchSize);
    send({ feeds }, buffersOf(feeds));
  };
  for (let count = 0; count < ahead; count++) produce();
  return produce;
}

/** The buffers that belong to one array alone; a view of something larger is copied instead. */
function buffersOf(feeds: Feeds): readonly ArrayBuffer[] {
  const buffers = Object.values(feeds).flatMap(({ buffer, byteLength }) =>
    buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [],
  );
  return [...new Set(buffers)];
}

const port = parentPort;
if (port) {
  const guard = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      const { code, details } = isLabError(error) ? error : { code: 'internal' as const, details: {} };
      port.postMessage({ error: { code, message: messageOf(error), details } } satisfies PrefetchReply);
    }
  };
  guard(() => {
    const request = workerData as PrefetchRequest; // what prefetchBatches sends
    const produce = start(request, (reply, transfer) => {
      port.postMessage(reply, transfer);
    });
    port.on('message', () => {
      guard(produce);
    });
  });
}
