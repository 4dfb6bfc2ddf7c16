import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalQuantile, portableLog } from '../../../src/shared/normal-distribution.ts';
import { logGamma, regularisedBeta } from '../../../src/shared/special-functions.ts';
import {
  comparePredictions,
  mean,
  meanInterval,
  median,
  quantile,
  signTest,
  variance,
  studentCdf,
  studentQuantile,
  welchDifference,
  wilsonInterval,
} from '../../../src/shared/stats.ts';
import { randomStream } from '../../../src/shared/random.ts';

// Reference values without another source were computed with SciPy 1.17.1.

function expectRelative(value: number, reference: number, tolerance = 1e-12): void {
  expect(Math.abs(value - reference)).toBeLessThanOrEqual(tolerance * Math.abs(reference));
}

describe('special functions', () => {
  it.each([
    [0.1, 2.252712651734206],
    [0.5, 0.5723649429247001], // ln √π
    [1.5, -0.1207822376352452],
    [3, Math.LN2],
    [10, 12.801827480081469],
    [123.4, 469.3360974421906],
    [1e5, 1051287.7089736569],
  ])('ln Γ(%s)', (x, reference) => {
    expectRelative(logGamma(x), reference, 1e-13);
  });

  it.each([
    [0.3, 2, 3, 0.3483],
    [0.9, 0.5, 0.5, 0.7951672353008665],
    [0.5, 100, 120, 0.9117960627949818],
    [1e-3, 0.5, 20, 0.15758381398363844],
    [0.99, 30, 2, 0.9616104854047645],
  ])('I_%s(%s, %s)', (x, a, b, reference) => {
    expectRelative(regularisedBeta(x, a, b), reference);
  });
});

describe('the normal distribution', () => {
  it('takes logarithms as exact as Math.log, up to two units in the last place', () => {
    fc.assert(
      fc.property(fc.double({ min: 2.3e-308, max: 1.7e308, noNaN: true }), (x) => {
        expect(Math.abs(portableLog(x) - Math.log(x))).toBeLessThanOrEqual(
          2 ** -51 * Math.max(Math.abs(Math.log(x)), 2 ** -52),
        );
      }),
      { numRuns: 5000 },
    );
    expect(portableLog(1)).toBe(0);
  });

  it.each([
    [1e-300, -37.0470962993612],
    [1e-20, -9.262340089798409],
    [1e-5, -4.264890793922825],
    [0.01, -2.3263478740408408],
    [0.075, -1.4395314709384563],
    [0.3, -0.5244005127080409],
    [0.925, 1.4395314709384563],
    [0.975, 1.959963984540054],
    [0.999999, 4.753424308817087],
  ])('has the quantile of %s', (probability, reference) => {
    expectRelative(normalQuantile(probability), reference, 3e-14);
  });

  it('has a symmetric quantile that reaches the ends', () => {
    fc.assert(
      fc.property(fc.double({ min: 2 ** -40, max: 0.5, noNaN: true }), (probability) => {
        const mirrored = 1 - probability; // exact but for the last bits of the smaller one
        expect(normalQuantile(mirrored)).toBeCloseTo(-normalQuantile(1 - mirrored), 9);
      }),
    );
    expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY);
    expect(normalQuantile(1.1)).toBeNaN();
  });
});

describe("Student's distribution", () => {
  // W. S. Gosset's table as printed in the NIST/SEMATECH Handbook, section 1.3.6.7.2 (three decimals).
  it.each([
    [1, 0.95, 6.314],
    [2, 0.975, 4.303],
    [4, 0.975, 2.776],
    [5, 0.99, 3.365],
    [10, 0.9, 1.372],
    [30, 0.975, 2.042],
    [100, 0.999, 3.174],
  ])('has the published quantile for %i degrees of freedom at %s', (degrees, probability, table) => {
    expect(studentQuantile(probability, degrees)).toBeCloseTo(table, 3);
  });

  it.each([
    [0.975, 1, 12.706204736174694],
    [0.975, 2.5, 3.5746548420036817],
    [0.6, 3, 0.2766706623326898],
    [1e-8, 4, -131.59473694062356],
    [0.995, 1000, 2.580754698065951],
    [0.9, 1e6, 1.281552412129939],
  ])('has the quantile of %s for %s degrees of freedom', (probability, degrees, reference) => {
    expectRelative(studentQuantile(probability, degrees), reference, 1e-9);
  });

  it.each([
    [-3, 4, 0.019970984035859413],
    [0.5, 10, 0.6860531971285135],
    [2.2, 7.3, 0.9689154172999882],
    [-40, 3, 1.7190340394579253e-5],
    [1, 1e7, 0.841344733970007],
  ])('has the probability below %s for %s degrees of freedom', (t, degrees, reference) => {
    expectRelative(studentCdf(t, degrees), reference, 5e-9);
  });

  it('has a quantile that inverts the distribution function', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }),
        fc.double({ min: 0.5, max: 500, noNaN: true }),
        (probability, degrees) => {
          expectRelative(studentCdf(studentQuantile(probability, degrees), degrees), probability, 1e-9);
        },
      ),
    );
  });
});

