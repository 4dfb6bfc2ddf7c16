import { describe, expect, it } from 'vitest';
import { findTask } from '../../../../src/main/tasks/index.ts';

const types = [
  'masked-words',
  'next-sentence',
  'sentence-order',
  'masked-words-next-sentence',
  'masked-words-sentence-order',
  'text-classification',
];

describe('the options of text tasks', () => {
  it('have a default and a description each, and unknown ones are refused', () => {
    for (const type of types) {
      const { options } = findTask(type);
      expect(options.safeParse({}).success).toBe(true);
      expect(options.safeParse({ lenght: 64 }).success).toBe(false);
    }
    expect(findTask('masked-words').options.safeParse({ keepProbability: 0.6, randomProbability: 0.6 }).success).toBe(
      false,
    );
    expect(findTask('text-classification').options.safeParse({ labelBudget: { perClass: 2, total: 9 } }).success).toBe(
      false,
    );
  });
});
