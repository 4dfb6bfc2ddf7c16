/** What several labels can be told by without a network: how often each occurs, and logistic regression on features. */
import type { ClassicalMaterial } from '../linear/linear-method.ts';
import { bestOfCandidates, classicalMaterial } from '../linear/linear-method.ts';
import { logisticRegressions } from '../linear/several-labels.ts';
import type { Side } from '../labelled/sides.ts';
import { bySide } from '../labelled/sides.ts';
import type { Baseline, EvaluationSplit } from '../task.ts';
import { evaluateLabels } from './multi-label-evaluation.ts';
import type { TargetMaterial } from './target-material.ts';

/** Labels of each side, row-major [examples, labels]. */
function labelsBySide({ sides }: TargetMaterial, count: number, values: Uint8Array) {
  const labelsOf = (side: Side): Float64Array =>
    Float64Array.from({ length: sides[side].length * count }, (_, index) => {
      return values[sides[side][Math.floor(index / count)]! * count + (index % count)]!;
    });
  return bySide((side) => ({ values: labelsOf(side) }));
}

/** A logistic regression for each label on each kind of features; what is chosen is chosen on the validation examples. */
export function classicalLabels(
  material: TargetMaterial,
  names: readonly string[],
  values: Uint8Array,
): ClassicalMaterial {
  const { source, sides } = material;
  const method = logisticRegressions(labelsBySide(material, names.length, values), names);
  return classicalMaterial(method, source.classical(sides), source.close.bind(source));
}

/** Scored on the test split, or on the validation split where there is no test; thresholds are of the validation split. */
export async function multiLabelBaselines(
  material: TargetMaterial,
  names: readonly string[],
  values: Uint8Array,
  signal: AbortSignal,
): Promise<Baseline[]> {
  const { sides } = material;
  const count = names.length;
  const labels = labelsBySide(material, count, values);
  const scored = sides.test.length > 0 ? 'test' : 'validation';
  const frequencies = names.map((_, label) => {
    let sum = 0;
    for (let at = label; at < labels.training.values.length; at += count) sum += labels.training.values[at]!;
    return sum / sides.training.length;
  });
  const constant = (side: EvaluationSplit) => labels[side].values.map((_, index) => frequencies[index % count]!);
  const { thresholds } = evaluateLabels(names, labels.validation.values, constant('validation'));
  const classical = classicalLabels(material, names, values);
  const best = await bestOfCandidates(classical, ({ metrics }) => -metrics.loss!, signal);
  return [
    {
      name: 'label frequencies',
      summary: 'The same for every example: how often each label occurs in training',
      metrics: evaluateLabels(names, labels[scored].values, constant(scored), thresholds).metrics,
    },
    ...(best
      ? [
          {
            name: 'logistic regression',
            summary: `One logistic regression for each label on ${best.name}, fitted to the same ${sides.training.length} labelled examples; features and penalty were chosen on the validation examples`,
            metrics: best.fit.evaluate(scored).metrics,
          },
        ]
      : []),
  ];
}
