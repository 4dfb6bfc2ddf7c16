/** What networks on numbers and on several labels depend on of the data, and what is said of their answers. */
import type { RegressionMetrics } from '../metrics/regression.ts';

/** Labels of which an example may have several. */
export interface LabelSet {
  readonly names: readonly string[];
  /** How much more each may count in training where it is there: examples without it for each one with it. */
  readonly positiveWeights: readonly number[];
  /** From which probability on it is answered; chosen on the validation split when the run ends. */
  readonly thresholds?: readonly number[];
}

/** Mean and deviation of each target over the training examples. */
export interface TargetScale {
  readonly names: readonly string[];
  readonly means: readonly number[];
  /** 1 for a target that was constant. */
  readonly deviations: readonly number[];
}

/** A target in its own unit, with some of its [true, predicted] values. */
export interface TargetResult extends RegressionMetrics {
  readonly name: string;
  readonly points: readonly (readonly [truth: number, predicted: number])[];
}
