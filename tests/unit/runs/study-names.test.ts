// The names of a study's runs: what tells runs apart is never cut off.
import { expect, it } from 'vitest';
import { runName } from '../../../src/main/runs/study-plan.ts';

it('joins what is short', () => {
  expect(runName(['study', '20-labels', 'pretrained'], 3)).toBe('study.20-labels.pretrained.3');
});

it('keeps the seed of a long name, and names of conditions that differ at their ends apart', () => {
  const long = 'a-very-long-name-of-a-study-that-someone-gave-it-in-a-good-mood';
  const names = [1, 12].flatMap((seed) =>
    ['x', 'y'].map((end) => runName([long, `${long}-${end}`, 'pretrained'], seed)),
  );
  expect(new Set(names).size).toBe(4);
  for (const name of names) expect(name.length).toBeLessThanOrEqual(80);
  expect(names.map((name) => name.split('.').at(-1))).toEqual(['1', '1', '12', '12']);
});
