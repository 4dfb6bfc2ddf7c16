/**
 * One logistic regression for each of several labels, all fitted at once with one L2 penalty, which is chosen on validation examples.
 * It minimises the mean binary cross-entropy of all labels + (penalty / 2) · ‖weights‖² / labels, the biases unpenalised, so each
 * label's own fit is that of scikit-learn with C = 1 / (penalty · examples).
 */
import { runCooperatively } from './cooperative.ts';
import { accumulateGradient, multiply } from './features.ts';
import type { Features } from './features.ts';
import type { Objective } from './lbfgs.ts';
import { minimise } from './lbfgs.ts';

export interface SeveralExamples {
  readonly features: Features;
  /** Row-major [rows, labels]: 1 where a row has the label. */
  readonly labels: Uint8Array;
}

export interface SeveralLogistic {
  readonly labelCount: number;
  readonly featureCount: number;
  readonly penalty: number;
  /** Row-major [labels, features], then the biases [labels]. */
  readonly parameters: Float64Array;
  /** Mean binary cross-entropy of the validation examples. */
  readonly validationLoss: number;
  /** By which it was chosen. */
  readonly validationScore: number;
  readonly trials: number;
}

const PENALTIES = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5];
const TOLERANCE = 1e-4;
const MOST_ITERATIONS = 300;

/** The penalised loss as a function of the parameters. */
export function severalObjective(
  { features, labels }: SeveralExamples,
  labelCount: number,
  penalty: number,
): Objective {
  const { rows, columns } = features;
  if (rows === 0 || labels.length !== rows * labelCount) {
    throw new RangeError(`${labels.length} labels for ${rows} rows.`);
  }
  const residuals = new Float64Array(rows * labelCount);
  const weightCount = labelCount * columns;
  return (parameters, gradient) => {
    multiply(features, parameters, labelCount, residuals);
    gradient.fill(0);
    let loss = 0;
    for (let index = 0; index < residuals.length; index += 1) {
      const label = index % labelCount;
      const score = residuals[index]! + parameters[weightCount + label]!;
      // log(1 + exp(score)) − score · label, without overflow
      loss += Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score))) - score * labels[index]!;
      const residual = (1 / (1 + Math.exp(-score)) - labels[index]!) / residuals.length;
      residuals[index] = residual;
      gradient[weightCount + label]! += residual;
    }
    accumulateGradient(features, residuals, labelCount, gradient);
    let squares = 0;
    for (let index = 0; index < weightCount; index += 1) {
      squares += parameters[index]! ** 2;
      gradient[index]! += (penalty * parameters[index]!) / labelCount;
    }
    return loss / residuals.length + ((penalty / 2) * squares) / labelCount;
  };
}

/**
 * The penalty with the least loss on the validation examples, or the best score of their probabilities (more is better), of equal
 * ones that with the smaller loss.
 * @throws LabError 'aborted'
 */
export async function selectSeveralLogistic(
  training: SeveralExamples,
  validation: SeveralExamples,
  labelCount: number,
  {
    score,
    signal,
  }: { readonly score?: (probabilities: Float64Array) => number; readonly signal?: AbortSignal | undefined } = {},
): Promise<SeveralLogistic> {
  const featureCount = training.features.columns;
  let start: Float64Array = new Float64Array(labelCount * (featureCount + 1));
  let best: SeveralLogistic | undefined;
  for (const penalty of PENALTIES) {
    const objective = severalObjective(training, labelCount, penalty);
    const options = {
      gradientTolerance: TOLERANCE,
      valueTolerance: TOLERANCE / 1000,
      maximumIterations: MOST_ITERATIONS,
    };
    const { point } = await runCooperatively(minimise(objective, start, options), signal);
    start = point;
    const fitted = { labelCount, featureCount, penalty, parameters: point };
    const probabilities = severalProbabilities(fitted, validation.features);
    const validationLoss = lossOf(probabilities, validation.labels);
    const validationScore = score?.(probabilities) ?? -validationLoss;
    const gain = best ? validationScore - best.validationScore : 1;
    if (!best || gain > 0 || (gain === 0 && validationLoss < best.validationLoss)) {
      best = { ...fitted, validationLoss, validationScore, trials: PENALTIES.length };
    }
  }
  return best!; // there is a penalty
}

/** Row-major [rows, labels]. */
export function severalProbabilities(
  { labelCount, featureCount, parameters }: Pick<SeveralLogistic, 'labelCount' | 'featureCount' | 'parameters'>,
  features: Features,
): Float64Array {
  const scores = new Float64Array(features.rows * labelCount);
  multiply(features, parameters, labelCount, scores);
  const biases = parameters.subarray(labelCount * featureCount);
  return scores.map((score, index) => 1 / (1 + Math.exp(-(score + biases[index % labelCount]!))));
}

function lossOf(probabilities: Float64Array, labels: Uint8Array): number {
  let sum = 0;
  for (const [index, probability] of probabilities.entries()) {
    sum -= Math.log(Math.max(1e-12, labels[index] === 1 ? probability : 1 - probability));
  }
  return sum / probabilities.length;
}
