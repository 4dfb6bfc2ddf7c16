// Splits of examples with several labels: every label is on every side in proportion, groups stay together, few labels are for training.
import { describe, expect, it } from 'vitest';
import { splitDataset } from '../../src/main/data/split.ts';
import { stratifyLabels } from '../../src/main/data/split-labels.ts';
import { randomStream } from '../../src/shared/random.ts';

const COUNT = 4;
/** Shares of the labels: the last is rare. */
const SHARES = [0.5, 0.3, 0.1, 0.02];

function material(size: number, groupSize = 1) {
  const stream = randomStream(5, 2);
  const values = Uint8Array.from({ length: size * COUNT }, (_, at) => Number(stream.uniform() < SHARES[at % COUNT]!));
  return {
    labels: new Int32Array(size),
    classes: ['text'],
    contentHash: '0123456789abcdef',
    groups: Uint32Array.from({ length: size }, (_, example) => Math.floor(example / groupSize)),
    labelSets: { count: COUNT, values },
  };
}

describe('splits by several labels', () => {
  it('have each label on every side in proportion, better than by chance', () => {
    const set = material(1000);
    const { train, validation, test } = splitDataset(set, { seed: 1, fractions: { validation: 0.1, test: 0.2 } });
    expect(train.length + validation.length + test.length).toBe(1000);
    expect(Math.abs(test.length - 200)).toBeLessThanOrEqual(3);
    expect(Math.abs(validation.length - 100)).toBeLessThanOrEqual(3);
    const countOf = (examples: ArrayLike<number>, label: number): number =>
      Array.from(examples).reduce((sum, example) => sum + set.labelSets.values[example * COUNT + label]!, 0);
    const all = Array.from({ length: 1000 }, (_, example) => example);
    for (let label = 0; label < COUNT; label += 1) {
      expect(Math.abs(countOf(test, label) - 0.2 * countOf(all, label)), `label ${label}`).toBeLessThanOrEqual(2);
      expect(Math.abs(countOf(validation, label) - 0.1 * countOf(all, label)), `label ${label}`).toBeLessThanOrEqual(2);
    }
  });

  it('keep groups together and depend on the seed alone', () => {
    const set = material(300, 3);
    const split = splitDataset(set, { seed: 1 });
    const sideOf = new Map<number, string>();
    for (const [side, examples] of Object.entries(split)) {
      for (const example of examples) {
        const group = set.groups[example]!;
        expect(sideOf.get(group) ?? side).toBe(side);
        sideOf.set(group, side);
      }
    }
    expect(splitDataset(set, { seed: 1 })).toEqual(split);
    expect(splitDataset(set, { seed: 2 })).not.toEqual(split);
  });

  it('keep the sides that come with the material', () => {
    const set = material(100);
    const sides = Uint8Array.from({ length: 100 }, (_, example) => (example < 30 ? 3 : 1));
    const { test, validation } = splitDataset({ ...set, sides }, { seed: 1 });
    expect([...test].sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, example) => example));
    expect(validation.every((example) => example >= 30)).toBe(true);
  });

  it('deal a label of a single example to the largest side', () => {
    const values = Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const units = Array.from({ length: 10 }, (_, example) => [example]);
    expect(stratifyLabels(units, { count: 1, values }, [2, 1, 7])[0]).toBe(2);
  });
});
