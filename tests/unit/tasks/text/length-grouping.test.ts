import { describe, expect, it } from 'vitest';
import { permutation } from '../../../../src/shared/random.ts';
import { groupedByLength } from '../../../../src/main/tasks/text/length-grouping.ts';

const batchSize = 4;
const inGroup = 16 * batchSize;
const examples = 100;
const lengthOf = (example: number): number => (example * 7) % 53;

/** Every example once an epoch. */
function exampleAt(seed: number, counter: number): number {
  return permutation(examples, seed + Math.floor(counter / examples))(counter % examples);
}

describe('batches of texts of similar length', () => {
  it('hold the examples that would come at this time anyway', () => {
    const batches = groupedByLength(exampleAt, lengthOf);
    for (let group = 0; group < 5; group++) {
      const drawn = Array.from({ length: inGroup }, (_, place) => exampleAt(3, group * inGroup + place));
      const grouped = Array.from({ length: 16 }, (_, step) => batches(3, group * 16 + step, batchSize)).flat();
      expect(grouped.toSorted((a, b) => a - b)).toEqual(drawn.toSorted((a, b) => a - b));
    }
  });

  it('are alike in length, and come in random order', () => {
    const batches = groupedByLength(exampleAt, lengthOf);
    const longest: number[] = [];
    for (let step = 0; step < 16; step++) {
      const lengths = batches(1, step, batchSize).map(lengthOf);
      expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThan(15);
      longest.push(Math.max(...lengths));
    }
    expect(longest).not.toEqual(longest.toSorted((a, b) => a - b));
  });

  it('are a function of seed and step, in whatever order they are asked for', () => {
    const steps = [0, 17, 3, 40, 3];
    const forwards = groupedByLength(exampleAt, lengthOf);
    const backwards = groupedByLength(exampleAt, lengthOf);
    const asked = steps.map((step) => forwards(5, step, batchSize));
    expect(steps.toReversed().map((step) => backwards(5, step, batchSize)).toReversed()).toEqual(asked); // prettier-ignore
    expect(asked[2]).toEqual(asked[4]);
    expect(forwards(6, 3, batchSize)).not.toEqual(asked[2]);
    expect(forwards(5, 3, 2)).toHaveLength(2);
  });
});
