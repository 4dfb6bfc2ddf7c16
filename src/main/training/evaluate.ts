/** Runs a split through an evaluation program and collects the task's metrics. */
import { setImmediate } from 'node:timers/promises';
import { LabError } from '../../shared/errors.ts';
import type { Executable } from '../engines/engine.ts';
import type { EvaluationResult, EvaluationSplit, TaskSampler } from '../tasks/task.ts';
import type { Model } from './model.ts';

export interface EvaluationOptions {
  readonly split: EvaluationSplit;
  readonly batchSize: number;
  /** All batches of the split when undefined. */
  readonly maximumBatches?: number | undefined;
  /** Of several labels: what the validation split chose. */
  readonly thresholds?: readonly number[] | undefined;
  readonly onBatch?: ((done: number, total: number) => void) | undefined;
  /** Stops after the batch at work. */
  readonly signal?: AbortSignal | undefined;
}

/** Returns undefined for a split without examples. Throws `LabError('aborted')`. */
export async function evaluateSplit(
  { task, options, facts }: Model,
  executable: Executable,
  sampler: TaskSampler,
  { split, batchSize, maximumBatches = Infinity, thresholds, onBatch, signal }: EvaluationOptions,
): Promise<EvaluationResult | undefined> {
  const count = Math.min(maximumBatches, sampler.evaluationBatchCount(split, batchSize));
  if (count === 0) return undefined;
  const evaluation = task.evaluation(options, facts, thresholds);
  for (let index = 0; index < count; index++) {
    const feeds = sampler.evaluationBatch(split, index, batchSize);
    evaluation.add(await executable.run(feeds), feeds);
    onBatch?.(index + 1, count);
    await setImmediate(); // a native call blocks the event loop: let signals and messages through
    if (signal?.aborted) throw new LabError('aborted', 'The evaluation was stopped');
  }
  return evaluation.result();
}
