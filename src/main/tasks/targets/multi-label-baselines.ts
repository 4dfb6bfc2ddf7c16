/** What several labels can be told by without a network: how often each occurs, and logistic regression on features. */
import { selectSeveralLogistic, severalProbabilities } from '../baselines/several-logistic.ts';
import type { Baseline, EvaluationSplit } from '../task.ts';
import { standardisedSides } from './classical-sides.ts';
import { evaluateLabels } from './multi-label-evaluation.ts';
import type { TargetMaterial } from './target-material.ts';

type Side = 'training' | EvaluationSplit;

/** Scored on the test split, or on the validation split where there is no test; thresholds are of the validation split. */
export async function multiLabelBaselines(
  { source, sides }: TargetMaterial,
  names: readonly string[],
  values: Uint8Array,
  signal: AbortSignal,
): Promise<Baseline[]> {
  const count = names.length;
  const labelsOf = (side: Side): Uint8Array =>
    Uint8Array.from({ length: sides[side].length * count }, (_, index) => {
      return values[sides[side][Math.floor(index / count)]! * count + (index % count)]!;
    });
  const labels = { training: labelsOf('training'), validation: labelsOf('validation'), test: labelsOf('test') };
  const scored = sides.test.length > 0 ? 'test' : 'validation';
  const score = (predict: (side: EvaluationSplit) => ArrayLike<number>) => {
    const { thresholds } = evaluateLabels(names, labels.validation, predict('validation'));
    return evaluateLabels(names, labels[scored], predict(scored), thresholds).metrics;
  };
  const frequencies = names.map((_, label) => {
    let sum = 0;
    for (let at = label; at < labels.training.length; at += count) sum += labels.training[at]!;
    return sum / sides.training.length;
  });
  const constant = (side: EvaluationSplit) =>
    Float64Array.from(labels[side], (_, index) => frequencies[index % count]!);
  let best:
    | { readonly name: string; readonly loss: number; readonly predict: (side: EvaluationSplit) => Float64Array }
    | undefined;
  for (const { name, features } of source.classical(sides)) {
    const given = standardisedSides(features());
    const fitted = await selectSeveralLogistic(
      { features: given('training'), labels: labels.training },
      { features: given('validation'), labels: labels.validation },
      count,
      { signal },
    );
    if (best && fitted.validationLoss >= best.loss) continue;
    best = { name, loss: fitted.validationLoss, predict: (side) => severalProbabilities(fitted, given(side)) };
  }
  return [
    {
      name: 'label frequencies',
      summary: 'The same for every example: how often each label occurs in training',
      metrics: score(constant),
    },
    ...(best
      ? [
          {
            name: 'logistic regression',
            summary: `One logistic regression for each label on ${best.name}, fitted to the same ${sides.training.length} labelled examples; features and penalty were chosen on the validation examples`,
            metrics: score(best.predict),
          },
        ]
      : []),
  ];
}
