/** Predicted numbers beside the true ones: metrics in the unit of each target, and points for a scatter. */
import type { TargetScale } from './facts.ts';
import { LabError } from '../../../shared/errors.ts';
import { averageOf, regressionMetrics } from '../metrics/regression.ts';
import type { Evaluation, EvaluationResult } from '../task.ts';
import { inUnits } from './number-scale.ts';

/** More would not be told apart in a scatter. */
const MOST_POINTS = 400;

/** Reads the output `standardised` and the feeds `targets`, both [batch, targets], and `weights`. */
export function regressionEvaluation(scale: TargetScale): Evaluation {
  const count = scale.names.length;
  const truth: number[] = [];
  const predicted: number[] = [];
  return {
    add({ standardised }, { targets, weights }) {
      if (!standardised || !targets || !weights) {
        throw new LabError('internal', 'the evaluation has no predictions, no targets or no weights');
      }
      for (const [row, weight] of weights.entries()) {
        if (weight === 0) continue;
        for (let target = 0; target < count; target += 1) {
          truth.push(inUnits(scale, targets[row * count + target]!, target));
          predicted.push(inUnits(scale, standardised.data[row * count + target]!, target));
        }
      }
    },
    result: () => evaluateNumbers(scale, truth, predicted),
  };
}

/**
 * The same of numbers that do not come from a network. The standardised error is the mean squared error with each target divided by
 * its deviation in training.
 * @param truth row-major [examples, targets]
 * @param predicted the same
 */
export function evaluateNumbers(
  { names, deviations }: TargetScale,
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
): EvaluationResult {
  const examples = truth.length / names.length;
  const stride = Math.max(1, examples / MOST_POINTS);
  const targets = names.map((name, target) => {
    const column = (values: ArrayLike<number>): Float64Array =>
      Float64Array.from({ length: examples }, (_, example) => values[example * names.length + target]!);
    const [own, answered] = [column(truth), column(predicted)];
    const points = Array.from({ length: Math.min(examples, MOST_POINTS) }, (_, index) => {
      const example = Math.floor(index * stride);
      return [own[example]!, answered[example]!] as const;
    });
    return { name, ...regressionMetrics(own, answered), points };
  });
  const standardisedError =
    targets.reduce((sum, { rmse }, target) => sum + (rmse / deviations[target]!) ** 2, 0) / targets.length;
  return {
    metrics: { ...averageOf(targets), standardisedError },
    targets,
    exampleCount: examples,
    answers: {
      kind: 'numbers',
      labels: Float64Array.from(truth),
      predicted: Float64Array.from(predicted),
      deviations,
    },
  };
}
