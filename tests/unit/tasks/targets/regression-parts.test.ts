// Metrics, ridge regression and scales of numbers, beside scikit-learn and SciPy.
import { describe, expect, it } from 'vitest';
import { denseFeatures } from '../../../../src/main/tasks/baselines/features.ts';
import { sparseFeatures } from '../../../sparse-features.ts';
import { fitRidge, predictRidge, selectRidge } from '../../../../src/main/tasks/baselines/ridge.ts';
import { ranksOf, regressionMetrics } from '../../../../src/main/tasks/metrics/regression.ts';
import { fitScale, inUnits, standardisedRows } from '../../../../src/main/tasks/targets/number-scale.ts';
import { evaluateNumbers } from '../../../../src/main/tasks/targets/regression-evaluation.ts';
import { requireClasses } from '../../../../src/main/tasks/classification/labelled-classes.ts';
import { requireNumbers } from '../../../../src/main/tasks/targets/require-labels.ts';

describe('metrics of numbers', () => {
  it('are those of scikit-learn and SciPy, ties included', () => {
    // mean_squared_error ** 0.5, mean_absolute_error, r2_score of scikit-learn, spearmanr of SciPy
    const found = regressionMetrics([3, -0.5, 2, 7, 7, 4.2], [2.5, 0, 2, 8, 6.5, 6.5]);
    expect(found.rmse).toBeCloseTo(1.083205120618128, 12);
    expect(found.mae).toBeCloseTo(0.8, 12);
    expect(found.r2).toBeCloseTo(0.8363107924820772, 12);
    expect(found.spearman).toBeCloseTo(0.9558823529411764, 12);
    expect([...ranksOf([7, 1, 7, 3])]).toEqual([3.5, 1, 3.5, 2]);
  });

  it('say nothing of a spread that is not there', () => {
    const constant = regressionMetrics([2, 2], [1, 3]);
    expect(constant).toEqual({ rmse: 1, mae: 1, r2: Number.NaN, spearman: Number.NaN });
  });

  it('of several targets are averaged, and compared on one scale', () => {
    const scale = { names: ['a', 'b'], means: [0, 0], deviations: [1, 100] };
    const { metrics, targets } = evaluateNumbers(scale, [0, 0, 2, 200], [1, 100, 1, 100]);
    expect(metrics).toMatchObject({ rmse: 50.5, mae: 50.5, r2: 0, standardisedError: 1 });
    expect(targets?.map(({ name, rmse, points }) => [name, rmse, points])).toEqual([
      [
        'a',
        1,
        [
          [0, 1],
          [2, 1],
        ],
      ],
      [
        'b',
        100,
        [
          [0, 100],
          [200, 100],
        ],
      ],
    ]);
  });
});

describe('ridge regression', () => {
  const rows = [
    [0.5, 1, 0],
    [1, -1, 2],
    [2, 0.25, 1],
    [-1, 3, 0],
    [0, 0, 4],
  ];
  const targets = Float64Array.from([1, 10, 2, -3, 0.5, 4, 3, 0, -1, 7]);
  const dense = denseFeatures(Float32Array.from(rows.flat()), 5, 3);
  const sparse = sparseFeatures(
    rows.map((row) => row.flatMap((value, column) => (value === 0 ? [] : [[column, value] as const]))),
    3,
  );

  it.each([
    // sklearn.linear_model.Ridge(alpha = penalty * rows): coef_ and intercept_
    [
      0.01,
      [
        -0.9626171742649554, -0.669695106392769, -0.9722462740570638, 1.9943877979491413, 2.0858214514051565,
        1.1505316662113705,
      ],
      [3.377755189967667, -0.3637221750838413],
    ],
    [
      0.5,
      [
        -0.25855814226595136, 0.012003992821091582, -0.5105909324156311, 0.44832947411686896, 0.5423088411372899,
        0.29141466876689714,
      ],
      [1.9363037811811497, 2.6153539799286714],
    ],
  ])('with the penalty %d is that of scikit-learn, dense or sparse', async (penalty, weights, biases) => {
    for (const features of [dense, sparse]) {
      const fitted = await fitRidge({ features, targets }, 2, penalty);
      weights.forEach((weight, index) => expect(fitted.weights[index]).toBeCloseTo(weight, 6));
      biases.forEach((bias, index) => expect(fitted.biases[index]).toBeCloseTo(bias, 6));
      const first = rows[0]!.reduce((sum, value, column) => sum + value * weights[column]!, biases[0]!);
      expect(predictRidge(fitted, features)[0]).toBeCloseTo(first, 6);
    }
  });

  it('chooses the penalty that is best on validation examples, whatever the unit of a target', async () => {
    const noise = [0.3, -0.4, 0.1, 0.5, -0.2];
    const linear = Float64Array.from(rows.flatMap(([a], row) => [a! * 3 + 1, 1e6 * noise[row]!]));
    const chosen = await selectRidge({ features: dense, targets: linear }, { features: dense, targets: linear }, 2);
    expect(chosen.penalty).toBe(1e-4);
    const useless = Float64Array.from(noise.flatMap((value) => [value, -value]));
    const other = Float64Array.from(useless, (value) => -value);
    const strong = await selectRidge({ features: dense, targets: useless }, { features: dense, targets: other }, 2);
    expect(strong.penalty).toBe(100);
  });
});

describe('the scale of a target', () => {
  const values = Float64Array.from([1, 5, 3, 5, 100, 5]);

  it('is that of the training examples, and there is a way back', () => {
    const scale = fitScale(['x', 'y'], values, Uint32Array.of(0, 1));
    expect(scale).toEqual({ names: ['x', 'y'], means: [2, 5], deviations: [1, 1] });
    const rows = standardisedRows(scale, values, [2, undefined]);
    expect([...rows]).toEqual([98, 0, 0, 0]);
    expect(inUnits(scale, rows[0]!, 0)).toBe(100);
  });
});

describe('what labels are', () => {
  const labels = Int32Array.of(0, 1, 1);

  it('are numbers where all names of classes are', () => {
    const found = requireNumbers({ classes: ['1', '2.5'], labels, targets: undefined }, 'here');
    expect([...found.values]).toEqual([1, 2.5, 2.5]);
    const words = () => requireNumbers({ classes: ['1', 'two'], labels, targets: undefined }, 'here');
    expect(words).toThrow(/has the class 'two', which is no number: import it with --labels numbers/);
  });

  it('are classes for classifiers alone', () => {
    const targets = { kind: 'numbers', names: ['price'], values: Float64Array.of(1) } as const;
    expect(() => {
      requireClasses({ classes: ['price'], targets }, 'here');
    }).toThrow(/take the task regression/);
    expect(() => {
      requireClasses({ classes: ['spam'], targets: undefined }, 'here');
    }).toThrow(/classification needs two/);
  });
});
