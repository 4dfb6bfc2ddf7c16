// What the pages of runs, comparisons and demos compute by themselves.
import { describe, expect, it } from 'vitest';
import * as compareChoice from '../../../src/renderer/src/features/compare/compare-choice.ts';
import { parallelAxis, tellsApart } from '../../../src/renderer/src/charts/parallel/parallel-axis.ts';
import { sortedIndices } from '../../../src/renderer/src/features/compare/sort-rows.ts';
import { appendWord, countMasks, fillMask } from '../../../src/renderer/src/features/demos/fill-text.ts';
import { patchGrid } from '../../../src/renderer/src/features/demos/patch-grid.ts';
import { nearestPoint, placePoints } from '../../../src/renderer/src/features/demos/scatter.ts';
import { chartGroups } from '../../../src/renderer/src/features/runs/chart-groups.ts';
import { fillsOf, truthHistory } from '../../../src/renderer/src/features/runs/run-samples.ts';
import { headlineMetric, shareDone } from '../../../src/renderer/src/features/runs/run-state.ts';
import * as runsFilter from '../../../src/renderer/src/features/runs/runs-filter.ts';

describe('addresses', () => {
  it('keep a choice of runs, and nothing that is as usual', () => {
    const choice = {
      ...runsFilter.defaultChoice,
      text: 'spam',
      states: ['failed' as const],
      paused: false,
      groupBy: 'spec.training.learningRate',
      thenBy: 'seed',
      columns: ['state', 'metrics.test.accuracy'],
      pinned: ['metrics.test.accuracy'],
      descending: false,
    };
    expect(runsFilter.choiceOf(runsFilter.queryOf(choice))).toEqual(choice);
    expect(runsFilter.queryOf(runsFilter.defaultChoice)).toEqual({});
    expect(runsFilter.choiceOf({ states: 'exploded', order: 'sideways' })).toEqual(runsFilter.defaultChoice);
  });

  it('keep a comparison', () => {
    const choice = {
      runs: ['a', 'b'],
      hidden: ['b'],
      groupBy: 'seed',
      band: 'deviation' as const,
      view: 'table' as const,
    };
    expect(compareChoice.choiceOf(compareChoice.queryOf(choice))).toEqual(choice);
    expect(compareChoice.choiceOf({ runs: 'a,,a,b', view: 'nothing' }).runs).toEqual(['a', 'b']);
    expect(compareChoice.queryOf({ ...choice, runs: ['a'] }).hidden).toBeUndefined(); // it is not compared any more
  });
});

describe('runs', () => {
  it('puts training and validation of a metric into one chart, the chief one early and the machine last', () => {
    const groups = chartGroups(
      ['training.learningRate', 'training.loss', 'validation.accuracy', 'validation.loss', 'validation.macroF1'],
      'macroF1',
    );
    expect(groups.map(({ title }) => title)).toEqual(['Loss', 'Macro F1', 'Accuracy', 'Learning rate']);
    expect(groups[0]!.metrics).toEqual(['training.loss', 'validation.loss']);
  });

  it('knows how far a run is, and what it reached', () => {
    expect(shareDone({ state: 'running', step: 5, totalSteps: 20 })).toBe(0.25);
    expect(shareDone({ state: 'finished', step: 5, totalSteps: 20 })).toBe(1); // it stopped early
    expect(shareDone({ state: 'queued', step: 0, totalSteps: null })).toBeNull();
    const selection = { metric: 'accuracy', direction: 'maximise' as const, best: 0.8, step: 3 };
    expect(headlineMetric({ selection, metrics: { 'test.accuracy': 0.75 } })).toMatchObject({
      value: 0.75,
      split: 'test',
    });
    expect(headlineMetric({ selection, metrics: { 'test.accuracy': null } })).toMatchObject({
      value: 0.8,
      split: 'validation',
    });
  });

  const example = {
    items: [
      { kind: 'text' as const, text: 'the [MASK1] went to [MASK2: river]' },
      { kind: 'text' as const, text: 'he bought [MASK]' },
    ],
    truth: ['man', 'bed', 'milk', 'IsNext'],
    answers: [
      [
        {
          question: '[MASK1]',
          choices: [
            { label: 'dog', probability: 0.5 },
            { label: 'man', probability: 0.2 },
          ],
        },
        { question: '[MASK2]', choices: [{ label: 'sea', probability: 0.3 }] },
        { question: '[MASK3]', choices: [{ label: 'milk', probability: 0.6 }] },
        { question: 'class', choices: [{ label: 'IsNext', probability: 0.9 }] },
      ],
    ],
  };

  it('fills gaps with the likeliest answers, in both texts', () => {
    expect(fillsOf(example, 0)).toEqual([
      [
        { label: 'dog', right: false },
        { label: 'sea', right: false },
      ],
      [{ label: 'milk', right: true }],
    ]);
  });

  it('follows the probability of the right answer', () => {
    expect(truthHistory(example, 0)).toEqual([0.2]);
    expect(truthHistory(example, 1)).toEqual([0]); // not among the likeliest
  });
});

