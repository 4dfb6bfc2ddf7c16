/**
 * Multinomial logistic regression with an L2 penalty: the linear classifier behind bag-of-words baselines and linear probes.
 * It minimises mean log loss + (penalty / 2) · ‖weights‖², the biases unpenalised; scikit-learn's C is 1 / (penalty · examples).
 * The problem is convex and solved to its optimum, so the result depends on no seed and no learning rate.
 */
import { runCooperatively } from './cooperative.ts';
import { accumulateGradient, multiply } from './features.ts';
import type { Features } from './features.ts';
import { minimise } from './lbfgs.ts';
import type { Objective } from './lbfgs.ts';
import { logLoss, mostProbable, softmaxRows } from '../metrics/probabilistic.ts';
import { accuracy } from '../metrics/classification.ts';

export interface LabelledFeatures {
  readonly features: Features;
  /** Class indices, one a row. */
  readonly labels: ArrayLike<number>;
}

export interface LogisticRegression {
  readonly classCount: number;
  readonly featureCount: number;
  readonly penalty: number;
  /** Row-major [classes, features], then the biases [classes]. */
  readonly parameters: Float64Array;
  readonly converged: boolean;
}

export interface FitOptions {
  /** Weight of ‖weights‖² / 2 in the mean loss. */
  readonly penalty: number;
  /** The optimum is reached when no component of the gradient is larger, or the loss falls by less than a thousandth of it. */
  readonly tolerance?: number;
  readonly maximumIterations?: number;
  /** Where to start; zeros unless given. A fit with a similar penalty is a good place. */
  readonly start?: Float64Array;
  readonly signal?: AbortSignal;
}

/**
 * The penalised loss of the training examples as a function of the parameters. Exported for its gradient check.
 * @throws RangeError for labels that do not fit the rows or the classes.
 */
export function logisticObjective(training: LabelledFeatures, classCount: number, penalty: number): Objective {
  const { features, labels } = training;
  const { rows, columns } = features;
  if (labels.length !== rows || rows === 0) throw new RangeError(`${labels.length} labels for ${rows} examples.`);
  for (let row = 0; row < rows; row += 1) {
    if (!(Number.isInteger(labels[row]) && labels[row]! >= 0 && labels[row]! < classCount)) {
      throw new RangeError(`The label ${labels[row]!} of example ${row} is not one of ${classCount} classes.`);
    }
  }
  const residuals = new Float64Array(rows * classCount);
  const weightCount = classCount * columns;

  return (parameters, gradient) => {
    multiply(features, parameters, classCount, residuals);
    gradient.fill(0);
    let loss = 0;
    for (let row = 0; row < rows; row += 1) {
      const start = row * classCount;
      let top = Number.NEGATIVE_INFINITY;
      for (let label = 0; label < classCount; label += 1) {
        const score = residuals[start + label]! + parameters[weightCount + label]!;
        residuals[start + label] = score;
        if (score > top) top = score;
      }
      const own = labels[row]!;
      const ownScore = residuals[start + own]!;
      let sum = 0;
      for (let label = 0; label < classCount; label += 1) {
        const exponential = Math.exp(residuals[start + label]! - top);
        residuals[start + label] = exponential;
        sum += exponential;
      }
      loss += Math.log(sum) + top - ownScore;
      // The gradient of the mean loss with respect to the scores: (probability − [own class]) / rows.
      for (let label = 0; label < classCount; label += 1) {
        const residual = (residuals[start + label]! / sum - (label === own ? 1 : 0)) / rows;
        residuals[start + label] = residual;
        gradient[weightCount + label]! += residual;
      }
    }
    accumulateGradient(features, residuals, classCount, gradient);
    let squares = 0;
    for (let index = 0; index < weightCount; index += 1) {
      const weight = parameters[index]!;
      squares += weight * weight;
      gradient[index]! += penalty * weight;
    }
    return loss / rows + (penalty / 2) * squares;
  };
}

/**
 * Fits the model to the training examples.
 * @throws LabError 'aborted' when the signal fires; RangeError as `logisticObjective`.
 */
