/** How every task's program ends: with its loss, which prediction has none of. */
import type { Program, Value } from '../graph/index.ts';
import { constant, output } from '../graph/index.ts';

/**
 * Names the scalar output `loss`. A program for prediction has no labels: its loss is undefined, and a constant that is no output
 * stands in for it.
 */
export function namedLoss(program: Program, loss: Value | undefined): { readonly loss: Value } {
  if (!loss) return { loss: constant(program, 0) };
  output(program, 'loss', loss);
  return { loss };
}
