// Monotone curves and what is read off them: how many labels pretraining saved.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../../src/shared/random.ts';
import { isotonicFit } from '../../../../src/shared/study/isotonic.ts';
import { labelsSaved, labelsSavedSentence, labelsToReach } from '../../../../src/shared/study/labels-saved.ts';

/** The definition as max–min of means (R. E. Barlow et al., 1972): fit(i) = max over j ≤ i of min over k ≥ i of mean(j … k). */
function slowIsotonic(values: readonly number[], weights: readonly number[]): number[] {
  const average = (from: number, to: number): number => {
    let sum = 0;
    let total = 0;
    for (let index = from; index <= to; index += 1) {
      sum += values[index]! * weights[index]!;
      total += weights[index]!;
    }
    return sum / total;
  };
  const upTo = (end: number) => Array.from({ length: end + 1 }, (_, index) => index);
  const last = values.length - 1;
  return values.map((_, i) =>
    Math.max(...upTo(i).map((j) => Math.min(...upTo(last - i).map((ahead) => average(j, i + ahead))))),
  );
}

describe('the isotonic fit', () => {
  it('is the max–min of means', () => {
    const pair = fc.tuple(fc.double({ min: -5, max: 5, noNaN: true }), fc.double({ min: 0.1, max: 4, noNaN: true }));
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 8 }), (pairs) => {
        const [values, weights] = [pairs.map(([value]) => value), pairs.map(([, weight]) => weight)];
        const expected = slowIsotonic(values, weights);
        for (const [index, value] of isotonicFit(values, weights).entries()) {
          expect(value).toBeCloseTo(expected[index]!, 9);
        }
      }),
    );
  });

  it('leaves what is monotone alone', () => {
    expect(isotonicFit([1, 2, 2, 5])).toEqual([1, 2, 2, 5]);
    expect(isotonicFit([3, 1, 2, 5])).toEqual([2, 2, 2, 5]);
    expect(isotonicFit([])).toEqual([]);
  });
});

describe('labels saved', () => {
  const labels = [10, 100, 1000];

  it('are read between the points of the curve, on a logarithmic scale', () => {
    expect(labelsToReach(0.7, labels, [0.5, 0.6, 0.8])).toEqual({
      labels: expect.closeTo(10 ** 2.5, 6) as number,
      bound: 'exact',
    });
    expect(labelsToReach(0.6, labels, [0.5, 0.6, 0.8])).toEqual({
      labels: expect.closeTo(100, 6) as number,
      bound: 'exact',
    });
  });

  it('are bounds beyond the ends, where nothing was measured', () => {
    expect(labelsToReach(0.9, labels, [0.5, 0.6, 0.8])).toEqual({ labels: 1000, bound: 'more-than' });
    expect(labelsToReach(0.4, labels, [0.5, 0.6, 0.8])).toEqual({ labels: 10, bound: 'at-most' });
  });

  it('do not take a dip of the curve for an answer', () => {
    // Without the dip smoothed out, 0.55 would be reached between 10 and 100 as well as before 1000.
    const { labels: found } = labelsToReach(0.58, labels, [0.6, 0.5, 0.8]);
    expect(found).toBeGreaterThan(100);
  });

  it('have an interval that covers what many seeds would say', () => {
    const truth = labelsToReach(0.66, labels, [0.5, 0.62, 0.74]).labels;
    let covered = 0;
    const trials = 300;
    for (let trial = 0; trial < trials; trial += 1) {
      const stream = randomStream(29, trial);
      const around = (centres: readonly number[]) =>
        centres.map((centre) => Array.from({ length: 8 }, () => centre + 0.02 * stream.normal()));
      const reference = { labels, values: around([0.5, 0.62, 0.74]) };
      const arm = { labels, values: around([0.66, 0.7, 0.76]) };
      const { interval } = labelsSaved(arm, reference, 0, { resamples: 300 });
      if (interval && interval.low.labels <= truth && truth <= interval.high.labels) covered += 1;
    }
    // The percentile bootstrap of eight seeds is a little narrow.
    expect(covered / trials).toBeGreaterThan(0.87);
    expect(covered / trials).toBeLessThan(0.99);
  });

  it('say so in words, also where the curve ends', () => {
    const arm = {
      labels: [10, 100],
      values: [
        [0.79, 0.81],
        [0.9, 0.9],
      ],
    };
    const reference = {
      labels: [10, 100],
      values: [
        [0.5, 0.5],
        [0.8, 0.8],
      ],
    };
    const first = labelsSaved(arm, reference, 0);
    expect(first.interval?.high).toEqual({ labels: 100, bound: 'more-than' });
    expect(labelsSavedSentence(first, 'pretrained', 'scratch')).toBe(
      'What pretrained reaches with 10 labels takes scratch 100 (95 % CI 93 to more than 100).',
    );
    const second = labelsSaved(arm, reference, 1);
    expect(labelsSavedSentence(second, 'pretrained', 'scratch')).toContain('takes scratch more than 100');
    expect(labelsSaved({ labels: [10], values: [[0.7]] }, reference, 0).interval).toBeNull();
  });
});
