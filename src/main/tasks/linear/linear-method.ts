/**
 * Linear methods on features: what the arms without gradient descent are fitted by, on the frozen features of a network and on
 * those that need none, and what the head of a network can start as. One for each kind of labels.
 */
import type { DenseFeatures, Features } from '../baselines/features.ts';
import type { Standardisation } from '../baselines/linear-probe.ts';
import { fitStandardisation, standardise } from '../baselines/linear-probe.ts';
import type { EvaluationResult } from '../evaluation-result.ts';
import type { EvaluationSplit, Feeds, TaskFacts } from '../sampler.ts';

type Side = 'training' | EvaluationSplit;

/** Labels of examples, in the order of the rows of their features. */
export interface RowLabels {
  /** A class or a tag for each row; numbers, or a 1 or 0 for each label, row-major. */
  readonly values: Float64Array;
  /** Of words: where each sentence ends among the rows. */
  readonly ends?: Uint32Array;
}

/** What of a batch is examples. */
export interface BatchRows {
  /** Rows of the output `embeddings`. */
  readonly rows: readonly number[];
  /** Their labels. */
  readonly values: readonly number[];
  /** Of words: how many rows each sentence of the batch has. */
  readonly words?: readonly number[];
}

export interface LinearFit {
  /** What was chosen on the validation examples. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** How many settings were tried. */
  readonly trials: number;
  /** Of the validation examples: as asked for, more is better; and the loss, which decides between equal ones. */
  readonly score: number;
  readonly loss: number;
  /** @param most examples that are evaluated, of the first ones */
  evaluate(split: EvaluationSplit, most?: number): EvaluationResult;
  /** Of dense features: the same as one layer on features as they are, weights row-major [features, outputs]. */
  readonly layer?: LinearLayer;
}

export interface LinearLayer {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** Of an evaluation of the validation examples; more is better. */
export type Score = (result: EvaluationResult) => number;

export interface FitOptions {
  readonly score: Score;
  readonly signal?: AbortSignal | undefined;
}

/** Fitted to the training examples; what is free is chosen on the validation examples. */
export interface LinearMethod {
  /** E.g. 'logistic regression'. */
  readonly title: string;
  /** Examples of each side; sentences where rows are words. */
  readonly examples: Readonly<Record<Side, number>>;
  /** Numbers that are predicted for each row: classes, targets, labels or tags. */
  readonly outputs: number;
  /** @throws LabError 'aborted' */
  fit(features: Readonly<Record<Side, Features>>, options: FitOptions): Promise<LinearFit>;
}

/** How a task's labels are learned from features. */
export interface LinearTask {
  rows(feeds: Feeds): BatchRows;
  method(labels: Readonly<Record<Side, RowLabels>>, facts: TaskFacts): LinearMethod;
}

/** A method without a network that is one of several to choose from. */
export interface ClassicalCandidate {
  /** E.g. 'TF-IDF of words'. */
  readonly name: string;
  fit(options: FitOptions): Promise<LinearFit>;
}

/** What classical methods learn from: the examples and labels that a network of the same setup gets. */
export interface ClassicalMaterial {
  /** E.g. 'logistic regression'. */
  readonly title: string;
  readonly examples: Readonly<Record<Side, number>>;
  readonly candidates: readonly ClassicalCandidate[];
  close(): void;
}

/** Features that a classical method reads of labelled examples. */
export interface ClassicalFeatures {
  /** E.g. 'TF-IDF of words'. */
  readonly name: string;
  /** Fits what there is to fit, such as a vocabulary, to the training examples. */
  features(): Readonly<Record<Side, Features>>;
}

/** One method on several kinds of features. */
export function classicalMaterial(
  method: LinearMethod,
  candidates: readonly ClassicalFeatures[],
  close: () => void,
): ClassicalMaterial {
  return {
    title: method.title,
    examples: method.examples,
    candidates: candidates.map(({ name, features }) => ({ name, fit: (options) => method.fit(features(), options) })),
    close,
  };
}

/**
 * The candidate that is best on the validation examples, of equal ones that with the smaller loss; undefined without any.
 * @throws LabError 'aborted'
 */
export async function bestOfCandidates(
  { candidates }: Pick<ClassicalMaterial, 'candidates'>,
  score: Score,
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly fit: LinearFit } | undefined> {
  let best: { readonly name: string; readonly fit: LinearFit } | undefined;
  for (const { name, fit: fitTo } of candidates) {
    const fit = await fitTo({ score, signal });
    if (!best || isBetter(fit, best.fit)) best = { name, fit };
  }
  return best;
}

/** On the validation examples. */
export function isBetter(one: LinearFit, other: LinearFit): boolean {
  return one.score > other.score || (one.score === other.score && one.loss < other.loss);
}

interface StandardisedSides {
  features(side: Side): Features;
  /** A linear layer on standardised features, row-major [outputs, features], as one on features as they are; undefined for sparse ones. */
  layer(weights: Float64Array, biases: ArrayLike<number>): LinearLayer | undefined;
}

/** Dense features are standardised by the training side, so that one penalty suits all of them; sparse ones stay as they are. */
export function standardisedSides(features: Readonly<Record<Side, Features>>): StandardisedSides {
  const { training } = features;
  if (training.kind === 'sparse') return { features: (side) => features[side], layer: () => undefined };
  const standardisation = fitStandardisation(training);
  return {
    // A side without examples has no columns.
    features: (side) =>
      // All sides come from one describer, so they are of one kind.
      features[side].rows === 0 ? features[side] : standardise(standardisation, features[side] as DenseFeatures),
    layer: (weights, biases) => layerOf(standardisation, weights, biases),
  };
}

function layerOf(
  { means, deviations }: Standardisation,
  weights: Float64Array,
  biases: ArrayLike<number>,
): LinearLayer {
  const [outputs, features] = [biases.length, means.length];
  const weight = new Float32Array(features * outputs);
  const bias = Float64Array.from(biases);
  for (let output = 0; output < outputs; output += 1) {
    for (let feature = 0; feature < features; feature += 1) {
      const deviation = deviations[feature]!;
      if (deviation === 0) continue; // it was constant in training
      const slope = weights[output * features + feature]! / deviation;
      weight[feature * outputs + output] = slope;
      bias[output]! -= slope * means[feature]!;
    }
  }
  return { weight, bias: Float32Array.from(bias) };
}

/** The first examples of a side, of so many numbers each. */
export function firstOf<Values extends { subarray(from: number, to: number): Values }>(
  values: Values,
  examples: number,
  width: number,
): Values {
  return values.subarray(0, examples * width);
}
