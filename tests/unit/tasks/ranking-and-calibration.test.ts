import { describe, expect, it } from 'vitest';
import {
  atTemperature,
  calibrationError,
  fitTemperature,
  reliability,
} from '../../../src/main/tasks/metrics/calibration.ts';
import { logLoss, softmaxRows } from '../../../src/main/tasks/metrics/probabilistic.ts';
import {
  areaUnderRoc,
  averagePrecision,
  bestByF1,
  f1Of,
  operations,
  rankingMetrics,
  scoresOf,
} from '../../../src/main/tasks/metrics/ranking.ts';
import { randomStream } from '../../../src/shared/random.ts';

const stream = randomStream(11, 3);
/** Scores with many ties. */
const scores = Array.from({ length: 200 }, () => stream.integer(40) / 40);
const labels = scores.map((score) => (stream.integer(100) < 30 + 60 * score ? 1 : 0));
const isPositive = (example: number): boolean => labels[example] === 1;
const positives = labels.filter((label) => label === 1).length;

/** The definition: pairs of a positive and a negative, one after the other. */
function slowArea(): number {
  let [inOrder, pairs] = [0, 0];
  for (const [one, label] of labels.entries()) {
    for (const [other, otherLabel] of labels.entries()) {
      if (label !== 1 || otherLabel !== 0) continue;
      pairs += 1;
      inOrder += scores[one]! > scores[other]! ? 1 : scores[one] === scores[other] ? 0.5 : 0;
    }
  }
  return inOrder / pairs;
}

/** What answering yes from each threshold on finds, counted anew for each. */
const slowly = [...new Set(scores)]
  .sort((a, b) => b - a)
  .map((threshold) => {
    const yes = labels.filter((_, example) => scores[example]! >= threshold);
    const right = yes.filter((label) => label === 1).length;
    return { threshold, precision: right / yes.length, recall: right / positives };
  });

describe('the ranking of a class', () => {
  it('has the values of the documentation of scikit-learn', () => {
    const found = operations([0.1, 0.4, 0.35, 0.8], (example) => example >= 2);
    expect(areaUnderRoc(found)).toBeCloseTo(0.75, 12);
    expect(averagePrecision(found)).toBeCloseTo(0.8333333, 6);
  });

  it('has the area and the average precision of their definitions, with ties', () => {
    const found = operations(scores, isPositive);
    expect(areaUnderRoc(found)).toBeCloseTo(slowArea(), 12);
    const precision = slowly.reduce(
      (sum, { precision: now, recall }, at) => sum + (recall - (slowly[at - 1]?.recall ?? 0)) * now,
      0,
    );
    expect(averagePrecision(found)).toBeCloseTo(precision, 12);
    expect(found.slice(1).map(({ threshold }) => threshold)).toEqual(slowly.map(({ threshold }) => threshold));
  });

  it('is 0.5 for equal scores, 1 in order, 0 against it, and nothing without both kinds', () => {
    const areaOf = (values: number[]): number => areaUnderRoc(operations(values, (example) => example < 2));
    expect([areaOf([1, 1, 1, 1]), areaOf([4, 3, 2, 1]), areaOf([1, 2, 3, 4])]).toEqual([0.5, 1, 0]);
    expect(areaUnderRoc(operations([1, 2], () => true))).toBeNaN();
    expect(averagePrecision(operations([1, 2], () => false))).toBeNaN();
    expect(averagePrecision(operations([1, 2], () => true))).toBe(1);
  });

  it('is averaged over the classes that can be told', () => {
    const probabilities = [0.7, 0.2, 0.1, 0.3, 0.6, 0.1, 0.4, 0.5, 0.1];
    const { auroc, averagePrecision: precision } = rankingMetrics([0, 1, 0], probabilities, 3);
    // Class 0: 0.7 and 0.4 before 0.3; class 1: 0.6 before 0.2 and 0.5; class 2 has no examples.
    expect([auroc, precision]).toEqual([1, 1]);
    expect([...scoresOf(probabilities, 3, 1)]).toEqual([0.2, 0.6, 0.5]);
  });

  it('has a threshold with the best F1', () => {
    const f1 = slowly.map(({ precision, recall }) => (2 * precision * recall) / (precision + recall));
    const best = bestByF1(operations(scores, isPositive))!;
    expect(f1Of(best, positives)).toBeCloseTo(Math.max(...f1), 12);
    expect(best.threshold).toBe(slowly[f1.indexOf(Math.max(...f1))]!.threshold);
    expect(bestByF1(operations([1], () => false))).toBeUndefined();
  });
});

describe('calibration', () => {
  const classCount = 3;
  const truth = Array.from({ length: 300 }, () => stream.integer(classCount));
  const logits = truth.flatMap((label) =>
    Array.from({ length: classCount }, (_, at) => (at === label ? 3 : 0) + stream.integer(800) / 100),
  );
  const probabilities = softmaxRows(logits, classCount);

  it('is measured in bins of confidence, as the definition says', () => {
    const bins = reliability([0, 1, 1, 0], [0.95, 0.05, 0.4, 0.6, 0.9, 0.1, 0.5, 0.5], 2, 10);
    expect(bins.map(({ examples }) => examples)).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 1, 1]);
    expect(bins[4]).toEqual({ from: 0.4, to: 0.5, examples: 1, confidence: 0.5, accuracy: 1 });
    expect(bins[8]).toMatchObject({ confidence: 0.9, accuracy: 0 });
    expect(calibrationError(bins)).toBeCloseTo((0.5 + 0.4 + 0.9 + 0.05) / 4, 12);
    expect(calibrationError(reliability([], [], 2))).toBeNaN();
  });

  it('gets the temperature with the least loss, which changes no answer', () => {
    const temperature = fitTemperature(truth, probabilities, classCount);
    const lossAt = (value: number): number =>
      logLoss(atTemperature(probabilities, classCount, value), truth, classCount);
    expect(temperature).toBeGreaterThan(1.2);
    const grid = Array.from({ length: 400 }, (_, at) => 0.5 * 1.01 ** at);
    expect(lossAt(temperature)).toBeLessThanOrEqual(Math.min(...grid.map(lossAt)) + 1e-12);
    const scaled = softmaxRows(
      logits.map((logit) => logit / 1.7),
      classCount,
    );
    for (const [at, value] of atTemperature(probabilities, classCount, 1.7).entries()) {
      expect(value).toBeCloseTo(scaled[at]!, 12);
    }
    expect(fitTemperature([], [], 2)).toBe(1);
  });

  it('stands probabilities of 0 and classifiers that are always right', () => {
    expect([...atTemperature([0, 1], 2, 2)].every(Number.isFinite)).toBe(true);
    const temperature = fitTemperature([0, 1], [0.9, 0.1, 0.2, 0.8], 2);
    expect(temperature).toBeCloseTo(0.01, 6);
    expect(fitTemperature([1, 0], [0.9, 0.1, 0.2, 0.8], 2)).toBeCloseTo(100, 4);
  });
});
