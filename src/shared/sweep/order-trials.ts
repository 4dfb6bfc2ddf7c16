/** Trials of a sweep as tables and charts show them. */
import type { SweepResult, TrialResult } from '../spec/sweep.ts';

/** Those that have come furthest first, the best of them before the others; then those that diverged, and those that are to come. */
export function inOrder({ trials, direction }: Pick<SweepResult, 'trials' | 'direction'>): readonly TrialResult[] {
  const sign = direction === 'minimise' ? 1 : -1;
  const worst = sign * Infinity;
  const keyOf = ({ rungs }: TrialResult): number => sign * (rungs.at(-1)?.value ?? worst);
  return trials.toSorted((a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)];
    return b.rungs.length - a.rungs.length || (x === y ? a.number - b.number : x - y);
  });
}
