// @vitest-environment happy-dom
// Studies as pages make and show them: the spec from a form's choices, curves and gains, what pretraining was worth in labels.
import { mount } from '@vue/test-utils';
import { describe, expect, it } from 'vitest';
import StudyVerdict from '../../../src/renderer/src/features/studies/StudyVerdict.vue';
import {
  armColours,
  armCurves,
  conditionsOf,
  gainPoints,
  labelBudgets,
} from '../../../src/renderer/src/features/studies/label-efficiency.ts';
import { remainingOf } from '../../../src/renderer/src/features/studies/remaining.ts';
import { gainKind, gainWords } from '../../../src/shared/study/verdict.ts';
import { gainsCsv, runsCsv } from '../../../src/renderer/src/features/studies/study-csv.ts';
import type { StudyChoice } from '../../../src/shared/study/design-study.ts';
import {
  largestCell,
  parseBudgets,
  studyName,
  studyOf,
  suggestBudgets,
} from '../../../src/shared/study/design-study.ts';
import { countTrainings, parseStudy, planStudy } from '../../../src/main/runs/study-plan.ts';
import { summariseStudy } from '../../../src/main/runs/study-summary.ts';
import type { StudyResult } from '../../../src/shared/spec/study.ts';

const choice: StudyChoice = {
  name: 'words-on-mails',
  source: 'words-abc12',
  budgets: [20, 200],
  budgetOption: 'total',
  allLabels: true,
  seeds: 3,
  steps: 50,
  batchSize: 8,
  learningRate: 1e-3,
  metric: 'macroF1',
  withBaselines: true,
  hasLinearProbe: true,
  tuned: true,
};
const suggested = {
  name: 'words-text-classification',
  task: { type: 'text-classification', length: 64 },
  data: 'mails',
  pipeline: { preset: 'bert-tiny' },
  from: { run: 'words-abc12' },
  training: { epochs: 5 },
};

/** values[condition][arm] = metric by seed */
function resultOf(
  values: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>,
  direction: StudyResult['direction'] = 'maximise',
): StudyResult {
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  const cells = Object.entries(values).flatMap(([condition, arms]) =>
    Object.entries(arms).map(([arm, list]) => ({ condition, arm, list })),
  );
  const sign = direction === 'maximise' ? 1 : -1;
  return {
    formatVersion: 2,
    name: 'one',
    metric: 'accuracy',
    direction,
    splits: 'shared',
    testExamples: 100,
    conditions: Object.keys(values).map((name) => ({ name, labels: null })),
    verdicts: [],
    leaks: [],
    labelsSaved: [],
    runs: cells.flatMap(({ condition, arm, list }) =>
      list.map((value, seed) => ({
        condition,
        arm,
        seed,
        run: `${condition}-${arm}-${seed}`,
        value,
        split: 'test' as const,
        chosen: null,
        trials: null,
      })),
    ),
    baselines: [],
    arms: cells.map(({ condition, arm, list }) => ({
      condition,
      arm,
      title: arm,
      method: 'training',
      pretrained: arm !== 'scratch',
      mean: mean(list),
      interval: null,
    })),
    gains: cells
      .filter(({ arm }) => arm !== 'scratch')
      .map(({ condition, arm, list }) => {
        const gain = sign * (mean(list) - mean(values[condition]!.scratch!));
        return {
          condition,
          arm,
          reference: 'scratch',
          gain,
          interval: { low: gain - 0.01, high: gain + 0.01, confidence: 0.95 },
          overSeeds: null,
          overExamples: null,
          pValue: null,
          seedsNeeded: null,
          sentence: '',
        };
      }),
  };
}

