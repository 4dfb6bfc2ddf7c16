/** What tasks with classes are compared with whatever they classify, and how probabilities of classes are scored. */
import { fitMajorityClass, majorityProbabilities } from '../baselines/majority.ts';
import { scoredSide } from '../labelled/sides.ts';
import { accuracyOf, balancedAccuracy, confusionMatrix, macroF1 } from '../metrics/classification.ts';
import { logLoss, mostProbable } from '../metrics/probabilistic.ts';
import type { Baseline } from '../task.ts';
import type { LabelledClasses } from './labelled-classes.ts';
import { labelsOf } from './labelled-classes.ts';

/** Of predicted classes alone. */
export function classScores(
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classCount: number,
): Readonly<Record<string, number>> {
  const matrix = confusionMatrix(labels, predicted, classCount);
  return { accuracy: accuracyOf(matrix), macroF1: macroF1(matrix), balancedAccuracy: balancedAccuracy(matrix) };
}

/** With the log loss in nats. `probabilities` are row-major [labels, classes]. */
export function probabilityScores(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  classCount: number,
): Readonly<Record<string, number>> {
  const loss = logLoss(probabilities, labels, classCount);
  return { loss, ...classScores(labels, mostProbable(probabilities, classCount), classCount) };
}

/** Always the class that most training examples have. `examples` is what a person calls them, such as "images". */
export function majorityBaseline({ dataset, sides }: LabelledClasses, examples: string): Baseline {
  const count = dataset.classes.length;
  const labels = labelsOf(dataset, scoredSide(sides));
  const majority = fitMajorityClass(labelsOf(dataset, sides.training), count);
  return {
    name: 'majority class',
    summary: `Always '${dataset.classes[majority.label]!}', the most frequent class of the training ${examples}`,
    metrics: probabilityScores(labels, majorityProbabilities(majority, labels.length), count),
  };
}
