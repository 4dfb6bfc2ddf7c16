/** What numbers can be predicted by without a network: their mean, and ridge regression on features. */
import { ridgeRegression } from '../linear/numbers.ts';
import type { ClassicalMaterial } from '../linear/linear-method.ts';
import { bestOfCandidates, classicalMaterial } from '../linear/linear-method.ts';
import type { Side } from '../labelled/sides.ts';
import { bySide } from '../labelled/sides.ts';
import type { Baseline } from '../task.ts';
import type { TargetScale } from './facts.ts';
import { standardisedRows } from './number-scale.ts';
import { evaluateNumbers } from './regression-evaluation.ts';
import type { TargetMaterial } from './target-material.ts';

/** Ridge regression on each kind of features; what is chosen is chosen on the validation examples. */
export function classicalNumbers(
  { source, sides }: TargetMaterial,
  values: Float64Array,
  scale: TargetScale,
): ClassicalMaterial {
  const rows = (side: Side) => ({
    values: Float64Array.from(standardisedRows(scale, values, Array.from(sides[side]))),
  });
  return classicalMaterial(ridgeRegression(bySide(rows), scale), source.classical(sides), source.close.bind(source));
}

/** Scored on the test split, or on the validation split where there is no test. */
export async function regressionBaselines(
  material: TargetMaterial,
  values: Float64Array,
  scale: TargetScale,
  signal: AbortSignal,
): Promise<Baseline[]> {
  const { sides } = material;
  const count = scale.names.length;
  const scored = sides.test.length > 0 ? 'test' : 'validation';
  const truth = Float64Array.from({ length: sides[scored].length * count }, (_, index) => {
    return values[sides[scored][Math.floor(index / count)]! * count + (index % count)]!;
  });
  const constant = truth.map((_, index) => scale.means[index % count]!);
  const classical = classicalNumbers(material, values, scale);
  const best = await bestOfCandidates(classical, ({ metrics }) => -metrics.standardisedError!, signal);
  return [
    {
      name: 'mean',
      summary: 'Always the mean of the training examples',
      metrics: evaluateNumbers(scale, truth, constant).metrics,
    },
    ...(best
      ? [
          {
            name: 'ridge regression',
            summary: `Ridge regression on ${best.name}, fitted to the same ${sides.training.length} labelled examples; features and penalty were chosen on the validation examples`,
            metrics: best.fit.evaluate(scored).metrics,
          },
        ]
      : []),
  ];
}
