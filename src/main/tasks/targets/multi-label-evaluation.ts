/** Answers to several labels at once beside the true ones; thresholds come from the validation split. */
import { LabError } from '../../../shared/errors.ts';
import {
  binaryLoss,
  chooseThresholds,
  decide,
  exactMatches,
  labelMetrics,
  labelRanking,
  microF1,
} from '../metrics/multi-label.ts';
import type { Evaluation, EvaluationResult } from '../task.ts';

/** Reads the output `logits` and the feed `targets`, both [batch, labels], and `weights`. */
export function multiLabelEvaluation(names: readonly string[], thresholds: readonly number[] | undefined): Evaluation {
  const truth: number[] = [];
  const probabilities: number[] = [];
  return {
    add({ logits }, { targets, weights }) {
      if (!logits || !targets || !weights) {
        throw new LabError('internal', 'the evaluation has no logits, no targets or no weights');
      }
      const count = names.length;
      for (const [row, weight] of weights.entries()) {
        if (weight === 0) continue;
        for (let label = 0; label < count; label += 1) {
          truth.push(targets[row * count + label]!);
          probabilities.push(1 / (1 + Math.exp(-logits.data[row * count + label]!)));
        }
      }
    },
    result: () => evaluateLabels(names, truth, probabilities, thresholds),
  };
}

/**
 * The same of probabilities that do not come from a network.
 * @param truth row-major [examples, labels]: 1 where an example has a label
 * @param thresholds those of the validation split; chosen on these examples without them
 */
export function evaluateLabels(
  names: readonly string[],
  truth: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  thresholds: readonly number[] = chooseThresholds(truth, probabilities, names.length),
): EvaluationResult {
  const labels = names.length;
  const decided = decide(probabilities, thresholds);
  const perLabel = labelMetrics(truth, decided, labels);
  return {
    metrics: {
      loss: binaryLoss(truth, probabilities),
      microF1: microF1(truth, decided),
      macroF1: perLabel.reduce((sum, { f1 }) => sum + f1, 0) / labels,
      ...labelRanking(truth, probabilities, labels),
      exactMatches: exactMatches(truth, decided, labels),
    },
    perClass: perLabel.map((metrics, label) => ({ name: names[label]!, ...metrics })),
    thresholds,
    exampleCount: truth.length / labels,
    answers: {
      kind: 'several',
      labels: Uint8Array.from(truth),
      probabilities: Float32Array.from(probabilities),
      thresholds,
    },
    scored: { kind: 'several', names, labels: Uint8Array.from(truth), probabilities },
  };
}
