import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apportion, splitDataset, takeLabelled, type SplitMaterial } from '../../src/main/data/split.ts';

const HASH = 'ab'.repeat(32);

function material(counts: readonly number[], groups?: readonly number[], contentHash = HASH): SplitMaterial {
  const labels = Int32Array.from(counts.flatMap((count, label) => Array.from({ length: count }, () => label)));
  return { labels, classes: counts.map((_, label) => `class ${label}`), groups, contentHash };
}

const countsOf = (data: SplitMaterial, side: ArrayLike<number>): number[] =>
  data.classes.map((_, label) => Array.from(side).filter((index) => data.labels[index] === label).length);

describe('splits', () => {
  it('have the classes in proportion', () => {
    const data = material([1000, 200, 50]);
    const split = splitDataset(data, { seed: 1, fractions: { validation: 0.1, test: 0.2 } });
    expect(countsOf(data, split.test)).toEqual([200, 40, 10]);
    expect(countsOf(data, split.validation)).toEqual([100, 20, 5]);
    expect(countsOf(data, split.train)).toEqual([700, 140, 35]);
    const counted = splitDataset(data, { seed: 1, counts: { validation: 25, test: 125 } });
    expect([counted.validation.length, counted.test.length]).toEqual([25, 125]);
    expect(countsOf(data, counted.test)).toEqual([100, 20, 5]);
  });

  it('are a partition in which no group is on two sides, with exact sizes without groups', () => {
    const classes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(classes, fc.integer({ min: 1, max: 60 }), fc.nat(1000), (counts, groupCount, seed) => {
        const size = counts.reduce((sum, count) => sum + count, 0);
        const groups = Array.from({ length: size }, (_, index) => (index * 7919) % groupCount);
        for (const data of [material(counts), material(counts, groups)]) {
          const split = splitDataset(data, { seed });
          const sides = [split.train, split.validation, split.test];
          expect([...sides.flatMap((side) => [...side])].sort((a, b) => a - b)).toEqual(
            Array.from({ length: size }, (_, i) => i),
          );
          expect([...split.train]).toEqual([...split.train].sort((a, b) => a - b));
          if (data.groups === undefined) continue;
          const seen = sides.map((side) => new Set([...side].map((index) => groups[index])));
          expect(seen.reduce((sum, set) => sum + set.size, 0)).toBe(new Set(groups).size);
        }
      }),
    );
  });

  it('have examples of every class at the beginning of what is evaluated', () => {
    const { validation, test } = splitDataset(material([200, 200]), { seed: 1, counts: { validation: 60, test: 60 } });
    for (const side of [validation, test]) {
      expect(Math.min(...countsOf(material([200, 200]), side.slice(0, 20)))).toBeGreaterThan(3);
    }
  });

  it('are fixed by the content and the seed', () => {
    const options = { seed: 5 };
    const first = splitDataset(material([50, 50]), options);
    expect(splitDataset(material([50, 50]), options)).toEqual(first);
    expect(splitDataset(material([50, 50]), { seed: 6 })).not.toEqual(first);
    expect(splitDataset(material([50, 50], undefined, 'cd'.repeat(32)), options)).not.toEqual(first);
  });

  it('put every example into the test side about as often as the share says', () => {
    const data = material([40]);
    const often = new Array<number>(40).fill(0);
    for (let seed = 0; seed < 400; seed += 1) {
      for (const index of splitDataset(data, { seed, fractions: { validation: 0, test: 0.25 } }).test) {
        often[index]! += 1;
      }
    }
    // 100 of 400 expected; the standard deviation of a binomial count is 8.7.
    for (const count of often) expect(Math.abs(count - 100)).toBeLessThan(45);
  });

  it('leave small classes something to train on', () => {
    const data = material([100, 1, 2]);
    const split = splitDataset(data, { seed: 3, fractions: { validation: 0.4, test: 0.5 } });
    expect(Math.min(...countsOf(data, split.train))).toBeGreaterThanOrEqual(1);
  });

  it('refuse what leaves nothing to train on', () => {
    const attempt = () => splitDataset(material([5]), { seed: 1, counts: { validation: 2, test: 3 } });
    expect(attempt).toThrow(expect.objectContaining({ code: 'bad-spec' }));
  });
});

describe('label budgets', () => {
  const data = material([300, 90, 10]);
  const { train } = splitDataset(data, { seed: 1 });

  it('take so many of each class, nested', () => {
    const small = takeLabelled(data, train, { perClass: 3 }, 7);
    const large = takeLabelled(data, train, { perClass: 6 }, 7);
    expect(countsOf(data, small)).toEqual([3, 3, 3]);
    expect(countsOf(data, large)).toEqual([6, 6, 6]);
    expect([...large]).toEqual(expect.arrayContaining([...small]));
    expect([...train]).toEqual(expect.arrayContaining([...large]));
    expect(takeLabelled(data, train, { perClass: 3 }, 8)).not.toEqual(small);
  });

  it('take so many in all, nested, in proportion, each class at least once', () => {
    let previous: number[] = [];
    for (let total = 1; total <= train.length; total += 1) {
      const taken = takeLabelled(data, train, { total }, 7);
      expect(taken.length).toBe(total);
      expect([...taken]).toEqual(expect.arrayContaining(previous));
      previous = [...taken];
      if (total < 3) continue;
      const counts = countsOf(data, taken);
      for (const [label, available] of countsOf(data, train).entries()) {
        expect(counts[label]).toBeGreaterThanOrEqual(1);
        expect(Math.abs(counts[label]! - (available / train.length) * total)).toBeLessThan(2);
      }
    }
  });

  it('that cannot be had are refused', () => {
    const refused = expect.objectContaining({ code: 'bad-spec' });
    expect(() => takeLabelled(data, train, { perClass: 100 }, 1)).toThrow(refused);
    expect(() => takeLabelled(data, train, { total: train.length + 1 }, 1)).toThrow(refused);
    expect(() => takeLabelled(data, train, { total: 0 }, 1)).toThrow(refused);
  });
});

it('apportions to the total', () => {
  expect(apportion([1.5, 1.5, 2])).toEqual([2, 1, 2]);
  expect(apportion([0.4, 0.3, 0.3])).toEqual([1, 0, 0]);
  expect(apportion([3, 0])).toEqual([3, 0]);
});
