/** What numbers can be predicted by without a network: their mean, and ridge regression on features. */
import type { TargetScale } from './facts.ts';
import type { Features } from '../baselines/features.ts';
import type { SelectedRidge } from '../baselines/ridge.ts';
import { predictRidge, selectRidge } from '../baselines/ridge.ts';
import type { Baseline, EvaluationSplit } from '../task.ts';
import { standardisedSides } from './classical-sides.ts';
import { evaluateNumbers } from './regression-evaluation.ts';
import type { TargetMaterial } from './target-material.ts';

type Side = 'training' | EvaluationSplit;

/** Row-major [examples, targets] of the examples of a side. */
export type TargetsOfSides = Readonly<Record<Side, Float64Array>>;

/** Ridge regression on features as they come: dense ones are standardised, so that one penalty suits all. */
export async function fitToFeatures(
  features: Readonly<Record<Side, Features>>,
  targets: TargetsOfSides,
  targetCount: number,
  signal: AbortSignal,
): Promise<{ readonly ridge: SelectedRidge; predict(side: EvaluationSplit): Float64Array }> {
  const given = standardisedSides(features);
  const ridge = await selectRidge(
    { features: given('training'), targets: targets.training },
    { features: given('validation'), targets: targets.validation },
    targetCount,
    { signal },
  );
  return { ridge, predict: (side) => predictRidge(ridge, given(side)) };
}

/** Scored on the test split, or on the validation split where there is no test. */
export async function regressionBaselines(
  { source, sides }: TargetMaterial,
  values: Float64Array,
  scale: TargetScale,
  signal: AbortSignal,
): Promise<Baseline[]> {
  const count = scale.names.length;
  const rowsOf = (side: Side): Float64Array =>
    Float64Array.from({ length: sides[side].length * count }, (_, index) => {
      return values[sides[side][Math.floor(index / count)]! * count + (index % count)]!;
    });
  const targets = { training: rowsOf('training'), validation: rowsOf('validation'), test: rowsOf('test') };
  const scored = sides.test.length > 0 ? 'test' : 'validation';
  const score = (predicted: ArrayLike<number>) => evaluateNumbers(scale, targets[scored], predicted).metrics;
  const constant = Float64Array.from(targets[scored], (_, index) => scale.means[index % count]!);
  let best: { readonly name: string; readonly ridge: SelectedRidge; readonly predicted: Float64Array } | undefined;
  for (const { name, features } of source.classical(sides)) {
    const { ridge, predict } = await fitToFeatures(features(), targets, count, signal);
    if (best && ridge.validationError >= best.ridge.validationError) continue;
    best = { name, ridge, predicted: predict(scored) };
  }
  return [
    { name: 'mean', summary: 'Always the mean of the training examples', metrics: score(constant) },
    ...(best
      ? [
          {
            name: 'ridge regression',
            summary: `Ridge regression on ${best.name}, fitted to the same ${sides.training.length} labelled examples; features and penalty were chosen on the validation examples`,
            metrics: score(best.predicted),
          },
        ]
      : []),
  ];
}
