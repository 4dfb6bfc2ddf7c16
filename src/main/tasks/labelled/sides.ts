/** The sides of a labelled dataset: a split, of whose training examples a label budget leaves some. */
import type { Split, SplitMaterial } from '../../data/split.ts';
import { takeLabelled } from '../../data/split.ts';
import type { EvaluationSplit, ExampleSides, SamplerSetup } from '../task.ts';
import { withoutExcluded } from '../task.ts';
import type { LabelBudget } from './label-budget.ts';
import { budgetOf } from './label-budget.ts';

export type Side = 'training' | EvaluationSplit;

/** What is made of each side. */
export function bySide<Part>(make: (side: Side) => Part): Readonly<Record<Side, Part>> {
  return { training: make('training'), validation: make('validation'), test: make('test') };
}

/** What a run is scored on: the test, or the validation examples where there is none. */
export function scoredSide({ test, validation }: ExampleSides): Uint32Array {
  return test.length > 0 ? test : validation;
}

/**
 * The split as a run sees it: training examples within its budget, and a test without what its network has seen elsewhere.
 * Throws `LabError('bad-spec')` for a budget that is too large.
 */
export function drawSides(
  material: SplitMaterial,
  { train, validation, test }: Split,
  {
    options: { labelBudget },
    splitSeed,
    labelSeed,
    excludedFromTest,
  }: Pick<SamplerSetup<{ readonly labelBudget?: LabelBudget | undefined }>, 'options' | DrawnBy>,
): ExampleSides {
  const budget = budgetOf(labelBudget);
  const training = budget ? takeLabelled(material, train, budget, labelSeed ?? splitSeed) : train;
  return withoutExcluded({ training, validation, test }, excludedFromTest);
}

type DrawnBy = 'splitSeed' | 'labelSeed' | 'excludedFromTest';
