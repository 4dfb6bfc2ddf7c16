import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { characterErrorRate, editDistance, wordErrorRate } from '../../../src/shared/text-distance.ts';

/** The recursive definition: the slow version. */
function slowDistance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const [first, second] = [a.slice(1), b.slice(1)];
  const replaced = slowDistance(first, second);
  return a.charCodeAt(0) === b.charCodeAt(0)
    ? replaced
    : 1 + Math.min(replaced, slowDistance(first, b), slowDistance(a, second));
}

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });

describe('editDistance', () => {
  it.each([
    ['kitten', 'sitting', 3],
    ['saturday', 'sunday', 3],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['', '', 0],
    ['flaw', 'lawn', 2],
  ])('%s → %s', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('agrees with its recursive definition', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(slowDistance(a, b));
      }),
    );
  });

  it('compares numbers as well as characters', () => {
    expect(editDistance(Uint16Array.of(1, 2, 3), [1, 3])).toBe(1);
  });
});

describe('error rates', () => {
  it('weigh pairs by their length', () => {
    const pairs = [
      { reference: 'abcdefgh', hypothesis: 'abcdefgh' },
      { reference: 'ab', hypothesis: 'xy' },
    ];
    expect(characterErrorRate(pairs)).toBe(2 / 10); // not the mean of 0 and 1
    expect(wordErrorRate([{ reference: 'the cat  sat\n', hypothesis: 'the hat sat down' }])).toBe(2 / 3);
  });

  it('count a character once, however it is written', () => {
    expect(characterErrorRate([{ reference: 'é😀', hypothesis: 'e\u0301x' }])).toBe(1 / 2);
  });

  it('are not a number without a reference', () => {
    expect(characterErrorRate([{ reference: '', hypothesis: 'a' }])).toBeNaN();
  });
});
