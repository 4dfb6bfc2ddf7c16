/**
 * Several calls at the same time. A call of ONNX Runtime blocks the thread that makes it, and dividing one call among cores leaves
 * them waiting for each other where its matrices are small: here every thread has sessions of its own and a copy of the weights.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { InferenceSession } from 'onnxruntime-node';
import { LabError, messageOf } from '../../../shared/errors.ts';
import type { PoolReply, PoolRequest, PoolTensors } from './session-messages.ts';

export interface SessionPool {
  /** A program for the threads to run. Nothing is compiled before it is first run. */
  open(model: Uint8Array, options: InferenceSession.SessionOptions): PooledSession;
  /** The weights that the sessions read are others from now on. */
  weightsChanged(): void;
  /** Ends the threads; nothing must be under way. */
  end(): Promise<void>;
}

export interface PooledSession {
  /** Rejects with what ONNX Runtime says. */
  run(feeds: PoolTensors): Promise<PoolTensors>;
  release(): void;
}

interface Job {
  readonly session: number;
  readonly feeds: PoolTensors;
  readonly resolve: (outputs: PoolTensors) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Of the weights that it has. */
  version: number;
  readonly opened: Set<number>;
  job: Job | undefined;
}

/**
 * @param most threads; they are started as they are needed
 * @param weights what every session of the pool reads besides what it is fed, as it is now
 */
export function createSessionPool(most: number, weights: () => PoolTensors): SessionPool {
  const threads: Thread[] = [];
  const waiting: Job[] = [];
  const models = new Map<number, { readonly model: Uint8Array; readonly options: InferenceSession.SessionOptions }>();
  let [version, sessions] = [0, 0];

  function start(): Thread {
    const worker = new Worker(new URL('./session-worker.ts', import.meta.url));
    const thread: Thread = { worker, version: -1, opened: new Set(), job: undefined };
    worker.on('message', (reply: PoolReply) => {
      const { job } = thread;
      thread.job = undefined;
      worker.unref(); // a thread without work keeps nobody
      if ('error' in reply) {
        if (job) thread.opened.delete(job.session); // it may not have come to a session
        job?.reject(new Error(reply.error));
      } else job?.resolve(reply.outputs);
      next();
    });
    const lost = (why: string): void => {
      threads.splice(0, Infinity, ...threads.filter((one) => one !== thread));
      thread.job?.reject(new LabError('engine-failed', `A thread of ONNX Runtime ended: ${why}`));
      thread.job = undefined;
      next(); // others do what waits
    };
    worker.on('error', (error) => {
      lost(messageOf(error));
    });
    worker.on('exit', (code) => {
      lost(`code ${code}`);
    });
    threads.push(thread);
    return thread;
  }

  function next(): void {
    while (waiting.length > 0) {
      const thread = threads.find(({ job }) => !job) ?? (threads.length < most ? start() : undefined);
      if (!thread) return;
      give(thread, waiting.shift()!); // there is one
    }
  }

  function give(thread: Thread, job: Job): void {
    const { worker, opened } = thread;
    thread.job = job;
    worker.ref();
    const tell = (request: PoolRequest): void => {
      worker.postMessage(request);
    };
    if (thread.version !== version) tell({ kind: 'weights', tensors: weights() });
    thread.version = version;
    const { model, options } = models.get(job.session)!; // open until it is released
    const isNew = !opened.has(job.session);
    opened.add(job.session);
    tell({ kind: 'run', session: job.session, feeds: job.feeds, options, ...(isNew && { model }) });
  }

  return {
    open(model, options) {
      const session = (sessions += 1);
      models.set(session, { model, options });
      return {
        run: (feeds) =>
          new Promise((resolve, reject) => {
            waiting.push({ session, feeds, resolve, reject });
            next();
          }),
        release() {
          models.delete(session);
          for (const { worker, opened } of threads) {
            if (opened.delete(session)) worker.postMessage({ kind: 'close', session } satisfies PoolRequest);
          }
        },
      };
    },
    weightsChanged() {
      version += 1;
    },
    async end() {
      const ended = threads.map(async ({ worker }) => {
        worker.ref();
        worker.postMessage({ kind: 'end' } satisfies PoolRequest);
        await once(worker, 'exit');
      });
      await Promise.all(ended);
    },
  };
}
