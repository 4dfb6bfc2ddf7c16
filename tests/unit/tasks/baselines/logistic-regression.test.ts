import { describe, expect, it } from 'vitest';
import { isLabError } from '../../../../src/shared/errors.ts';
import { randomStream } from '../../../../src/shared/random.ts';
import { denseFeatures } from '../../../../src/main/tasks/baselines/features.ts';
import { sparseFeatures } from '../../../sparse-features.ts';
import type { Features } from '../../../../src/main/tasks/baselines/features.ts';
import {
  fitLogisticRegression,
  logisticObjective,
  predictProbabilities,
  selectLogisticRegression,
} from '../../../../src/main/tasks/baselines/logistic-regression.ts';
import { minimise } from '../../../../src/main/tasks/baselines/lbfgs.ts';
import { accuracy } from '../../../../src/main/tasks/metrics/classification.ts';
import { mostProbable } from '../../../../src/main/tasks/metrics/probabilistic.ts';
import { runToEnd } from './run-to-end.ts';

/** Random features around class means, with a third of the entries zero, as dense and as sparse matrices. */
function examples(seed: number, rows: number, columns: number, classCount: number, spread = 1) {
  const stream = randomStream(seed);
  const labels = Int32Array.from({ length: rows }, () => stream.integer(classCount));
  const values = Float32Array.from({ length: rows * columns }, (_, position) => {
    const label = labels[Math.floor(position / columns)] ?? 0;
    const centre = (position % columns) % classCount === label ? 1 : 0;
    return stream.uniform() < 1 / 3 ? 0 : centre + spread * stream.normal();
  });
  const entries = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column): [number, number] => [column, values[row * columns + column] ?? 0])
      .filter(([, value]) => value !== 0)
      .reverse(),
  );
  return { labels, dense: denseFeatures(values, rows, columns), sparse: sparseFeatures(entries, columns) };
}

describe('minimise', () => {
  it('finds the minimum of the Rosenbrock function', () => {
    const result = runToEnd(
      minimise(
        (point, gradient) => {
          const [x = 0, y = 0] = point;
          gradient[0] = -400 * x * (y - x * x) - 2 * (1 - x);
          gradient[1] = 200 * (y - x * x);
          return 100 * (y - x * x) ** 2 + (1 - x) ** 2;
        },
        Float64Array.of(-1.2, 1),
        { gradientTolerance: 1e-10, valueTolerance: 0 },
      ),
    );
    expect(result.converged).toBe(true);
    expect(result.point[0]).toBeCloseTo(1, 9);
    expect(result.point[1]).toBeCloseTo(1, 9);
    expect(result.iterations).toBeLessThan(100);
  });

  it('solves an ill-conditioned quadratic, never going uphill', () => {
    const scales = Float64Array.from({ length: 50 }, (_, index) => 10 ** (index / 10));
    const search = minimise(
      (point, gradient) => {
        let value = 0;
        for (const [index, scale] of scales.entries()) {
          gradient[index] = scale * ((point[index] ?? 0) - index);
          value += (scale * ((point[index] ?? 0) - index) ** 2) / 2;
        }
        return value;
      },
      new Float64Array(50),
      { gradientTolerance: 1e-8, valueTolerance: 0, maximumIterations: 5000 },
    );
    let last = Number.POSITIVE_INFINITY;
    let next = search.next();
    while (next.done !== true) {
      expect(next.value).toBeLessThanOrEqual(last);
      last = next.value;
      next = search.next();
    }
    expect(next.value.converged).toBe(true);
    for (let index = 0; index < 50; index += 1) expect(next.value.point[index]).toBeCloseTo(index, 7);
  });

  it('says so when it did not get there', () => {
    const slope = minimise(
      (point, gradient) => {
        gradient[0] = -1;
        return -(point[0] ?? 0); // no minimum
      },
      new Float64Array(1),
      { maximumIterations: 5 },
    );
    expect(runToEnd(slope).converged).toBe(false);
  });
});

