/**
 * Losses that bring two views of an image together and keep the images apart. All read `projections` [2 · images, features],
 * the two views of an image one after the other, and `weights` [2 · images], which are 0 for rows that only fill a batch up:
 * those are nobody's negatives and count in no statistic.
 */
import {
  add,
  argmax,
  concat,
  constant,
  divide,
  exp,
  log,
  matmul,
  max,
  maximum,
  mean,
  multiply,
  relu,
  reshape,
  scale,
  shift,
  sizeAt,
  sliceAxis,
  sqrt,
  stopGradient,
  subtract,
  sum,
} from '../graph/index.ts';
import type { Value } from '../graph/program.ts';

/** Keeps divisions by nothing finite. */
const tiny = 1e-12;
/** Added to a similarity that must not count: its exponential is 0. */
const excluded = -1e9;

/** Rows divided by their Euclidean length. */
export function unitRows(x: Value): Value {
  return divide(x, sqrt(shift(sum(multiply(x, x), [-1], true), tiny)));
}

export interface ViewSimilarity {
  /** Cosine of every pair of rows / temperature, [rows, rows]; hardly −∞ on the diagonal and for rows of weight 0. */
  readonly others: Value;
  /** Of every row and the other view of its image, [rows]. */
  readonly positive: Value;
  /** The row that each is most like, int32 [rows]: right where it is the other view. */
  readonly predictions: Value;
}

/** How alike all views of a batch are. */
export function viewSimilarity(projections: Value, weights: Value, temperature: number): ViewSimilarity {
  const { program } = projections;
  const rows = sizeAt(projections.shape, 0);
  const units = unitRows(projections);
  const similarities = matmul(units, units, { transposeB: true, scale: 1 / temperature, exact: true });
  const own = new Float32Array(rows * rows);
  for (let row = 0; row < rows; row += 1) own[row * (rows + 1)] = excluded;
  const unused = reshape(scale(shift(weights, -1), -excluded), [1, rows]);
  const others = add(add(similarities, constant(program, own, [rows, rows])), unused);
  const [first, second] = views(units);
  const cosines = scale(sum(multiply(first, second), [-1], true), 1 / temperature);
  const positive = reshape(concat([cosines, cosines], 1), [rows]);
  return { others, positive, predictions: argmax(others, -1) };
}

/**
 * NT-Xent (T. Chen et al., "A simple framework for contrastive learning of visual representations", ICML 2020): −log of the
 * share of exp(similarity / temperature) that the other view has among all other rows, averaged over the rows.
 */
export function ntXentLoss({ others, positive }: ViewSimilarity, weights: Value): Value {
  return weightedMean(subtract(logSumExp(others), positive), weights);
}

/**
 * Decoupled contrastive loss (C.-H. Yeh et al., "Decoupled contrastive learning", ECCV 2022): the same without the other view
 * in the denominator, so that pairs which are alike already go on pulling; better with few negatives.
 */
export function decoupledLoss({ others, positive }: ViewSimilarity, weights: Value): Value {
  const rows = sizeAt(others.shape, 0);
  const partners = new Float32Array(rows * rows);
  for (let row = 0; row < rows; row += 1) partners[row * rows + (row ^ 1)] = excluded;
  const negatives = add(others, constant(others.program, partners, [rows, rows]));
  return weightedMean(subtract(logSumExp(negatives), positive), weights);
}

export interface VicregWeights {
  readonly invariance: number;
  readonly variance: number;
  readonly covariance: number;
}

/** The deviation that every feature is to have, and what is added to its square. */
const wanted = { deviation: 1, epsilon: 1e-4 };

/**
 * VICReg (A. Bardes, J. Ponce, Y. LeCun, ICLR 2022), as its authors' code: mean squared distance of the views; a hinge on the
 * standard deviation of every feature over the images; the squares of the covariances between features, divided by the number
 * of features. It needs no negatives, and its features are not normalised.
 */
export function vicregLoss(projections: Value, weights: Value, factors: VicregWeights): Value {
  const features = sizeAt(projections.shape, 1);
  const branches = views(projections);
  const [weight] = views(reshape(weights, [-1, 1]));
  const { program } = projections;
  const count = maximum(sum(weight), constant(program, 1));
  const degrees = maximum(shift(count, -1), constant(program, 1));
  const distance = subtract(...branches);
  const invariance = scale(divide(sum(multiply(multiply(distance, distance), weight)), count), 1 / features);
  const regularised = branches.map((branch) => {
    const average = divide(sum(multiply(branch, weight), [0], true), count);
    const centred = multiply(subtract(branch, average), weight);
    const variance = divide(sum(multiply(centred, centred), [0]), degrees);
    const deviation = sqrt(shift(variance, wanted.epsilon));
    const hinge = mean(relu(shift(scale(deviation, -1), wanted.deviation)));
    const covariance = divide(matmul(centred, centred, { transposeA: true, exact: true }), degrees);
    const squares = subtract(sum(multiply(covariance, covariance)), sum(multiply(variance, variance)));
    return add(scale(hinge, factors.variance / 2), scale(squares, factors.covariance / features));
  });
  return regularised.reduce(add, scale(invariance, factors.invariance));
}

/** The rows of the first and of the second views, [images, features] each. */
function views(x: Value): readonly [Value, Value] {
  const features = sizeAt(x.shape, 1);
  const pairs = reshape(x, [-1, 2 * features]);
  return [sliceAxis(pairs, 1, 0, features), sliceAxis(pairs, 1, features, 2 * features)];
}

/** log Σ exp over each row, [rows]; the largest is taken out, so that nothing overflows. */
function logSumExp(x: Value): Value {
  const largest = stopGradient(max(x, [-1], true));
  return add(log(sum(exp(subtract(x, largest)), [-1])), reshape(largest, [-1]));
}

function weightedMean(values: Value, weights: Value): Value {
  return divide(sum(multiply(values, weights)), maximum(sum(weights), constant(weights.program, tiny)));
}