export async function fitLogisticRegression(
  training: LabelledFeatures,
  classCount: number,
  options: FitOptions,
): Promise<LogisticRegression> {
  const { penalty, tolerance = 1e-4, maximumIterations = 300, signal } = options;
  const featureCount = training.features.columns;
  const start = options.start ?? new Float64Array(classCount * (featureCount + 1));
  const objective = logisticObjective(training, classCount, penalty);
  const search = minimise(objective, start, {
    gradientTolerance: tolerance,
    valueTolerance: tolerance / 1000,
    maximumIterations,
  });
  const { point, converged } = await runCooperatively(search, signal);
  return { classCount, featureCount, penalty, parameters: point, converged };
}

/** Probabilities of the classes, row-major [rows, classes]. */
export function predictProbabilities(model: LogisticRegression, features: Features): Float64Array {
  if (features.columns !== model.featureCount) {
    throw new RangeError(`The model was fitted to ${model.featureCount} features, not to ${features.columns}.`);
  }
  const scores = new Float64Array(features.rows * model.classCount);
  multiply(features, model.parameters, model.classCount, scores);
  const biases = model.parameters.subarray(model.classCount * model.featureCount);
  for (let position = 0; position < scores.length; position += 1) {
    scores[position]! += biases[position % model.classCount]!;
  }
  return softmaxRows(scores, model.classCount);
}

/** From so strong a penalty that little but the class frequencies remains, to nearly none. */
export const DEFAULT_PENALTIES: readonly number[] = [1, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

export interface SelectionOptions {
  /** Tried in this order, each fit starting from the one before; strongest first is fastest. */
  readonly penalties?: readonly number[];
  /** What is chosen by instead of accuracy: a metric of the validation examples' probabilities, more is better. */
  readonly score?: (probabilities: Float64Array) => number;
  readonly signal?: AbortSignal;
}

export interface SelectedRegression {
  readonly model: LogisticRegression;
  readonly validationAccuracy: number;
  readonly validationLoss: number;
  /** By which it was chosen. */
  readonly validationScore: number;
  /** Penalties that were tried. */
  readonly trials: number;
}

/**
 * Fits with several penalties and keeps the one with the best accuracy (or score) on the validation examples; of equally good ones,
 * the one with the smaller log loss. Gives up on weaker penalties once two in a row have been worse in both.
 */
export async function selectLogisticRegression(
  training: LabelledFeatures,
  validation: LabelledFeatures,
  classCount: number,
  options: SelectionOptions = {},
): Promise<SelectedRegression> {
  const { penalties = DEFAULT_PENALTIES, signal } = options;
  const accuracyScore = (probabilities: Float64Array): number =>
    accuracy(validation.labels, mostProbable(probabilities, classCount));
  const { score = accuracyScore } = options;
  let trials = 0;
  let best: SelectedRegression | undefined;
  let start: Float64Array | undefined;
  let lowestLoss = Number.POSITIVE_INFINITY;
  let worse = 0;
  for (const penalty of penalties) {
    const model = await fitLogisticRegression(training, classCount, {
      penalty,
      ...(start === undefined ? {} : { start }),
      ...(signal === undefined ? {} : { signal }),
    });
    start = model.parameters;
    const probabilities = predictProbabilities(model, validation.features);
    const validationAccuracy = accuracyScore(probabilities);
    const validationScore = score(probabilities);
    const validationLoss = logLoss(probabilities, validation.labels, classCount);
    trials += 1;
    const gain = best === undefined ? 1 : validationScore - best.validationScore;
    worse = gain < 0 && validationLoss > lowestLoss ? worse + 1 : 0;
    lowestLoss = Math.min(lowestLoss, validationLoss);
    if (best === undefined || gain > 0 || (gain === 0 && validationLoss < best.validationLoss)) {
      best = { model, validationAccuracy, validationLoss, validationScore, trials };
    }
    if (worse === 2) break;
  }
  if (best === undefined) throw new RangeError('There is no penalty to choose from.');
  return { ...best, trials };
}
