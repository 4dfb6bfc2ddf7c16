/**
 * Ridge regression of several targets at once (A. Hoerl and R. Kennard 1970): the linear method that networks on numbers are
 * compared with. It minimises ‖targets − features · weights − biases‖² / rows + penalty · ‖weights‖², the biases unpenalised;
 * scikit-learn's alpha is penalty · rows. Conjugate gradients on the normal equations need products with the features alone,
 * so sparse ones stay sparse; features and targets are centred without being copied.
 */
import { runCooperatively } from './cooperative.ts';
import { accumulateGradient, multiply } from './features.ts';
import type { Features } from './features.ts';

export interface RidgeRegression {
  readonly targetCount: number;
  readonly penalty: number;
  /** Row-major [targets, features]. */
  readonly weights: Float64Array;
  readonly biases: Float64Array;
}

export interface SelectedRidge extends RidgeRegression {
  /** Mean squared error of the validation examples, each target divided by its variance in training. */
  readonly validationError: number;
  /** By which it was chosen. */
  readonly validationScore: number;
  readonly trials: number;
}

export interface RidgeExamples {
  readonly features: Features;
  /** Row-major [rows, targets]. */
  readonly targets: Float64Array;
}

const PENALTIES = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100];
const MOST_STEPS = 500;
/** Residuals are this small relative to the right side when a solution is taken. */
const TOLERANCE = 1e-7;

/** @throws LabError 'aborted' */
export async function fitRidge(
  { features, targets }: RidgeExamples,
  targetCount: number,
  penalty: number,
  { start, signal }: { readonly start?: Float64Array; readonly signal?: AbortSignal | undefined } = {},
): Promise<RidgeRegression> {
  const { rows, columns } = features;
  if (rows === 0 || targets.length !== rows * targetCount) {
    throw new RangeError(`${targets.length} targets for ${rows} rows of ${targetCount}.`);
  }
  const featureMeans = columnMeans(features);
  const targetMeans = Float64Array.from({ length: targetCount }, (_, target) => {
    let sum = 0;
    for (let row = 0; row < rows; row += 1) sum += targets[row * targetCount + target]!;
    return sum / rows;
  });
  const scores = new Float64Array(rows * targetCount);
  /** result += centred featuresᵀ · values, of values whose columns need not be centred. */
  const transposed = (values: Float64Array, result: Float64Array): void => {
    centre(values, targetCount);
    accumulateGradient(features, values, targetCount, result);
  };
  /** (Xᵀ X / rows + penalty) · weights, with centred X: a product with it is that with X, centred. */
  const operator = (weights: Float64Array): Float64Array => {
    multiply(features, weights, targetCount, scores);
    const result = new Float64Array(weights.length);
    transposed(scores, result);
    for (let index = 0; index < result.length; index += 1) {
      result[index] = result[index]! / rows + penalty * weights[index]!;
    }
    return result;
  };
  const right = new Float64Array(targetCount * columns);
  transposed(Float64Array.from(targets), right);
  for (let index = 0; index < right.length; index += 1) right[index]! /= rows;
  const search = conjugateGradients(operator, right, start ?? new Float64Array(right.length));
  const weights = await runCooperatively(search, signal);
  const biases = targetMeans.map((mean, target) => {
    let product = 0;
    for (let column = 0; column < columns; column += 1) {
      product += weights[target * columns + column]! * featureMeans[column]!;
    }
    return mean - product;
  });
  return { targetCount, penalty, weights, biases };
}

/** Solves a symmetric positive definite system. */
function* conjugateGradients(
  operator: (x: Float64Array) => Float64Array,
  right: Float64Array,
  start: Float64Array,
): Generator<void, Float64Array> {
  const x = Float64Array.from(start);
  const applied = operator(x);
  const residual = right.map((value, index) => value - applied[index]!);
  let direction = Float64Array.from(residual);
  let squares = dot(residual, residual);
  const enough = TOLERANCE ** 2 * Math.max(dot(right, right), Number.MIN_VALUE);
  for (let step = 0; step < MOST_STEPS && squares > enough; step += 1) {
    yield;
    const product = operator(direction);
    const length = squares / dot(direction, product);
    for (let index = 0; index < x.length; index += 1) {
      x[index]! += length * direction[index]!;
      residual[index]! -= length * product[index]!;
    }
    const next = dot(residual, residual);
    const share = next / squares;
    direction = direction.map((value, index) => residual[index]! + share * value);
    squares = next;
  }
  return x;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += a[index]! * b[index]!;
  return sum;
}

function centre(values: Float64Array, columns: number): void {
  const rows = values.length / columns;
  for (let column = 0; column < columns; column += 1) {
    let sum = 0;
    for (let at = column; at < values.length; at += columns) sum += values[at]!;
    for (let at = column; at < values.length; at += columns) values[at]! -= sum / rows;
  }
}

function columnMeans(features: Features): Float64Array {
  const means = new Float64Array(features.columns);
  accumulateGradient(features, new Float64Array(features.rows).fill(1 / features.rows), 1, means);
  return means;
}

/** Row-major [rows, targets]. */
export function predictRidge({ targetCount, weights, biases }: RidgeRegression, features: Features): Float64Array {
  const predicted = new Float64Array(features.rows * targetCount);
  multiply(features, weights, targetCount, predicted);
  return predicted.map((value, index) => value + biases[index % targetCount]!);
}

export interface RidgeSelection {
  /** What is chosen by instead of the error: a metric of the validation examples' predictions, more is better. */
  readonly score?: (predicted: Float64Array) => number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The penalty that is best on validation examples, of equal ones that with the smaller error, then the larger. Targets are of any
 * scale: errors are divided by the variance of each in training.
 * @throws LabError 'aborted'
 */
export async function selectRidge(
  training: RidgeExamples,
  validation: RidgeExamples,
  targetCount: number,
  { score, signal }: RidgeSelection = {},
): Promise<SelectedRidge> {
  const variances = targetVariances(training.targets, targetCount);
  let best: SelectedRidge | undefined;
  let start: Float64Array | undefined;
  for (const penalty of PENALTIES.toReversed()) {
    const fitted = await fitRidge(training, targetCount, penalty, { ...(start && { start }), signal });
    start = fitted.weights;
    const predicted = predictRidge(fitted, validation.features);
    let error = 0;
    for (const [index, value] of predicted.entries()) {
      error += (value - validation.targets[index]!) ** 2 / variances[index % targetCount]! / predicted.length;
    }
    const value = score?.(predicted) ?? -error;
    // A correlation of predictions that are all the same is none.
    const gain = best ? finite(value) - finite(best.validationScore) : 1;
    if (!best || gain > 0 || (gain === 0 && error < best.validationError)) {
      best = { ...fitted, validationError: error, validationScore: value, trials: PENALTIES.length };
    }
  }
  return best!; // there is a penalty
}

const LEAST = -1e300;

function finite(score: number): number {
  return Number.isFinite(score) ? score : LEAST;
}

/** Of each target over the rows; 1 where it is constant. */
function targetVariances(targets: Float64Array, targetCount: number): Float64Array {
  const centred = Float64Array.from(targets);
  centre(centred, targetCount);
  const rows = targets.length / targetCount;
  return Float64Array.from({ length: targetCount }, (_, target) => {
    let sum = 0;
    for (let at = target; at < centred.length; at += targetCount) sum += centred[at]! ** 2;
    return sum / rows || 1;
  });
}
