// Successive halving against its definition, written out slowly: sort all, keep the first ⌊n·η⁻ᵏ⌋, train these longer.
import { describe, expect, it } from 'vitest';
import type { Score } from '../../../../src/shared/sweep/halving.ts';
import { ranked, rungSizes, survivors } from '../../../../src/shared/sweep/halving.ts';
import { randomStream } from '../../../../src/shared/random.ts';

/** Of the paper: S₀ = {1 … n}; Sₖ₊₁ = the ⌊n · η⁻⁽ᵏ⁺¹⁾⌋ of Sₖ with the least loss after the rung. */
function slowly(losses: readonly (readonly number[])[], factor: number): number[][] {
  const [first = []] = losses;
  let left = first.map((_, index) => index + 1);
  const rungs = [left];
  for (let rung = 1; rung < losses.length; rung++) {
    let size = first.length;
    for (let division = 0; division < rung; division++) size /= factor;
    const kept: number[] = [];
    while (kept.length < Math.floor(size + 1e-9)) {
      let best: number | undefined;
      for (const number of left) {
        if (kept.includes(number)) continue;
        if (best === undefined || losses[rung - 1]![number - 1]! < losses[rung - 1]![best - 1]!) best = number;
      }
      kept.push(best!);
    }
    left = kept.sort((a, b) => a - b);
    rungs.push(left);
  }
  return rungs;
}

const score = (number: number, value: number | null, loss: number | null = null): Score => ({ number, value, loss });

describe('successive halving', () => {
  it.each([
    [27, 3, 4],
    [9, 3, 3],
    [20, 3, 3],
    [16, 2, 5],
    [100, 4, 3],
    [7, 2, 2],
  ])('of %i trials with η = %i and %i rungs keeps what the definition keeps', (trials, factor, rungs) => {
    const random = randomStream(trials, factor);
    const losses = Array.from({ length: rungs }, () => Array.from({ length: trials }, () => random.uniform()));
    const sizes = rungSizes(trials, rungs, factor);
    let numbers: readonly number[] = losses[0]!.map((_, index) => index + 1);
    const kept = [numbers];
    for (let rung = 1; rung < rungs; rung++) {
      const scores = numbers.map((number) => score(number, losses[rung - 1]![number - 1]!));
      numbers = survivors(scores, 'minimise', sizes[rung]!);
      kept.push(numbers);
    }
    expect(kept).toEqual(slowly(losses, factor));
  });

  it('keeps the largest of a metric to maximise', () => {
    expect(survivors([score(1, 0.2), score(2, 0.9), score(3, 0.5)], 'maximise', 2)).toEqual([2, 3]);
  });

  it('lets no trial go on that diverged, however many places there are', () => {
    expect(survivors([score(1, null), score(2, 3), score(3, null)], 'minimise', 2)).toEqual([2]);
  });

  it('takes the smaller loss of equals, then the earlier', () => {
    const scores = [score(1, 0.5, 2), score(2, 0.5, 1), score(3, 0.5, 1), score(4, 0.5)];
    expect(ranked(scores, 'maximise').map(({ number }) => number)).toEqual([2, 3, 1, 4]);
  });
});
