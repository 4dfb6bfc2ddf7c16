/** What tasks with classes share: weights of classes, feeds, scores of the most frequent class. */
import { describe, expect, it } from 'vitest';
import { majorityBaseline, probabilityScores } from '../../../src/main/tasks/classification/baselines.ts';
import type { LabelledClasses } from '../../../src/main/tasks/classification/labelled-classes.ts';
import { classFeeds, classWeights, requireClasses } from '../../../src/main/tasks/classification/labelled-classes.ts';
import { labelledBatches } from '../../../src/main/tasks/labelled/batches.ts';

/** Ten examples: six of a, three of b, one of c; training has four, one and none of them. */
const labelled: LabelledClasses = {
  dataset: { classes: ['a', 'b', 'c'], labels: Int32Array.of(0, 0, 0, 0, 1, 0, 1, 2, 0, 1) },
  sides: {
    training: Uint32Array.of(0, 1, 2, 3, 4),
    validation: Uint32Array.of(5, 6),
    test: Uint32Array.of(7, 8, 9),
  },
};

describe('class weights', () => {
  it('are those of scikit-learn, 0 for a class that is not trained on', () => {
    // compute_class_weight('balanced', classes=[0, 1], y=[0, 0, 0, 0, 1]) with three classes: 5 / (3 * count).
    const [a, b, c] = classWeights(labelled, 'balanced')!;
    expect(a).toBeCloseTo(5 / 12, 6);
    expect(b).toBeCloseTo(5 / 3, 6);
    expect(c).toBe(0);
    expect(classWeights(labelled, 'none')).toBeUndefined();
  });

  it('weigh examples, and what only fills up a batch weighs nothing', () => {
    expect(classFeeds(labelled.dataset, [4, 7, undefined])).toEqual({
      labels: Int32Array.of(1, 2, 0),
      weights: Float32Array.of(1, 1, 0),
    });
    const { weights } = classFeeds(labelled.dataset, [4, 0, undefined], classWeights(labelled, 'balanced'));
    expect(weights).toEqual(Float32Array.of(5 / 3, 5 / 12, 0));
  });
});

describe('the most frequent class', () => {
  it('is that of the training examples, scored on the test', () => {
    const { summary, metrics } = majorityBaseline(labelled, 'texts');
    expect(summary).toBe("Always 'a', the most frequent class of the training texts");
    expect(metrics.accuracy).toBeCloseTo(1 / 3, 12); // of c, a, b
    // Laplace's rule: 5, 2 and 1 of 8.
    expect(metrics.loss).toBeCloseTo(-(Math.log(1 / 8) + Math.log(5 / 8) + Math.log(2 / 8)) / 3, 12);
  });

  it('is scored on the validation examples where there is no test', () => {
    const { metrics } = majorityBaseline({ ...labelled, sides: { ...labelled.sides, test: new Uint32Array(0) } }, 'x');
    expect(metrics.accuracy).toBe(1 / 2);
  });

  it('counts a confident error as the log loss does', () => {
    expect(probabilityScores([1], [0.25, 0.75], 2)).toMatchObject({ loss: -Math.log(0.75), accuracy: 1 });
  });
});

it('a single class is refused, by its name', () => {
  expect(() => {
    requireClasses({ classes: ['spam'], targets: undefined }, 'mail');
  }).toThrow(
    expect.objectContaining({ code: 'bad-input', message: expect.stringMatching(/every mail .*spam.*needs two/u) }),
  );
});

describe('labelled batches', () => {
  const batches = labelledBatches(labelled.sides, (examples) => ({
    rows: Int32Array.from(examples, (example) => example ?? -1),
  }));

  it('hold every training example once an epoch, in another order each', () => {
    const epoch = (number: number) => [...batches.trainingStep(3, number, 5)];
    expect(epoch(0).toSorted()).toEqual([0, 1, 2, 3, 4]);
    expect([1, 2, 3].map(epoch)).not.toEqual([epoch(0), epoch(0), epoch(0)]);
    expect(batches.trainingStep(3, 1, 2)).toEqual(epoch(0).slice(2, 4)); // steps walk on through the same order
  });

  it('go through a side in order, and fill up the last with none', () => {
    expect(batches.evaluationBatchCount('test', 2)).toBe(2);
    expect(batches.evaluationBatch('test', 1, 2)).toEqual({ rows: Int32Array.of(9, -1) });
    expect(batches.labelledBatch!(1, 3)).toEqual({ rows: Int32Array.of(3, 4, -1) });
  });
});
