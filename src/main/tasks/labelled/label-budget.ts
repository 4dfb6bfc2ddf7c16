/** How many labels a supervised task trains on: an option that all of them share. */
import { z } from 'zod';

const count = z.int().min(1).optional();

/** At most one of its members is given; none is no limit. */
export interface LabelBudget {
  readonly total?: number | undefined;
  readonly perClass?: number | undefined;
}

/** The option of a task that draws its labels of classes. `examples` is what a person calls them, such as "images". */
export function labelBudgetOption(examples: string) {
  return z
    .strictObject({
      total: count.describe(`Train on this many ${examples}, the classes in proportion`),
      perClass: count.describe(`Train on this many ${examples} of each class`),
    })
    .refine(({ total, perClass }) => total === undefined || perClass === undefined, {
      message: 'give total or perClass, not both',
    })
    .optional()
    .describe(`Train on few labelled ${examples}; larger budgets contain smaller ones. All of them by default`);
}

/** The option of a task without classes. */
export function totalBudgetOption(examples: string) {
  return z
    .strictObject({ total: count.describe(`Train on this many ${examples}`) })
    .optional()
    .describe(`Train on few labelled ${examples}. All of them by default`);
}

/** The budget that is given, as the splits take it; undefined where there is no limit. */
export function budgetOf(
  budget: LabelBudget | undefined,
): { readonly perClass: number } | { readonly total: number } | undefined {
  if (budget?.perClass !== undefined) return { perClass: budget.perClass };
  return budget?.total === undefined ? undefined : { total: budget.total };
}
