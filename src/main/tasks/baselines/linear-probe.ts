/**
 * The linear probe: logistic regression on the frozen features of a network, the usual measure of what a representation makes
 * easy (G. Alain and Y. Bengio, "Understanding intermediate layers using linear classifier probes", 2016). Features are
 * standardised first, so that one penalty suits all of them; the penalty is chosen on validation examples.
 */
import { denseFeatures } from './features.ts';
import type { DenseFeatures } from './features.ts';
import { predictProbabilities, selectLogisticRegression } from './logistic-regression.ts';
import type { SelectedRegression, SelectionOptions } from './logistic-regression.ts';

/** Mean and spread of every feature over the training examples. */
export interface Standardisation {
  readonly means: Float64Array;
  /** Population standard deviations; 0 for features that are constant up to rounding. */
  readonly deviations: Float64Array;
}

export interface LabelledDenseFeatures {
  readonly features: DenseFeatures;
  readonly labels: ArrayLike<number>;
}

export interface LinearProbe extends SelectedRegression {
  readonly standardisation: Standardisation;
}

export function fitStandardisation(features: DenseFeatures): Standardisation {
  const { rows, columns, values } = features;
  const means = new Float64Array(columns);
  const deviations = new Float64Array(columns);
  for (let position = 0; position < values.length; position += 1) {
    means[position % columns]! += values[position]! / rows;
  }
  for (let position = 0; position < values.length; position += 1) {
    deviations[position % columns]! += (values[position]! - means[position % columns]!) ** 2 / rows;
  }
  for (let column = 0; column < columns; column += 1) {
    const deviation = Math.sqrt(deviations[column]!);
    // Below float32 resolution there is nothing but rounding noise, which must not be blown up.
    deviations[column] = deviation > 1e-6 * Math.abs(means[column]!) ? deviation : 0;
  }
  return { means, deviations };
}

/** (value − mean) / deviation; features that were constant in training become 0. */
export function standardise(standardisation: Standardisation, features: DenseFeatures): DenseFeatures {
  const { means, deviations } = standardisation;
  const { rows, columns, values } = features;
  if (columns !== means.length) throw new RangeError(`${columns} features, where ${means.length} were standardised.`);
  const result = new Float32Array(values.length);
  for (let position = 0; position < values.length; position += 1) {
    const column = position % columns;
    const deviation = deviations[column]!;
    result[position] = deviation === 0 ? 0 : (values[position]! - means[column]!) / deviation;
  }
  return denseFeatures(result, rows, columns);
}

/**
 * Fits a probe. Of several stages of a network, probe each and keep the one with the best `validationAccuracy`: for transfer
 * the last stage often is not the best.
 * @throws LabError 'aborted' when the signal fires.
 */
export async function fitLinearProbe(
  training: LabelledDenseFeatures,
  validation: LabelledDenseFeatures,
  classCount: number,
  options: SelectionOptions = {},
): Promise<LinearProbe> {
  const standardisation = fitStandardisation(training.features);
  const selected = await selectLogisticRegression(
    { features: standardise(standardisation, training.features), labels: training.labels },
    { features: standardise(standardisation, validation.features), labels: validation.labels },
    classCount,
    options,
  );
  return { ...selected, standardisation };
}

/** Probabilities of the classes, row-major [rows, classes], from features that are not yet standardised. */
export function probeProbabilities(probe: LinearProbe, features: DenseFeatures): Float64Array {
  return predictProbabilities(probe.model, standardise(probe.standardisation, features));
}