describe('samples', () => {
  const values = [1.2, 0.3, -0.5, 2.2, 0.9, 4.1, 0.7, 1.1, -0.2, 0.4, 3.3, 0.8, 1.9, 0.05, 0.6];

  it('has the mean and the sample variance', () => {
    expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
    expect(variance([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(32 / 7, 14);
    expect(variance([1e9 + 1, 1e9 + 2, 1e9 + 3])).toBe(1); // the one-pass formula loses this
    expect(mean([])).toBeNaN();
    expect(variance([3])).toBeNaN();
  });

  it("interpolates quantiles as NumPy's default does", () => {
    expect(quantile(values, 0.1)).toBeCloseTo(-0.1, 14);
    expect(quantile(values, 0.25)).toBeCloseTo(0.35, 14);
    expect(median(values)).toBe(0.8);
    expect(quantile(values, 0.9)).toBeCloseTo(2.86, 14);
    expect(quantile(values, 1)).toBe(4.1);
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('has no interval from a single value', () => {
    expect(meanInterval([1])).toBeNull();
  });

  it('covers the true mean as often as it claims, from five values', () => {
    let covered = 0;
    const trials = 4000;
    for (let trial = 0; trial < trials; trial += 1) {
      const stream = randomStream(17, trial);
      const interval = meanInterval(
        Array.from({ length: 5 }, () => 3 + stream.normal()),
        0.9,
      );
      if (interval !== null && interval.low <= 3 && 3 <= interval.high) covered += 1;
    }
    expect(Math.abs(covered / trials - 0.9)).toBeLessThan(4 * Math.sqrt((0.9 * 0.1) / trials));
  });
});

describe('differences', () => {
  const first = [0.812, 0.845, 0.79, 0.834, 0.82];
  const second = [0.801, 0.82, 0.795, 0.81, 0.8];

  it("compares pairs by Student's interval of their differences", () => {
    const interval = meanInterval(first.map((value, index) => value - second[index]!));
    expectRelative(interval?.low ?? 0, -0.00048350525009431544, 1e-10);
    expectRelative(interval?.high ?? 0, 0.030483505250094252, 1e-10);
  });

  it("compares independent samples by Welch's test", () => {
    const a = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4];
    const b = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.1];
    const result = welchDifference(a, b);
    expectRelative(result.degreesOfFreedom ?? 0, 27.88059607568447);
    expectRelative(result.pValue ?? 0, 0.008425436725602347, 1e-10);
    expectRelative(result.interval?.low ?? 0, -4.846256177462664, 1e-10);
    expectRelative(result.interval?.high ?? 0, -0.7804104892040091, 1e-10);
  });

  it('says certain, not NaN, when there is no spread', () => {
    expect(welchDifference([2, 2], [1, 1])).toMatchObject({ difference: 1, pValue: 0, interval: { low: 1, high: 1 } });
  });
});

describe('proportions and paired predictions', () => {
  it.each([
    [0, 10, 0, 0.27753279986288926],
    [10, 10, 0.7224672001371109, 1],
    [7, 10, 0.39677814746114526, 0.892208732593699],
    [815, 1000, 0.7897439459386497, 0.8378451962154505],
  ])("has Wilson's interval for %i of %i", (successes, trials, low, high) => {
    const interval = wilsonInterval(successes, trials);
    expect(interval?.low).toBeCloseTo(low, 13);
    expect(interval?.high).toBeCloseTo(high, 13);
  });

  it('refuses impossible proportions, and knows nothing from no trials', () => {
    expect(() => wilsonInterval(3, 2)).toThrow(RangeError);
    expect(wilsonInterval(0, 0)).toBeNull();
  });

  it.each([
    [1, 9, 0.021484375],
    [5, 5, 1],
    [3, 4, 1],
    [40, 70, 0.005447429511444476],
    [0, 6, 0.03125],
    [610, 500, 0.0010602615504486],
    [0, 0, 1],
  ])('tests a split of %i to %i', (first, second, reference) => {
    expect(signTest(first, second)).toBeCloseTo(reference, 11);
  });

  it('tests splits as the binomial sum does', () => {
    fc.assert(
      fc.property(fc.nat(25), fc.nat(25), (a, b) => {
        let term = 1;
        let sum = 0;
        for (let k = 0; k <= Math.min(a, b); k += 1) {
          sum += term;
          term = (term * (a + b - k)) / (k + 1);
        }
        expect(signTest(a, b)).toBeCloseTo(Math.min(1, (2 * sum) / 2 ** (a + b)), 11);
      }),
    );
  });

  it("counts the pairs of McNemar's test", () => {
    const labels = [0, 1, 2, 0, 1, 2, 0, 1];
    const first = [0, 1, 2, 0, 1, 0, 1, 1];
    const second = [0, 0, 1, 1, 1, 2, 1, 0];
    expect(comparePredictions(labels, first, second)).toEqual({
      bothRight: 2,
      onlyFirstRight: 4,
      onlySecondRight: 1,
      bothWrong: 1,
      difference: 3 / 8,
      pValue: signTest(4, 1),
    });
    expect(signTest(4, 1)).toBeCloseTo(2 * (6 / 32), 14);
    expect(() => comparePredictions([1], [1], [])).toThrow(RangeError);
  });
});
