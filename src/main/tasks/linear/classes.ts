/** Classes from features: logistic regression. */
import { predictProbabilities, selectLogisticRegression } from '../baselines/logistic-regression.ts';
import { evaluateProbabilities } from '../classification/evaluation.ts';
import type { Side } from '../labelled/sides.ts';
import type { EvaluationSplit } from '../task.ts';
import type { ClassicalFeatures, ClassicalMaterial, LinearMethod, LinearTask, RowLabels } from './linear-method.ts';
import { classicalMaterial, firstOf, standardisedSides } from './linear-method.ts';

/** Of tasks whose batches feed `labels` and `weights`. */
export const linearClasses: LinearTask = {
  rows({ labels = [], weights = [] }) {
    const rows = Array.from(weights.keys()).filter((row) => weights[row] !== 0);
    return { rows, values: rows.map((row) => labels[row] ?? 0) };
  },
  method: (labels, { classes = [] }) => logisticRegression(labels, classes),
};

function logisticRegression(
  labels: Readonly<Record<Side, Pick<RowLabels, 'values'>>>,
  classes: readonly string[],
): LinearMethod {
  const count = classes.length;
  const examples = {
    training: labels.training.values.length,
    validation: labels.validation.values.length,
    test: labels.test.values.length,
  };
  return {
    title: 'logistic regression',
    examples,
    outputs: count,
    async fit(features, { score, signal }) {
      const given = standardisedSides(features);
      const { model, trials, validationScore, validationLoss } = await selectLogisticRegression(
        { features: given.features('training'), labels: labels.training.values },
        { features: given.features('validation'), labels: labels.validation.values },
        count,
        {
          score: (probabilities) => score(evaluateProbabilities(classes, labels.validation.values, probabilities)),
          ...(signal && { signal }),
        },
      );
      const weights = model.parameters.subarray(0, count * model.featureCount);
      const layer = given.layer(weights, model.parameters.subarray(weights.length));
      return {
        settings: { penalty: model.penalty },
        trials,
        score: validationScore,
        loss: validationLoss,
        evaluate(split: EvaluationSplit, most = Infinity) {
          const shown = Math.min(most, examples[split]);
          const probabilities = firstOf(predictProbabilities(model, given.features(split)), shown, count);
          return evaluateProbabilities(classes, labels[split].values.subarray(0, shown), probabilities);
        },
        ...(layer && { layer }),
      };
    },
  };
}

/** Features of labelled examples with their classes. */
export interface LabelledFeatures {
  readonly labels: Readonly<Record<Side, Int32Array>>;
  readonly classes: readonly string[];
  readonly candidates: readonly ClassicalFeatures[];
  close(): void;
}

export function classicalClasses({ labels, classes, candidates, close }: LabelledFeatures): ClassicalMaterial {
  const rows = (side: Side) => ({ values: Float64Array.from(labels[side]) });
  const sides = { training: rows('training'), validation: rows('validation'), test: rows('test') };
  return classicalMaterial(logisticRegression(sides, classes), candidates, close);
}
