/** Several labels from features: a logistic regression for each, with thresholds of the validation examples. */
import { selectSeveralLogistic, severalProbabilities } from '../baselines/several-logistic.ts';
import type { Side } from '../labelled/sides.ts';
import { evaluateLabels } from '../targets/multi-label-evaluation.ts';
import type { LinearMethod, RowLabels } from './linear-method.ts';
import { firstOf, standardisedSides } from './linear-method.ts';

/** @param labels row-major [examples, labels]: 1 where an example has a label */
export function logisticRegressions(
  labels: Readonly<Record<Side, Pick<RowLabels, 'values'>>>,
  names: readonly string[],
): LinearMethod {
  const count = names.length;
  const examplesOf = (side: Side): number => labels[side].values.length / count;
  const examples = {
    training: examplesOf('training'),
    validation: examplesOf('validation'),
    test: examplesOf('test'),
  };
  const known = (side: Side): Uint8Array => Uint8Array.from(labels[side].values);
  return {
    title: 'logistic regression for each label',
    examples,
    outputs: count,
    async fit(features, { score, signal }) {
      const given = standardisedSides(features);
      const validation = known('validation');
      const fitted = await selectSeveralLogistic(
        { features: given.features('training'), labels: known('training') },
        { features: given.features('validation'), labels: validation },
        count,
        { score: (probabilities) => score(evaluateLabels(names, validation, probabilities)), signal },
      );
      const weights = fitted.parameters.subarray(0, count * fitted.featureCount);
      const layer = given.layer(weights, fitted.parameters.subarray(weights.length));
      const { thresholds } = evaluateLabels(
        names,
        validation,
        severalProbabilities(fitted, given.features('validation')),
      );
      return {
        settings: { penalty: fitted.penalty },
        trials: fitted.trials,
        score: fitted.validationScore,
        loss: fitted.validationLoss,
        evaluate(split, most = Infinity) {
          const shown = Math.min(most, examples[split]);
          const probabilities = firstOf(severalProbabilities(fitted, given.features(split)), shown, count);
          return evaluateLabels(names, firstOf(known(split), shown, count), probabilities, thresholds);
        },
        ...(layer && { layer }),
      };
    },
  };
}
