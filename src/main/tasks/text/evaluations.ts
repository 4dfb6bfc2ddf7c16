/** Collects the outputs of evaluation batches into the metrics of masked words and of classes. */
import { LabError } from '../../../shared/errors.ts';
import { accuracyOf, balancedAccuracy, classMetrics, confusionMatrix, macroF1 } from '../metrics/classification.ts';
import { calibrationError, reliability } from '../metrics/calibration.ts';
import { rankingMetrics } from '../metrics/ranking.ts';
import { logLosses, mostProbable, perplexity, softmaxRows } from '../metrics/probabilistic.ts';
import type { Evaluation, EvaluationResult, Feeds, TensorData } from '../task.ts';

/**
 * Loss (nats per masked position), accuracy and perplexity. All are NaN without a masked position. `correct` has one entry
 * for each masked position.
 */
export function maskedWordsEvaluation(): Evaluation {
  return tokenEvaluation('masked');
}

/** The same for every scored token of a text; `correct` has one entry for each. */
export function nextWordEvaluation(): Evaluation {
  return tokenEvaluation('next');
}

function tokenEvaluation(kind: 'masked' | 'next'): Evaluation {
  let loss = 0;
  const correct: number[] = [];
  return {
    add(outputs, feeds) {
      const losses = outputData(outputs, `${kind}Losses`);
      const predictions = outputData(outputs, `${kind}Predictions`);
      const labels = feedData(feeds, `${kind}Labels`);
      const weights = feedData(feeds, `${kind}Weights`);
      for (let place = 0; place < labels.length; place += 1) {
        if (weights[place] === 0) continue;
        loss += losses[place]!;
        correct.push(predictions[place] === labels[place] ? 1 : 0);
      }
    },
    result() {
      const mean = loss / correct.length;
      const right = correct.reduce((sum, one) => sum + one, 0);
      return {
        metrics: { loss: mean, accuracy: right / correct.length, perplexity: perplexity(mean) },
        correct: Uint8Array.from(correct),
      };
    },
  };
}

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
    answers: { labels: Int32Array.from(labels), predicted, losses, classCount },
    probabilities,
  };
}

function outputData(outputs: TensorData, name: string): Float32Array | Int32Array | Uint8Array {
  const tensor = outputs[name];
  if (!tensor) throw new LabError('internal', `the evaluation program has no output '${name}'`);
  return tensor.data;
}

function feedData(feeds: Feeds, name: string): Float32Array | Int32Array | Uint8Array {
  const data = feeds[name];
  if (!data) throw new LabError('internal', `the evaluation batch has no '${name}'`);
  return data;
}