describe('comparisons', () => {
  it('sort any values, with missing ones last', () => {
    expect(sortedIndices([3, null, 1, 2], false)).toEqual([2, 3, 0, 1]);
    expect(sortedIndices([3, null, 1, 2], true)).toEqual([0, 3, 2, 1]);
    expect(sortedIndices(['run-10', 'run-9', null], false)).toEqual([1, 0, 2]);
  });

  it('place numbers, wide ranges by their logarithm, and names', () => {
    expect(parallelAxis('a', 'a', [1, 2, null, 3])!.places).toEqual([0, 0.5, null, 1]);
    const wide = parallelAxis('rate', 'rate', [1e-4, 1e-3, 1e-2])!;
    expect(wide.places[1]).toBeCloseTo(0.5);
    expect(wide.title).toBe('rate (log)');
    expect(parallelAxis('b', 'b', ['small', 'large', 'small'])!.places).toEqual([1, 0, 1]);
    expect(tellsApart(parallelAxis('c', 'c', [5, 5, null])!)).toBe(false);
    expect(parallelAxis('d', 'd', [null, null])).toBeUndefined();
  });
});

describe('demos', () => {
  it('fill a gap and continue a text', () => {
    expect(countMasks('the [MASK] and the [MASK2] .')).toBe(2);
    expect(fillMask('the [MASK] of [MASK] .', 1, 'milk')).toBe('the [MASK] of milk .');
    expect(fillMask('gall [MASK] .', 0, '##on')).toBe('gallon .');
    expect(appendWord('the man', 'went')).toBe('the man went');
    expect(appendWord('gall', '##on')).toBe('gallon');
    expect(appendWord('the man', ',')).toBe('the man,');
  });

  it('lay the choices of a patch quiz around the centre', () => {
    const names = ['top left', 'top', 'top right', 'left', 'right', 'bottom left', 'bottom', 'bottom right'];
    const grid = patchGrid(names)!;
    expect(new Set([...grid.values()].map(({ row, column }) => row * 3 + column)).size).toBe(8);
    expect(grid.get('bottom right')).toEqual({ row: 2, column: 2 });
    expect(patchGrid(['ham', 'spam'])).toBeUndefined();
  });

  it('place points alike on both axes and find the one under the pointer', () => {
    const places = placePoints(
      [
        { x: 0, y: 0 },
        { x: 10, y: 5 },
      ],
      100,
      10,
    );
    expect(places).toEqual([
      { x: 10, y: 70 },
      { x: 90, y: 30 },
    ]);
    expect(nearestPoint(places, 88, 33, 10)).toBe(1);
    expect(nearestPoint(places, 50, 50, 10)).toBeNull();
  });
});
