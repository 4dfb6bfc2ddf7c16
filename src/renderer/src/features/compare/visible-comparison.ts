/** A comparison without the runs that are hidden: what still differs, and what is best of those that are left. */
import { bestOf } from '../../../../shared/best-result.ts';
import type { ComparedRuns } from '../../../../shared/contract/compare.ts';

export function withoutRuns(compared: ComparedRuns, hidden: ReadonlySet<string>): ComparedRuns {
  const places = compared.runs.flatMap(({ id }, index) => (hidden.has(id) ? [] : [index]));
  if (places.length === compared.runs.length) return compared;
  const left = <Value>(values: readonly Value[]): Value[] => places.map((place) => values[place] as Value); // all have as many
  const differences = compared.differences.map((one) => ({ ...one, values: left(one.values) }));
  const differing = differences.filter(({ values }) => new Set(values).size > 1);
  return {
    runs: left(compared.runs),
    differences: differing,
    same: compared.same + differences.length - differing.length,
    results: compared.results.map((one) => {
      const values = left(one.values);
      return { ...one, values, best: bestOf(values, one.direction) };
    }),
  };
}
