// Metrics, thresholds and the classical method of several labels, beside scikit-learn.
import { describe, expect, it } from 'vitest';
import { denseFeatures } from '../../../../src/main/tasks/baselines/features.ts';
import { minimise } from '../../../../src/main/tasks/baselines/lbfgs.ts';
import {
  selectSeveralLogistic,
  severalObjective,
  severalProbabilities,
} from '../../../../src/main/tasks/baselines/several-logistic.ts';
import { chooseThresholds, decide } from '../../../../src/main/tasks/metrics/multi-label.ts';
import { evaluateLabels } from '../../../../src/main/tasks/targets/multi-label-evaluation.ts';
import { runToEnd } from '../baselines/run-to-end.ts';

const truth = [1, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0];
const probabilities = [0.9, 0.2, 0.4, 0.3, 0.8, 0.1, 0.6, 0.35, 0.2, 0.55, 0.4, 0.3, 0.45, 0.1, 0.05];

describe('metrics of several labels', () => {
  it('are those of scikit-learn', () => {
    // f1_score (micro, macro), average_precision_score, roc_auc_score, accuracy_score, precision_recall_fscore_support
    const { metrics, perClass } = evaluateLabels(['a', 'b', 'c'], truth, probabilities, [0.5, 0.3, 0.5]);
    expect(metrics.microF1).toBeCloseTo(0.6666666666666666, 12);
    expect(metrics.macroF1).toBeCloseTo(0.48888888888888893, 12);
    expect(metrics.averagePrecision).toBeCloseTo(0.9166666666666666, 12);
    expect(metrics.auroc).toBeCloseTo(0.8888888888888888, 12);
    expect(metrics.exactMatches).toBeCloseTo(0.4, 12);
    expect(metrics.loss).toBeCloseTo(0.42232899196809864, 12);
    expect(perClass?.map(({ support }) => support)).toEqual([3, 2, 1]);
    expect(perClass?.[1]?.recall).toBe(1);
    expect(perClass?.[2]).toEqual({ name: 'c', precision: 0, recall: 0, f1: 0, support: 1 });
  });

  it('choose the threshold with the best F1, between two examples', () => {
    const found = chooseThresholds(truth, probabilities, 3);
    [0.375, 0.275, 0.35].forEach((wanted, label) => expect(found[label]).toBeCloseTo(wanted, 12));
    const decided = decide(probabilities, found);
    expect([...decided.filter((_, index) => index % 3 === 2)]).toEqual([1, 0, 0, 0, 0]);
  });

  it('leave a label that nobody has at the middle', () => {
    expect(chooseThresholds([0, 0], [0.9, 0.1], 1)).toEqual([0.5]);
  });
});

describe('one logistic regression for each label', () => {
  const features = denseFeatures(Float32Array.from([0.5, 1, 0, 1, -1, 2, 2, 0.25, 1, -1, 3, 0, 0, 0, 4]), 5, 3);
  const labels = Uint8Array.from([1, 0, 0, 1, 1, 1, 0, 0, 1, 0]);

  it('is that of scikit-learn with C = 1 / (penalty · examples)', () => {
    // sklearn.linear_model.LogisticRegression(C = 1 / (0.1 · 5)) on each label: coef_ and intercept_
    const objective = severalObjective({ features, labels }, 2, 0.1);
    const { point } = runToEnd(
      minimise(objective, new Float64Array(8), { gradientTolerance: 1e-9, valueTolerance: 1e-15 }),
    );
    const expected = [
      ...[0.737987105908134, 0.23102764745059026, 0.3296661999458214],
      ...[1.1539743653664944, -0.9623458704123067, -0.17900126308582578],
      ...[-0.539625577630197, -0.6520691995034352],
    ];
    expected.forEach((value, index) => expect(point[index]).toBeCloseTo(value, 5));
  });

  it('has the gradient of its loss', () => {
    const objective = severalObjective({ features, labels }, 2, 0.3);
    const at = Float64Array.from([0.3, -0.2, 0.5, 0.1, 0.7, -0.4, 0.2, -0.1]);
    const gradient = new Float64Array(8);
    objective(at, gradient);
    for (const index of at.keys()) {
      const moved = (by: number): number => {
        const point = at.slice();
        point[index]! += by;
        return objective(point, new Float64Array(8));
      };
      expect(gradient[index]).toBeCloseTo((moved(1e-6) - moved(-1e-6)) / 2e-6, 7);
    }
  });

  it('chooses its penalty on validation examples', async () => {
    const examples = { features, labels };
    const fitted = await selectSeveralLogistic(examples, examples, 2);
    expect(fitted.penalty).toBe(1e-5);
    const found = severalProbabilities(fitted, features);
    expect([...decide(found, [0.5, 0.5])]).toEqual([...labels]);
  });
});
