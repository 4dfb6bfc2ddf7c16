// Metrics of weighted numbers, labels and tags: those of the examples written out as often as they count.
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../../src/shared/random.ts';
import type { AnsweredRun } from '../../../../src/shared/study/answered-run.ts';
import { answeredExamples, haveSameExamples, weightedMetricOf } from '../../../../src/shared/study/answered-run.ts';
import { resampleMetric } from '../../../../src/shared/study/test-bootstrap.ts';
import type { EvaluationResult } from '../../../../src/main/tasks/task.ts';
import { AlignmentCounts } from '../../../../src/main/tasks/alignment/evaluation.ts';
import { evaluateTags } from '../../../../src/main/tasks/tagging/evaluation.ts';
import { evaluateLabels } from '../../../../src/main/tasks/targets/multi-label-evaluation.ts';
import { evaluateNumbers } from '../../../../src/main/tasks/targets/regression-evaluation.ts';

const stream = randomStream(3, 1);
const EXAMPLES = 30;
const weights = Array.from({ length: EXAMPLES }, () => stream.integer(3));
/** Rows of so many numbers, each as often as it counts. */
function repeat(values: readonly number[], width = 1): number[] {
  return weights.flatMap((weight, row) =>
    Array.from({ length: weight }, () => values.slice(row * width, (row + 1) * width)).flat(),
  );
}

function expectMetrics(answers: AnsweredRun, { metrics }: EvaluationResult, names: readonly string[]): void {
  for (const name of names) {
    expect(weightedMetricOf(answers, name)!(weights), name).toBeCloseTo(metrics[name]!, 10);
  }
  expect(weightedMetricOf(answers, 'learningRate')).toBeUndefined();
}

describe('metrics of weighted examples', () => {
  it('of numbers', () => {
    const scale = { names: ['a', 'b'], means: [0, 0], deviations: [2, 5] };
    const truth = Array.from({ length: 2 * EXAMPLES }, () => stream.integer(6)); // with ties
    const predicted = truth.map((value) => value + Math.round(2 * stream.normal()));
    const { answers } = evaluateNumbers(scale, truth, predicted);
    const again = evaluateNumbers(scale, repeat(truth, 2), repeat(predicted, 2));
    expectMetrics(answers!, again, ['rmse', 'mae', 'r2', 'spearman', 'standardisedError']);
    expect(answeredExamples(answers!)).toBe(EXAMPLES);
  });

  it('of several labels', () => {
    const names = ['a', 'b', 'c'];
    const truth = Array.from({ length: 3 * EXAMPLES }, () => stream.integer(2));
    const probabilities = truth.map((one) => Math.round(10 * (0.3 * one + 0.7 * stream.uniform())) / 10); // with ties
    const { answers, thresholds } = evaluateLabels(names, truth, probabilities);
    const again = evaluateLabels(names, repeat(truth, 3), repeat(probabilities, 3), thresholds);
    // Probabilities are kept in single precision.
    for (const name of ['loss', 'microF1', 'macroF1', 'exactMatches', 'auroc', 'averagePrecision']) {
      expect(weightedMetricOf(answers!, name)!(weights), name).toBeCloseTo(again.metrics[name]!, 5);
    }
  });

  it.each([
    ['entities', ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC']],
    ['parts of speech', ['NOUN', 'VERB', 'X']],
  ])('of tags that are %s', (_name, tags) => {
    const sentences = Array.from({ length: EXAMPLES }, () => {
      const labels = Array.from({ length: 1 + stream.integer(6) }, () => stream.integer(tags.length));
      return { labels, predicted: labels.map((tag) => (stream.uniform() < 0.7 ? tag : stream.integer(tags.length))) };
    });
    const evaluate = (all: typeof sentences): EvaluationResult => {
      let end = 0;
      return evaluateTags(tags, {
        labels: all.flatMap(({ labels }) => labels),
        predicted: all.flatMap(({ predicted }) => predicted),
        ends: all.map(({ labels }) => (end += labels.length)),
        losses: all.map(({ labels }) => labels.length / 4),
      });
    };
    const repeated = weights.flatMap((weight, row) => Array<(typeof sentences)[number]>(weight).fill(sentences[row]!));
    const { answers } = evaluate(sentences);
    const names = ['loss', 'accuracy', 'macroF1', 'entityF1', 'entityPrecision', 'entityRecall'];
    expectMetrics(answers!, evaluate(repeated), names);
    expect(answeredExamples(answers!)).toBe(EXAMPLES);
  });
});

describe('pairs of sequences', () => {
  const pairs = Array.from({ length: EXAMPLES }, () => {
    const truth = Array.from({ length: 5 }, (_, row) => (stream.uniform() < 0.8 ? row : -1));
    const answered = truth.map((column) => (stream.uniform() < 0.6 ? column : -1));
    return { truth: stream.uniform() < 0.8 ? truth : undefined, answered, score: stream.integer(6) / 5 };
  });
  const evaluate = (all: typeof pairs): EvaluationResult => {
    const counts = new AlignmentCounts();
    for (const { truth, answered, score } of all) counts.add(score, truth !== undefined, answered, truth);
    return { metrics: counts.metrics(), answers: counts.answers() };
  };

  it('count as often as they weigh', () => {
    const { answers } = evaluate(pairs);
    const repeated = weights.flatMap((weight, row) => Array<(typeof pairs)[number]>(weight).fill(pairs[row]!));
    expectMetrics(answers!, evaluate(repeated), ['alignedF1', 'alignedRecall', 'alignedPrecision', 'auroc']);
    expect(answeredExamples(answers!)).toBe(EXAMPLES);
    expect(haveSameExamples(answers!, evaluate(pairs.toReversed()).answers!)).toBe(false);
  });
});

describe('runs that are compared by example', () => {
  const scale = { names: ['a'], means: [0], deviations: [10] };
  const answered = (truth: readonly number[]) => evaluateNumbers(scale, truth, [1, 2, 3]).answers!;

  it('answered the same numbers, up to rounding', () => {
    expect(haveSameExamples(answered([1, 2, 3]), answered([1, 2, 3.0001]))).toBe(true);
    expect(haveSameExamples(answered([1, 2, 3]), answered([1, 2, 4]))).toBe(false);
    expect(haveSameExamples(answered([1, 2, 3]), evaluateLabels(['a'], [1, 0, 1], [1, 0, 1]).answers!)).toBe(false);
  });

  it('are resampled alike, and not at all for a metric that answers do not tell', () => {
    const one = answered([1, 2, 3]);
    const [first, second] = resampleMetric([one, one], 'rmse', { resamples: 20 });
    expect(first).toEqual(second);
    expect(resampleMetric([one, one], 'perplexity')).toEqual([]);
  });
});
