// A sample's experiments build on the sample's own runs, not on whatever a person called the same.
import { describe, expect, it } from 'vitest';
import { findSample } from '../../../src/main/work/samples/index.ts';
import { experimentsOf } from '../../../src/main/work/samples/references.ts';

const run = (id: string, data: string, more: object = {}) => ({
  ...{ id, createdAt: 1, state: 'finished' },
  spec: { name: 'masked-words', data, task: { type: 'masked-words' } },
  ...more,
});

describe('the mail sample', () => {
  const sample = findSample('mail');
  const second = (runs: Parameters<typeof experimentsOf>[1]) => experimentsOf(sample, runs)[1]!;

  it('waits for its own pretraining, whatever else has that name', () => {
    expect(second([]).waitsFor).toBe('masked-words');
    expect(second([run('masked-words-aaaaa', 'my-letters')]).waitsFor).toBe('masked-words');
    expect(second([run('masked-words-bbbbb', 'brown-and-mail', { state: 'running' })]).waitsFor).toBe('masked-words');
  });

  it('names the run by its id once it is there, the latest one', () => {
    const runs = [
      run('masked-words-aaaaa', 'my-letters', { createdAt: 9 }),
      run('masked-words-bbbbb', 'brown-and-mail', { createdAt: 2 }),
      run('masked-words-ccccc', 'brown-and-mail', { createdAt: 1 }),
    ];
    expect(second(runs)).toMatchObject({ waitsFor: null, spec: { from: { run: 'masked-words-bbbbb' } } });
    expect(experimentsOf(sample, runs).map(({ waitsFor }) => waitsFor)).toEqual([null, null, null]);
  });
});
