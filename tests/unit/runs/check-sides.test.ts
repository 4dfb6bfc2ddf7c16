import { describe, expect, it } from 'vitest';
import { classSides, requireExamples, sideWarnings } from '../../../src/main/runs/check-sides.ts';
import type { TaskSampler } from '../../../src/main/tasks/index.ts';

/** A sampler of which nothing is asked but its sides. */
function samplerOf(training: number[], validation: number[], test: number[], labels?: number[]): TaskSampler {
  const sides = {
    training: Uint32Array.from(training),
    validation: Uint32Array.from(validation),
    test: Uint32Array.from(test),
  };
  const refuse = (): never => {
    throw new Error('not asked for');
  };
  return {
    input: { kind: 'tokens', length: 1, vocabularySize: 1 },
    trainingExamples: training.length,
    sides,
    ...(labels && { labels: Int32Array.from(labels), classes: ['a', 'b', 'c'] }),
    ...{ trainingBatch: refuse, evaluationBatchCount: refuse, evaluationBatch: refuse, preview: refuse, close: refuse },
  };
}

describe('the sides of a split, before training', () => {
  it('have examples, or what to do is said', () => {
    expect(() => {
      requireExamples(samplerOf([0, 1], [], [2]), 0.2);
    }).toThrow(/validation side has none of the 3 examples\. Import more, raise task\.validationFraction/);
    expect(() => {
      requireExamples(samplerOf([0, 1], [2], []), 0.2);
    }).toThrow(/test side has none .*or set it to 0/);
    expect(() => {
      requireExamples(samplerOf([], [0], [1]), 0.2);
    }).toThrow(/training side has none of the 2 examples/);
    requireExamples(samplerOf([0, 1], [2], []), 0);
  });

  it('have every class on the test side, unless there is none', () => {
    const sampler = samplerOf([0, 1, 2], [3], [4, 5], [0, 1, 2, 0, 0, 1]);
    expect(() => {
      requireExamples(sampler, 0.2);
    }).toThrow(/The class “c” has no test example/);
    requireExamples(sampler, 0);
    expect(classSides(sampler)).toEqual([
      { name: 'a', training: 1, validation: 1, test: 1 },
      { name: 'b', training: 1, validation: 0, test: 1 },
      { name: 'c', training: 1, validation: 0, test: 0 },
    ]);
  });

  it('are warned of where nothing can be told from them', () => {
    const many = { name: 'a', training: 80, validation: 10, test: 20 };
    expect(sideWarnings([many])).toEqual([]);
    expect(sideWarnings([many, { name: 'b', training: 3, validation: 0, test: 1 }])).toEqual([
      expect.stringContaining('Fewer than 10 test examples of “b”'),
    ]);
    expect(sideWarnings([many, { name: 'b', training: 0, validation: 0, test: 12 }])).toEqual([
      expect.stringContaining('No training example of “b”'),
    ]);
  });
});
