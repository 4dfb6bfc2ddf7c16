/** Features of each side as linear models take them. */
import type { DenseFeatures, Features } from '../baselines/features.ts';
import { fitStandardisation, standardise } from '../baselines/linear-probe.ts';
import type { EvaluationSplit } from '../task.ts';

type Side = 'training' | EvaluationSplit;

/** Dense ones are standardised by the training side, so that one penalty suits all of them; sparse ones stay as they are. */
export function standardisedSides(features: Readonly<Record<Side, Features>>): (side: Side) => Features {
  const { training } = features;
  if (training.kind === 'sparse') return (side) => features[side];
  const standardisation = fitStandardisation(training);
  // All sides come from one describer, so they are of one kind.
  return (side) => standardise(standardisation, features[side] as DenseFeatures);
}