describe('logistic regression', () => {
  const { labels, dense, sparse } = examples(1, 37, 11, 3);

  it.each<[string, Features]>([
    ['dense', dense],
    ['sparse', sparse],
  ])('has the gradient of finite differences on %s features', (_, features) => {
    const objective = logisticObjective({ features, labels }, 3, 0.05);
    const stream = randomStream(2);
    const point = Float64Array.from({ length: 3 * 12 }, () => stream.normal());
    const gradient = new Float64Array(point.length);
    objective(point, gradient);
    const scratch = new Float64Array(point.length);
    for (let index = 0; index < point.length; index += 1) {
      const step = 1e-5;
      const moved = (by: number): number => objective(point.with(index, (point[index] ?? 0) + by), scratch);
      expect(gradient[index]).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 8);
    }
  });

  it.each([1, 2, 3, 4, 5])('has the same value and gradient on dense and on sparse features of %i rows', (rows) => {
    const data = examples(3, rows, 7, 3);
    const point = Float64Array.from({ length: 3 * 8 }, (_, index) => Math.sin(index));
    const first = new Float64Array(point.length);
    const second = new Float64Array(point.length);
    const value = logisticObjective({ features: data.dense, labels: data.labels }, 3, 0.1)(point, first);
    expect(logisticObjective({ features: data.sparse, labels: data.labels }, 3, 0.1)(point, second)).toBeCloseTo(
      value,
      12,
    );
    for (const [index, component] of first.entries()) expect(second[index]).toBeCloseTo(component, 12);
  });

  // The same nine points minimised by SciPy 1.17.1 (BFGS, gradient 1e-10); biases relative to their mean, which is free.
  const points = denseFeatures(
    Float32Array.of(1, 2, 2, 1.5, -1, 0.5, 0, -1, 3, 3, -2, -1, 0.5, 2.5, 1.5, -2, -0.5, -0.25),
    9,
    2,
  );
  const pointLabels = [0, 0, 1, 2, 0, 1, 2, 2, 1];
  it.each([
    {
      penalty: 0.1,
      value: 0.5573590074085947,
      weights: [0.911165, 0.450391, -1.104347, -0.169885, 0.193182, -0.280506],
      biases: [-1.006277, 0.41528, 0.590998],
    },
    {
      penalty: 0.001,
      value: 0.13931813798651263,
      weights: [8.080638, 1.291467, -7.856741, -0.261551, -0.223899, -1.029921],
      biases: [-7.157366, 2.798348, 4.359018],
    },
  ])('finds the optimum that SciPy finds, penalty $penalty', async ({ penalty, value, weights, biases }) => {
    const model = await fitLogisticRegression({ features: points, labels: pointLabels }, 3, {
      penalty,
      tolerance: 1e-9,
    });
    const objective = logisticObjective({ features: points, labels: pointLabels }, 3, penalty);
    expect(objective(model.parameters, new Float64Array(9))).toBeCloseTo(value, 8);
    const fitted = [...model.parameters];
    const mean = fitted.slice(6).reduce((sum, bias) => sum + bias, 0) / 3;
    for (const [index, weight] of weights.entries()) expect(fitted[index]).toBeCloseTo(weight, 2);
    for (const [index, bias] of biases.entries()) expect((fitted[6 + index] ?? 0) - mean).toBeCloseTo(bias, 2);
  });

  it('agrees with a slow gradient descent', async () => {
    const penalty = 0.02;
    const model = await fitLogisticRegression({ features: sparse, labels }, 3, { penalty, tolerance: 1e-8 });
    const objective = logisticObjective({ features: dense, labels }, 3, penalty);
    const point = new Float64Array(36);
    const gradient = new Float64Array(36);
    for (let step = 0; step < 20_000; step += 1) {
      objective(point, gradient);
      for (let index = 0; index < 36; index += 1) point[index] = (point[index] ?? 0) - 0.2 * (gradient[index] ?? 0);
    }
    for (let index = 0; index < 33; index += 1) expect(model.parameters[index]).toBeCloseTo(point[index] ?? 0, 4);
  });

  it('reaches the same optimum from anywhere, because the problem is convex', async () => {
    const stream = randomStream(7);
    const fit = (start: Float64Array) =>
      fitLogisticRegression({ features: dense, labels }, 3, { penalty: 0.1, tolerance: 1e-8, start });
    const first = await fit(new Float64Array(36));
    const second = await fit(Float64Array.from({ length: 36 }, () => 3 * stream.normal()));
    for (let index = 0; index < 33; index += 1) {
      expect(second.parameters[index]).toBeCloseTo(first.parameters[index] ?? 0, 4);
    }
  });

  it('predicts only the class frequencies under an enormous penalty', async () => {
    const model = await fitLogisticRegression({ features: dense, labels }, 3, {
      penalty: 1e4,
      tolerance: 1e-9,
    });
    const [first = 0] = predictProbabilities(model, dense);
    expect(first).toBeCloseTo(labels.filter((label) => label === 0).length / labels.length, 4);
  });

  it('chooses a penalty on the validation examples that a fixed weak one does not beat', async () => {
    // Few examples with many features, most of them noise: without a penalty the fit is perfect and useless.
    const training = examples(11, 60, 200, 2, 4);
    const validation = examples(12, 400, 200, 2, 4);
    const test = examples(13, 2000, 200, 2, 4);
    const selected = await selectLogisticRegression(
      { features: training.sparse, labels: training.labels },
      { features: validation.sparse, labels: validation.labels },
      2,
    );
    const weak = await fitLogisticRegression({ features: training.sparse, labels: training.labels }, 2, {
      penalty: 1e-6,
    });
    const score = (model: typeof weak): number =>
      accuracy(test.labels, mostProbable(predictProbabilities(model, test.sparse), 2));
    expect(selected.model.penalty).toBeGreaterThan(1e-4);
    expect(score(selected.model)).toBeGreaterThanOrEqual(score(weak));
    expect(selected.validationAccuracy).toBe(
      accuracy(validation.labels, mostProbable(predictProbabilities(selected.model, validation.sparse), 2)),
    );
  });

  it('stops when it is told to', async () => {
    const large = examples(5, 2000, 100, 5);
    const controller = new AbortController();
    const fit = fitLogisticRegression({ features: large.dense, labels: large.labels }, 5, {
      penalty: 1e-9,
      tolerance: 0,
      maximumIterations: 1e9,
      signal: controller.signal,
    });
    setImmediate(() => {
      controller.abort();
    });
    await expect(fit).rejects.toSatisfy((error: unknown) => isLabError(error, 'aborted'));
  });

  it('refuses labels that do not fit', () => {
    expect(() => logisticObjective({ features: dense, labels: [0] }, 3, 1)).toThrow(RangeError);
    expect(() => logisticObjective({ features: points, labels: [0, 1, 2, 3, 0, 0, 0, 0, 0] }, 3, 1)).toThrow(
      'The label 3',
    );
  });
});
