/** What an answer that is always the same scores: chance, where a task draws its classes equally often. */
import { fitMajorityClass, majorityProbabilities } from '../baselines/majority.ts';
import { logLoss } from '../metrics/probabilistic.ts';
import type { Baseline, TaskSampler } from '../task.ts';

/** The most frequent class of the held-out examples; `remark` says why no other would be better. */
export function constantBaseline(sampler: TaskSampler, classes: readonly string[], remark: string): Baseline {
  const size = classes.length;
  const split = sampler.evaluationBatchCount('test', size) > 0 ? 'test' : 'validation';
  const batches = Array.from({ length: sampler.evaluationBatchCount(split, size) }, (_, index) =>
    sampler.evaluationBatch(split, index, size),
  );
  const labels = batches.flatMap(({ labels: own, weights }) =>
    Array.from(own ?? []).filter((_, row) => weights?.[row] === 1),
  );
  const majority = fitMajorityClass(labels, size);
  const right = labels.filter((label) => label === majority.label).length;
  return {
    name: 'majority class',
    summary: `Always '${classes[majority.label]!}'; ${remark}`,
    metrics: {
      loss: logLoss(majorityProbabilities(majority, labels.length), labels, size),
      accuracy: right / labels.length,
    },
  };
}
