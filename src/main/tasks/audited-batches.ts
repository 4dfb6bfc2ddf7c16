/** What an audit looks at: batches of the split that a run is scored on, with what the network made of them. */
import { LabError } from '../../shared/errors.ts';
import type { EvaluationSplit, Feeds, Inspection, TensorData } from './task.ts';

/** More examples would not tell more. */
const MOST_AUDITED = 2000;

export interface AuditedBatch {
  readonly split: EvaluationSplit;
  /** Place of the batch in its split. */
  readonly index: number;
  readonly feeds: Feeds;
  readonly outputs: TensorData;
}

/** @throws LabError 'aborted' */
export async function* auditedBatches({
  sampler,
  batchSize,
  run,
  signal,
}: Pick<Inspection<unknown>, 'sampler' | 'batchSize' | 'run' | 'signal'>): AsyncGenerator<AuditedBatch> {
  const split = sampler.evaluationBatchCount('test', batchSize) > 0 ? 'test' : 'validation';
  const count = Math.min(sampler.evaluationBatchCount(split, batchSize), Math.ceil(MOST_AUDITED / batchSize));
  for (let index = 0; index < count; index += 1) {
    if (signal.aborted) throw new LabError('aborted', 'the audit was stopped');
    const feeds = sampler.evaluationBatch(split, index, batchSize);
    yield { split, index, feeds, outputs: await run(feeds) };
  }
}
