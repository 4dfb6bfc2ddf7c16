/** The options that every task with classes has, whatever it classifies. */
import { z } from 'zod';
import { labelBudgetOption } from '../labelled/label-budget.ts';
import { splitOptions } from '../labelled/split-options.ts';

/** @param examples what a person calls them, such as "images" */
export function classificationOptions(examples: string) {
  return {
    ...splitOptions(examples),
    labelBudget: labelBudgetOption(examples),
    classWeights: z
      .enum(['none', 'balanced'])
      .default('none')
      .describe(
        `Balanced: ${examples} of rare classes count more in the training loss, in inverse proportion to their number`,
      ),
  };
}

export type ClassWeighting = 'none' | 'balanced';
