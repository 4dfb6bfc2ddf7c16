// What is compared when runs are hidden: the table speaks of those that are left.
import { describe, expect, it } from 'vitest';
import { withoutRuns } from '../../../src/renderer/src/features/compare/visible-comparison.ts';
import { isBest } from '../../../src/shared/best-result.ts';
import type { ComparedRuns } from '../../../src/shared/contract/compare.ts';
import type { Run } from '../../../src/shared/contract/runs.ts';

const compared: ComparedRuns = {
  runs: ['a', 'b', 'c'].map((id) => ({ id }) as Run), // the rest is not read
  differences: [
    { field: 'spec.seed', title: 'seed', values: [0, 1, 1] },
    { field: 'spec.training.steps', title: 'training.steps', values: [10, 20, 30] },
  ],
  same: 7,
  results: [
    { metric: 'test.accuracy', direction: 'maximise', values: [0.9, 0.5, 0.5], best: 0 },
    { metric: 'test.loss', direction: 'minimise', values: [1, null, 2], best: 0 },
    { metric: 'test.examples', direction: null, values: [1, 2, 3], best: null },
  ],
};

describe('a comparison without hidden runs', () => {
  it('says what still differs, and what is best of those that are left', () => {
    expect(withoutRuns(compared, new Set())).toBe(compared);
    const left = withoutRuns(compared, new Set(['a', 'gone']));
    expect(left.runs.map(({ id }) => id)).toEqual(['b', 'c']);
    expect(left.differences).toEqual([{ field: 'spec.training.steps', title: 'training.steps', values: [20, 30] }]);
    expect(left.same).toBe(8);
    expect(left.results.map(({ best }) => best)).toEqual([0, 1, null]);
    expect(withoutRuns(compared, new Set(['a', 'c'])).results[1]).toMatchObject({ values: [null], best: null });
  });

  it('marks all that are as good as the best', () => {
    const [accuracy, loss] = withoutRuns(compared, new Set(['a'])).results;
    expect([0, 1].map((index) => isBest(accuracy!, index))).toEqual([true, true]);
    expect([0, 1].map((index) => isBest(loss!, index))).toEqual([false, true]);
  });
});
