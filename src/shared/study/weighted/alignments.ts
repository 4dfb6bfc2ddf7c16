/** Metrics of weighted pairs of sequences. Definitions as in `tasks/alignment/evaluation.ts`. */
import type { AnsweredAlignments } from '../answers.ts';
import { weightedLabels } from './labels.ts';
import type { WeightedMetric } from './weighted-metric.ts';
import { weightedSum } from './weighted-metric.ts';

export function weightedAlignments(run: AnsweredAlignments, metric: string): WeightedMetric | undefined {
  const { labels, scores, found, answered, support } = run;
  switch (metric) {
    case 'alignedF1':
      return (weights) =>
        (2 * weightedSum(found, weights)) / (weightedSum(answered, weights) + weightedSum(support, weights));
    case 'alignedRecall':
      return (weights) => weightedSum(found, weights) / weightedSum(support, weights);
    case 'alignedPrecision':
      return (weights) => {
        const given = weightedSum(answered, weights);
        return given === 0 ? 0 : weightedSum(found, weights) / given;
      };
    case 'auroc':
      // Whether a pair is related is one label.
      return weightedLabels({ kind: 'several', labels, probabilities: scores, thresholds: [0] }, metric);
    default:
      return undefined;
  }
}