describe('a study from choices', () => {
  it('is one that the lab takes: arms differ in where they start, and in nothing else', () => {
    const spec = studyOf(choice, suggested, true);
    const source = { value: spec, locate: () => '' };
    const cells = planStudy(parseStudy(source), source);
    expect(cells).toHaveLength(3 * 4 * 3);
    const at = (arm: string) =>
      cells.find((cell) => cell.arm === arm && cell.condition === '20-labels' && cell.seed === 2)!;
    const { from: pretrainedFrom, name: _one, ...pretrained } = at('pretrained').experiment;
    const { from: scratchFrom, name: _other, tokenizer, ...scratch } = at('scratch').experiment;
    expect(pretrainedFrom).toMatchObject({ run: 'words-abc12' });
    expect(scratchFrom).toBeUndefined();
    expect(tokenizer).toEqual({ run: 'words-abc12' });
    expect({ ...scratch, evaluation: undefined }).toEqual({ ...pretrained, evaluation: undefined });
    // The task's simple baselines are computed once, with the reference.
    expect([pretrained.evaluation.baselines, scratch.evaluation.baselines]).toEqual([false, true]);
    expect(pretrained).toMatchObject({ seed: 2, splitSeed: 0, labelSeed: 2, training: { steps: 50, batchSize: 8 } });
    expect(pretrained.task).toMatchObject({ labelBudget: { total: 20 }, length: 64 });
    expect(at('frozen').experiment).toMatchObject({ method: 'frozen-features', from: { run: 'words-abc12' } });
    expect(at('baseline').experiment).toMatchObject({ method: 'baseline', tokenizer: { run: 'words-abc12' } });
    expect(pretrained.tune).toEqual({
      settings: { 'training.learningRate': [3.3e-4, 1e-3, 3e-3] },
      metric: 'macroF1',
      seed: 1,
    });
    // Two networks at three budgets, three seeds and three trials each.
    expect(countTrainings(parseStudy(source))).toBe(2 * 3 * (3 + 3));
    const all = cells.find(({ condition }) => condition === 'all-labels')!;
    expect(all.experiment.task).not.toHaveProperty('labelBudget');
  });

  it('trains the head alone where no linear method reads frozen features', () => {
    const value = studyOf({ ...choice, hasLinearProbe: false }, suggested, true);
    const source = { value, locate: () => '' };
    const cells = planStudy(parseStudy(source), source).filter(({ arm }) => arm === 'frozen');
    expect(cells).toHaveLength(3 * 3);
    for (const { experiment } of cells) {
      expect(experiment).toMatchObject({ freeze: ['backbone'], from: { run: 'words-abc12' } });
      expect(experiment.method ?? 'training').toBe('training');
      expect(Object.keys(experiment.tune!.settings)).toEqual(['training.learningRate']);
    }
  });

  it('plans the cell that needs most labels', () => {
    const spec = studyOf(choice, suggested, true);
    expect(largestCell(choice, spec).task).not.toHaveProperty('labelBudget');
    expect(largestCell({ ...choice, allLabels: false }, spec)).toMatchObject({
      task: { labelBudget: { total: 200 } },
      from: { run: 'words-abc12' },
    });
  });

  it('reads label budgets in any order, and refuses what is none', () => {
    expect(parseBudgets('200, 20 50;50')).toEqual([20, 50, 200]);
    expect(parseBudgets('')).toEqual([]);
    for (const wrong of ['2.5', '-1', '0', 'ten']) expect(parseBudgets(wrong)).toBeNull();
  });

  it('suggests budgets that the data has', () => {
    for (const [examples, classes] of [
      [100, 2],
      [3000, 2],
      [2500, 10],
      [60, 5],
    ] as const) {
      for (const count of suggestBudgets(examples, classes, 'total')) {
        expect(count).toBeLessThanOrEqual(examples / 2);
      }
      for (const count of suggestBudgets(examples, classes, 'perClass')) {
        expect(count * classes).toBeLessThanOrEqual(examples / 2);
      }
    }
    expect(suggestBudgets(3000, 2, 'total').length).toBeGreaterThan(1);
  });

  it('finds a name that is free', () => {
    expect(studyName({ name: 'words' }, 'Mails', [])).toBe('words-on-mails');
    expect(studyName({ name: 'words' }, 'mails', ['words-on-mails', 'words-on-mails-2'])).toBe('words-on-mails-3');
  });
});

