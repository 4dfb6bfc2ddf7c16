/**
 * Encodes batches in worker threads and yields the results in the order of the batches, so that the corpus is the same with
 * any number of threads. A few batches are under way at any time, whatever the size of the corpus.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { LabError, messageOf } from '../../../shared/errors.ts';
import { encodeDocuments, type EncodedBatch, type TextBatch } from './encode-documents.ts';
import type { EncodeWorkerData } from './encode-worker.ts';
import { createSentenceSplitter } from './sentences.ts';
import { createTokenizer } from '../tokenizer/tokenizer.ts';

/** Beyond this, reading and writing are what takes the time, and every thread needs its own vocabulary and word cache. */
const MOST_THREADS = 4;
/** Threads are worth starting for more than this. */
const FEW_BYTES = 4_000_000;
const BATCHES_PER_THREAD = 2;

export interface EncodeRequest extends EncodeWorkerData {
  readonly textBytes: number;
  /** As many as the machine has, up to four, without it; 0 encodes in the calling thread. */
  readonly threads?: number | undefined;
}

/** One thread, which answers in the order in which it was asked. */
class EncodeThread {
  private readonly worker: Worker;
  private readonly waiting: { resolve: (batch: EncodedBatch) => void; reject: (error: Error) => void }[] = [];
  private failure: Error | undefined;

  constructor(data: EncodeWorkerData) {
    this.worker = new Worker(new URL('./encode-worker.ts', import.meta.url), { workerData: data });
    this.worker.on('message', (batch: EncodedBatch) => this.waiting.shift()?.resolve(batch));
    this.worker.on('error', (error) => this.fail(error));
    this.worker.on('exit', (code) => this.fail(new Error(`the thread ended with code ${code}`)));
  }

  encode(batch: TextBatch): Promise<EncodedBatch> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) {
        reject(this.failure);
        return;
      }
      this.waiting.push({ resolve, reject });
      this.worker.postMessage(batch, [batch.bytes.buffer, batch.ends.buffer]);
    });
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }

  private fail(cause: unknown): void {
    const message = `Encoding failed: ${messageOf(cause)}.`;
    this.failure ??= new LabError('internal', message, {}, cause);
    for (const { reject } of this.waiting.splice(0)) reject(this.failure);
  }
}

/**
 * @param batches their memory is handed over to the threads
 */
export async function* encodeBatches(
  batches: AsyncIterable<TextBatch>,
  request: EncodeRequest,
): AsyncGenerator<EncodedBatch> {
  const wanted = request.textBytes < FEW_BYTES ? 0 : Math.min(MOST_THREADS, availableParallelism());
  const count = request.threads ?? wanted;
  if (count === 0) {
    const tokenizer = createTokenizer(request.tokenizerJson, 'tokenizer.json');
    const splitSentences = createSentenceSplitter(request.language);
    for await (const batch of batches) yield encodeDocuments(batch, tokenizer, splitSentences);
    return;
  }
  const { tokenizerJson, language } = request;
  const threads = Array.from({ length: count }, () => new EncodeThread({ tokenizerJson, language }));
  const underWay: Promise<EncodedBatch>[] = [];
  try {
    let next = 0;
    for await (const batch of batches) {
      const result = threads[next]!.encode(batch);
      result.catch(() => undefined); // reported where it is awaited below
      underWay.push(result);
      next = (next + 1) % count;
      if (underWay.length >= count * BATCHES_PER_THREAD) yield await underWay.shift()!;
    }
    for (const result of underWay) yield await result;
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()));
  }
}
