/** Axes of parallel coordinates of compared runs: one for each setting that differs, and one for each result. */
import type { ComparedRuns } from '../../../../shared/contract/compare.ts';
import type { ParallelAxis } from '../../charts/parallel/parallel-axis.ts';
import { parallelAxis } from '../../charts/parallel/parallel-axis.ts';

/** Settings that differ first, then the results that are worth an axis: the chief ones of the splits. */
export function parallelAxes(compared: ComparedRuns, results: readonly string[]): ParallelAxis[] {
  // Settings that go together, such as the two seeds of a study, are one axis.
  const seen = new Set<string>();
  const differences = compared.differences.filter(({ values }) => {
    const together = JSON.stringify(values);
    return !seen.has(together) && seen.add(together);
  });
  return [
    ...differences.map(({ field, title, values }) => parallelAxis(field, title, values)),
    ...compared.results
      .filter(({ metric }) => results.includes(metric))
      .map(({ metric, values }) => parallelAxis(`result ${metric}`, metric, values)),
  ].filter((axis) => axis !== undefined);
}
