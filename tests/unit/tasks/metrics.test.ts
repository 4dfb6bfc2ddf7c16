import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accuracy,
  accuracyOf,
  addPredictions,
  balancedAccuracy,
  classMetrics,
  confusionMatrix,
  emptyConfusionMatrix,
  macroF1,
} from '../../../src/main/tasks/metrics/classification.ts';
import { logLoss, mostProbable, perplexity, softmaxRows } from '../../../src/main/tasks/metrics/probabilistic.ts';

const labels = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2];
const predictions = [0, 0, 0, 1, 1, 1, 0, 2, 1, 0];

/** scikit-learn's definitions, one example at a time, for one class: the slow version. */
function slowClass(truth: number[], predicted: number[], one: number): [number, number, number] {
  const truePositive = truth.filter((label, index) => label === one && predicted[index] === one).length;
  const falsePositive = truth.filter((label, index) => label !== one && predicted[index] === one).length;
  const falseNegative = truth.filter((label, index) => label === one && predicted[index] !== one).length;
  const divide = (a: number, b: number): number => (b === 0 ? 0 : a / b);
  const precision = divide(truePositive, truePositive + falsePositive);
  const recall = divide(truePositive, truePositive + falseNegative);
  return [precision, recall, divide(2 * precision * recall, precision + recall)];
}

describe('classification metrics', () => {
  it('count and divide as by hand', () => {
    const matrix = confusionMatrix(labels, predictions, 3);
    expect([...matrix.counts]).toEqual([3, 1, 0, 1, 2, 0, 1, 1, 1]);
    expect(accuracy(labels, predictions)).toBe(0.6);
    expect(accuracyOf(matrix)).toBe(0.6);
    expect(classMetrics(matrix)).toEqual([
      { precision: 3 / 5, recall: 3 / 4, f1: 6 / 9, support: 4 },
      { precision: 2 / 4, recall: 2 / 3, f1: 4 / 7, support: 3 },
      { precision: 1, recall: 1 / 3, f1: 1 / 2, support: 3 },
    ]);
    expect(macroF1(matrix)).toBeCloseTo((6 / 9 + 4 / 7 + 1 / 2) / 3, 14);
    expect(balancedAccuracy(matrix)).toBeCloseTo((3 / 4 + 2 / 3 + 1 / 3) / 3, 14);
  });

  it('agree with the definitions example by example', () => {
    const pair = fc.tuple(fc.nat(4), fc.nat(4));
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 40 }), (pairs) => {
        const truth = pairs.map(([label]) => label);
        const predicted = pairs.map(([, prediction]) => prediction);
        const matrix = confusionMatrix(truth, predicted, 5);
        const present = [...new Set([...truth, ...predicted])];
        const reference = present.map((one) => slowClass(truth, predicted, one));
        for (const [index, one] of present.entries()) {
          const metrics = classMetrics(matrix)[one];
          const [precision, recall, f1] = reference[index] ?? [Number.NaN, Number.NaN, Number.NaN];
          expect(metrics?.precision).toBeCloseTo(precision, 12);
          expect(metrics?.recall).toBeCloseTo(recall, 12);
          expect(metrics?.f1).toBeCloseTo(f1, 12);
        }
        expect(macroF1(matrix)).toBeCloseTo(reference.reduce((sum, [, , f1]) => sum + f1, 0) / present.length, 12);
      }),
    );
  });

  it('add up over batches', () => {
    const matrix = emptyConfusionMatrix(3);
    addPredictions(matrix, labels.slice(0, 4), predictions.slice(0, 4));
    addPredictions(matrix, labels.slice(4), predictions.slice(4));
    expect(matrix).toEqual(confusionMatrix(labels, predictions, 3));
  });

  it('leave classes that do not occur out of the means, and refuse classes that do not exist', () => {
    expect(macroF1(confusionMatrix([0, 1], [0, 1], 7))).toBe(1);
    expect(macroF1(confusionMatrix([0, 0], [0, 1], 7))).toBeCloseTo((2 / 3 + 0) / 2, 14);
    expect(() => confusionMatrix([0, 3], [0, 1], 3)).toThrow('The label 3 of example 1 is not one of 3 classes.');
    expect(() => confusionMatrix([0, 1], [0, -1], 3)).toThrow(RangeError);
    expect(() => accuracy([1], [1, 2])).toThrow(RangeError);
    expect(accuracy([], [])).toBeNaN();
  });
});

describe('probabilistic metrics', () => {
  const probabilities = [0.7, 0.2, 0.1, 0.3, 0.4, 0.3, 0.25, 0.25, 0.5, 0.9, 0.05, 0.05];

  it('give the log loss by hand', () => {
    const expected = -(Math.log(0.7) + Math.log(0.3) + Math.log(0.5) + Math.log(0.05)) / 4;
    expect(logLoss(probabilities, [0, 2, 2, 1], 3)).toBeCloseTo(expected, 14);
    expect(perplexity(logLoss([0.25, 0.25, 0.25, 0.25], [3], 4))).toBeCloseTo(4, 12);
    expect(logLoss([1, 0], [1], 2)).toBeCloseTo(52 * Math.LN2, 10); // finite
    expect(() => logLoss([1, 0], [2], 2)).toThrow(RangeError);
    expect(() => logLoss([1, 0, 0], [0], 2)).toThrow(RangeError);
  });

  it('find the most probable', () => {
    expect([...mostProbable(probabilities, 3)]).toEqual([0, 1, 2, 0]);
  });

  it('take the softmax of large logits', () => {
    const softmax = softmaxRows([1000, 1000 + Math.log(3), -5, -5], 2);
    [0.25, 0.75, 0.5, 0.5].forEach((value, index) => {
      expect(softmax[index]).toBeCloseTo(value, 12);
    });
  });
});
