/** Numbers from features: ridge regression of standardised targets. */
import { predictRidge, selectRidge } from '../baselines/ridge.ts';
import type { Side } from '../labelled/sides.ts';
import type { TargetScale } from '../targets/facts.ts';
import { inUnits } from '../targets/number-scale.ts';
import { evaluateNumbers } from '../targets/regression-evaluation.ts';
import type { EvaluationResult } from '../task.ts';
import type { LinearMethod, LinearTask, RowLabels } from './linear-method.ts';
import { firstOf, standardisedSides } from './linear-method.ts';

/** Of tasks whose batches feed `targets` [batch, targets] and `weights`. */
export const rowsOfTargets: LinearTask['rows'] = ({ targets = [], weights = [] }) => {
  const width = targets.length / weights.length;
  const rows = Array.from(weights.keys()).filter((row) => weights[row] !== 0);
  return { rows, values: rows.flatMap((row) => Array.from(targets.slice(row * width, (row + 1) * width))) };
};

/** @param labels targets with mean 0 and deviation 1 in training, row-major [examples, targets] */
export function ridgeRegression(
  labels: Readonly<Record<Side, Pick<RowLabels, 'values'>>>,
  scale: TargetScale,
): LinearMethod {
  const count = scale.names.length;
  const examplesOf = (side: Side): number => labels[side].values.length / count;
  const examples = {
    training: examplesOf('training'),
    validation: examplesOf('validation'),
    test: examplesOf('test'),
  };
  const inTheirUnits = (values: Float64Array): Float64Array =>
    values.map((value, index) => inUnits(scale, value, index % count));
  const evaluate = (side: Side, predicted: Float64Array): EvaluationResult =>
    evaluateNumbers(scale, inTheirUnits(labels[side].values.subarray(0, predicted.length)), inTheirUnits(predicted));
  return {
    title: 'ridge regression',
    examples,
    outputs: count,
    async fit(features, { score, signal }) {
      const given = standardisedSides(features);
      const ridge = await selectRidge(
        { features: given.features('training'), targets: labels.training.values },
        { features: given.features('validation'), targets: labels.validation.values },
        count,
        { score: (predicted) => score(evaluate('validation', predicted)), signal },
      );
      const layer = given.layer(ridge.weights, ridge.biases);
      return {
        settings: { penalty: ridge.penalty },
        trials: ridge.trials,
        score: ridge.validationScore,
        loss: ridge.validationError,
        evaluate(split, most = Infinity) {
          const shown = Math.min(most, examples[split]);
          return evaluate(split, firstOf(predictRidge(ridge, given.features(split)), shown, count));
        },
        ...(layer && { layer }),
      };
    },
  };
}