describe('what a study says', () => {
  const result = resultOf({
    '100-labels': { pretrained: [0.9, 0.9], scratch: [0.8, 0.8] },
    '10-labels': { pretrained: [0.75, 0.65], scratch: [0.5, 0.6] },
  });

  it('orders conditions by their labels, and only where all are budgets of their own', () => {
    const named = (...names: string[]) => names.map((name) => ({ name, labels: null }));
    expect(labelBudgets(named('5-labels-a-class', '20-labels-a-class'))).toEqual([5, 20]);
    expect(labelBudgets(named('5-labels', 'all-labels'))).toBeNull();
    expect(labelBudgets(named('5-labels', '5-classes'))).toBeNull();
    // What runs had counts, whatever a condition is called.
    expect(
      labelBudgets([
        { name: '5-labels-a-class', labels: 15 },
        { name: 'all-labels', labels: 400 },
      ]),
    ).toEqual([15, 400]);
    expect(conditionsOf(result)).toEqual(['10-labels', '100-labels']);
    expect(armCurves(result).map(({ points }) => points.map(({ mean }) => Number(mean.toFixed(3))))).toEqual([
      [0.7, 0.9],
      [0.55, 0.8],
    ]);
  });

  it('pairs by seed, so that more is better whatever the metric', () => {
    const [first] = gainPoints(result);
    expect(first?.seeds.map(({ difference }) => Number(difference.toFixed(3)))).toEqual([0.25, 0.05]);
    const losses = resultOf({ '10-labels': { pretrained: [1], scratch: [1.5] } }, 'minimise');
    expect(gainPoints(losses)[0]).toMatchObject({ gain: 0.5, seeds: [{ seed: 0, difference: 0.5 }] });
  });

  it('says better or worse only of an interval without 0', () => {
    expect(gainKind({ interval: { low: 0.01, high: 0.2 } })).toBe('better');
    expect(gainKind({ interval: { low: -0.2, high: -0.01 } })).toBe('worse');
    expect(gainKind({ interval: { low: -0.1, high: 0.2 } })).toBe('open');
    expect(gainKind({ interval: null })).toBe('open');
  });

  it('calls a gain inconclusive whose interval includes 0', () => {
    expect(gainWords({ gain: 0.009, interval: { low: -0.01, high: 0.028 } })).toBe('inconclusive');
    expect(gainWords({ gain: 0.05, interval: { low: 0.01, high: 0.09 } })).toBe('+0.050');
    expect(gainWords({ gain: 0.05, interval: null })).toBe('one seed');
  });

  it('shows who won in the words of the lab, what pretraining gained, and the labels it saved', () => {
    const verdict = {
      condition: '10-labels',
      kind: 'winner' as const,
      leader: 'tf-idf',
      rival: 'pretrained',
      difference: 0.1,
      interval: { low: 0.05, high: 0.15, confidence: 0.95 },
      seedsNeeded: 4,
      headline: 'tf-idf wins',
      sentence: 'tf-idf wins with 10 labels: 0.8 against 0.7 of pretrained.',
    };
    const needed = { labels: 40, bound: 'exact' as const };
    const saved = {
      arm: 'pretrained',
      reference: 'scratch',
      condition: '10-labels',
      labels: 10,
      needed,
      interval: null,
      sentence: 'What pretrained reaches with 10 labels takes scratch 40.',
    };
    const text = mount(StudyVerdict, {
      props: { result: { ...result, verdicts: [verdict], labelsSaved: [saved] } },
    }).text();
    expect(text).toContain('tf-idf wins with 10 labels');
    expect(text).toContain(verdict.sentence);
    expect(text).toContain('+0.150');
    expect(text).toContain(saved.sentence);
  });

  it('says once what was found of leaks, and warns where the arms were not tested on the same examples', () => {
    const clean = {
      leaked: 0,
      excluded: 0,
      sentence: 'No leaks: none of 100 test examples occurs in the other splits',
    };
    const leaky = { leaked: 3, excluded: 3, sentence: '3 of 100 test examples also occur in words and were excluded' };
    const shown = (leaks: StudyResult['leaks']) => {
      const page = mount(StudyVerdict, { props: { result: { ...result, leaks } } });
      return page.findAll('[aria-label="Leaks"] li').map((line) => line.text());
    };
    expect(
      shown([
        { arm: 'pretrained', ...clean },
        { arm: 'scratch', ...clean },
      ]),
    ).toEqual([`All arms: ${clean.sentence}.`]);
    expect(
      shown([
        { arm: 'pretrained', ...leaky },
        { arm: 'scratch', ...clean },
      ]),
    ).toEqual([
      `pretrained: ${leaky.sentence}.`,
      `scratch: ${clean.sentence}.`,
      'The arms were not tested on the same examples.',
    ]);
    expect(mount(StudyVerdict, { props: { result } }).text()).toContain('were not checked');
  });

  it('has the same two colours for pretrained and from scratch, whatever else is compared', () => {
    const arms = (...names: string[]) => armColours(names.map((name) => ({ name, isMain: name === 'pretrained' })));
    const both = arms('pretrained', 'scratch');
    const four = arms('tf-idf', 'pretrained', 'frozen', 'scratch');
    for (const name of ['pretrained', 'scratch']) expect(four.get(name)).toBe(both.get(name));
    expect(new Set(four.values()).size).toBe(4);
  });

  it('is written as CSV with a row for each run and each gain', () => {
    expect(runsCsv(result).trim().split('\r\n')).toHaveLength(1 + result.runs.length);
    expect(gainsCsv(result).trim().split('\r\n')).toHaveLength(1 + result.gains.length);
  });

  it('agrees with the lab on the gain', () => {
    // The lab's own summary of the same values, from results as runs leave them.
    const run = (value: number) => ({
      id: 'x',
      selection: { metric: 'accuracy', direction: 'maximise' },
      test: { metrics: { accuracy: value } },
      baselines: [],
    });
    const study = parseStudy({
      value: studyOf({ ...choice, metric: 'accuracy', withBaselines: false, tuned: false }, suggested, true),
      locate: () => '',
    });
    const cells = [0.75, 0.65].flatMap((value, seed) => [
      { cell: { condition: '20-labels', arm: 'pretrained', seed }, result: run(value) },
      { cell: { condition: '20-labels', arm: 'scratch', seed }, result: run([0.5, 0.6][seed]!) },
    ]);
    const summary = summariseStudy(
      { ...study, conditions: study.conditions.slice(0, 1) },
      cells as unknown as Parameters<typeof summariseStudy>[1], // only what a summary reads
    );
    expect(gainPoints(summary)[0]?.gain).toBeCloseTo(0.15, 10);
    expect(gainPoints(summary)[0]?.seeds.map(({ difference }) => Number(difference.toFixed(3)))).toEqual([0.25, 0.05]);
  });
});

describe('the time a study still takes', () => {
  const run = (state: 'finished' | 'running' | 'queued' | 'failed', step: number) => ({
    state,
    step,
    totalSteps: 100,
    startedAt: 0,
    finishedAt: state === 'finished' ? 1000 : null,
  });

  it('is what finished runs took, for the part of the others that is left', () => {
    expect(remainingOf([run('finished', 100), run('running', 25), run('queued', 0), run('failed', 3)])).toBe(1750);
    expect(remainingOf([run('running', 25)])).toBeNull();
  });
});
