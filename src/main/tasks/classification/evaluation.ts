/** Collects the class logits of evaluation batches into metrics. */
import { accuracyOf, balancedAccuracy, classMetrics, confusionMatrix, macroF1 } from '../metrics/classification.ts';
import { calibrationError, reliability } from '../metrics/calibration.ts';
import { rankingMetrics } from '../metrics/ranking.ts';
import { logLosses, mostProbable, softmaxRows } from '../metrics/probabilistic.ts';
import { feedData, outputData } from '../batch-data.ts';
import type { Evaluation, EvaluationResult } from '../task.ts';

/**
 * Loss (nats per example), accuracy, macro-F1, balanced accuracy, ranking and calibration; examples of weight 0 are padding.
 */
export function classEvaluation(classes: readonly string[]): Evaluation {
  const known: number[] = [];
  const probabilities: number[] = [];
  return {
    add(outputs, feeds) {
      const logits = outputData(outputs, 'logits');
      const labels = feedData(feeds, 'labels');
      const weights = feedData(feeds, 'weights');
      for (let example = 0; example < labels.length; example += 1) {
        if (weights[example] === 0) continue;
        const row = logits.subarray(example * classes.length, (example + 1) * classes.length);
        probabilities.push(...softmaxRows(row, classes.length));
        known.push(labels[example]!);
      }
    },
    result: () => evaluateProbabilities(classes, known, probabilities),
  };
}

/**
 * The same of probabilities that do not come from a network.
 * @param probabilities row-major [labels, classes]
 */
export function evaluateProbabilities(
  classes: readonly string[],
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
): EvaluationResult {
  const classCount = classes.length;
  const predicted = mostProbable(probabilities, classCount);
  const matrix = confusionMatrix(labels, predicted, classCount);
  const losses = logLosses(probabilities, labels, classCount);
  return {
    metrics: {
      loss: losses.reduce((sum, loss) => sum + loss, 0) / labels.length,
      accuracy: accuracyOf(matrix),
      macroF1: macroF1(matrix),
      balancedAccuracy: balancedAccuracy(matrix),
      ...rankingMetrics(labels, probabilities, classCount),
      calibrationError: calibrationError(reliability(labels, probabilities, classCount)),
    },
    confusion: {
      classes,
      counts: classes.map((_, row) => Array.from(matrix.counts.subarray(row * classCount, (row + 1) * classCount))),
    },
    perClass: classMetrics(matrix).map((metrics, index) => ({ name: classes[index]!, ...metrics })),
    correct: Uint8Array.from(labels, (label, row) => (predicted[row] === label ? 1 : 0)),
    answers: { kind: 'classes', labels: Int32Array.from(labels), predicted, losses, classCount },
    scored: { kind: 'classes', names: classes, labels: Int32Array.from(labels), probabilities },
  };
}
