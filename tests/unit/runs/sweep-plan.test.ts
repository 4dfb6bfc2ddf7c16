// What a sweep makes of a file, and what it says of one that makes no sense: with the line, before anything happens.
import { describe, expect, it } from 'vitest';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import type { SweepPlan } from '../../../src/main/runs/sweep-plan.ts';
import { planSweep } from '../../../src/main/runs/sweep-plan.ts';
import { sweepSchema } from '../../../src/main/runs/experiment-schema.ts';
import { tinySpec } from '../../tiny-workspace.ts';

const experiment = tinySpec('training: {steps: 90, batchSize: 4, learningRate: 1e-2}', 'tiny');
const plan = (sweep: string): SweepPlan => planSweep(parseSpecText(`${experiment}sweep:\n${sweep}`, 'sweep.yaml'));
/** The line of the first line of the sweep. */
const first = experiment.split('\n').length + 1;

describe('a plan', () => {
  it('has all combinations of a grid, ranges by their points', () => {
    const { trials, rungs } = plan(`
  method: grid
  fields:
    training.learningRate: {from: 1e-3, to: 1e-1, scale: log, points: 3}
    training.batchSize: [2, 4]`);
    expect(trials).toEqual(
      [1e-3, 1e-2, 1e-1].flatMap((rate) =>
        [2, 4].map((size) => ({ 'training.learningRate': rate, 'training.batchSize': size })),
      ),
    );
    expect(rungs).toEqual([{ steps: null, trials: 6 }]);
  });

  it('makes experiments of its trials that look at validation data alone', () => {
    const { experiment: trial } = plan(`  {method: grid, fields: {training.learningRate: [0.1, 0.2]}}`).cell(2, 0);
    expect(trial).toMatchObject({
      name: 'tiny.trial.2',
      training: { steps: 90, learningRate: 0.2 },
      evaluation: { test: false, baselines: false, inspect: false },
    });
  });

  it('draws whole numbers where a setting takes no others', () => {
    const { trials } = plan(
      `  {trials: 12, fields: {training.batchSize: {from: 2, to: 64, scale: log}, training.weightAverage: {from: 0, to: 1}}}`.replace(
        'to: 1}',
        'to: 0.9}',
      ),
    );
    for (const trial of trials) expect(trial['training.batchSize']).toSatisfy(Number.isInteger);
    expect(trials.some((trial) => !Number.isInteger(trial['training.weightAverage']))).toBe(true);
  });

  it('draws the same again, others with another seed', () => {
    const fields = 'fields: {training.learningRate: {from: 1e-3, to: 1e-1, scale: log}}';
    const of = (more: string) => plan(`  {trials: 5, ${fields}${more}}`).trials;
    expect(of('')).toEqual(of(''));
    expect(of(', seed: 1')).not.toEqual(of(''));
  });

  it('ends its rungs with the steps of the experiment', () => {
    const fields = 'fields: {training.learningRate: {from: 1e-3, to: 1e-1}}';
    const halving = plan(`  {method: halving, trials: 20, ${fields}}`);
    expect(halving.rungs).toEqual([
      { steps: 10, trials: 20 },
      { steps: 30, trials: 6 },
      { steps: 90, trials: 2 },
    ]);
    expect(halving.cell(3, 1).experiment).toMatchObject({ name: 'tiny.30-steps.3', training: { steps: 30 } });
    const own = plan(`  {method: halving, trials: 4, reductionFactor: 2, rungs: [5, 7], ${fields}}`);
    expect(own.rungs).toEqual([
      { steps: 5, trials: 4 },
      { steps: 7, trials: 2 },
    ]);
    expect(own.winner(1)).toMatchObject({ name: 'tiny-trial-1', training: { steps: 7 } });
  });

  it('gives the winner as it was written, with its settings and its test', () => {
    const winner = plan(`  {method: grid, fields: {training.learningRate: [0.5], task.length: [8]}}`).winner(1);
    expect(winner).not.toHaveProperty('sweep');
    expect(winner).not.toHaveProperty('evaluation');
    expect(winner).toMatchObject({
      task: { type: 'masked-words', length: 8 },
      training: { learningRate: 0.5, batchSize: 4 },
    });
    expect(parseExperiment({ value: winner, locate: () => 'winner' }).evaluation.test).toBe(true);
  });
});

describe('a mistake', () => {
  const rate = 'training.learningRate: [0.1, 0.2]';
  it.each([
    [
      'a misspelt setting',
      `  {method: grid, fields: {training.learningrate: [0.1]}}`,
      /sweep\.yaml:9: training\.learningrate: unknown option\. Did you mean 'learningRate'/,
    ],
    [
      'a value that cannot be',
      `  method: grid\n  fields:\n    training.learningRate:\n      - 0.1\n      - -1`,
      /sweep\.yaml:13: training\.learningRate: should be above 0, not -1/,
    ],
    [
      'a range the wrong way round',
      `  {fields: {training.learningRate: {from: 1, to: 0.1}}}`,
      /sweep\.yaml:9: sweep\.fields\.training\.learningRate: from should be below to, not 1 and 0\.1/,
    ],
    [
      'a logarithm of nothing',
      `  {fields: {task.maskProbability: {from: 0, to: 0.5, scale: log}}}`,
      /a logarithmic range begins above 0/,
    ],
    [
      'a grid of a range without points',
      `  {method: grid, fields: {training.learningRate: {from: 1e-4, to: 1e-2}}}`,
      /needs points/,
    ],
    [
      'points without a grid',
      `  {fields: {training.learningRate: {from: 1e-4, to: 1e-2, points: 3}}}`,
      /points belong to method: grid/,
    ],
    ['no fields', `  {fields: {}}`, /sweep\.fields: name at least one setting/],
    ['a value twice', `  {method: grid, fields: {training.learningRate: [0.1, 0.1]}}`, /has 0\.1 twice/],
    ['the data', `  {fields: {data: [a, b]}}`, /cannot be swept: trials are compared on the same validation examples/],
    ['the test', `  {fields: {evaluation.test: [true, false]}}`, /cannot be swept: trials are evaluated alike/],
    [
      'a setting and one around it',
      `  {method: grid, fields: {training: [{steps: 1}], ${rate}}}`,
      /lies within training, which is swept, too/,
    ],
    ['trials of a grid', `  {method: grid, trials: 3, fields: {${rate}}}`, /a grid tries all combinations/],
    [
      'rungs without halving',
      `  {trials: 2, rungs: [1, 2], fields: {${rate}}}`,
      /sweep\.rungs: belongs to method: halving, not to random/,
    ],
    [
      'rungs that shrink',
      `  {method: halving, rungs: [10, 5], fields: {${rate}}}`,
      /steps should grow from rung to rung/,
    ],
    [
      'steps with halving',
      `  {method: halving, fields: {training.steps: [5, 10]}}`,
      /its rungs say how long trials are/,
    ],
    [
      'too few trials for the rungs',
      `  {method: halving, trials: 8, fields: {training.learningRate: {from: 0.1, to: 1}}}`,
      /3 rungs with one trial in 3 going on need at least 9 trials, not 8/,
    ],
    [
      'more trials than combinations',
      `  {trials: 3, fields: {${rate}}}`,
      /only 2 combinations for 3 trials\. Take method: grid, or trials: 2/,
    ],
    [
      'an unknown metric',
      `  {trials: 2, metric: bleu, fields: {${rate}}}`,
      /the task has no metric 'bleu'\. It has: .*loss/,
    ],
    [
      'an unknown method',
      `  {method: bayes, fields: {${rate}}}`,
      /sweep\.method: "bayes" is not one of: grid, random, halving/,
    ],
  ])('is told with its place: %s', (_what, sweep, message) => {
    expect(() => plan(sweep)).toThrow(message);
    expect(() => plan(sweep)).toThrow(/^sweep\.yaml:\d+: /);
  });

  it('is told of more combinations than a sweep may have', () => {
    const values = JSON.stringify(Array.from({ length: 40 }, (_, index) => index + 8));
    const many = `  method: grid\n  fields:\n    training.batchSize: ${values}\n    task.length: ${values}`;
    expect(() => plan(many)).toThrow(
      `sweep.yaml:${first + 1}: sweep.fields: 40 × 40 = 1600 combinations, and a sweep has at most 1000.`,
    );
  });

  it('is a sweep that is run as an experiment', () => {
    const source = parseSpecText(`${experiment}sweep: {fields: {${rate}}}`, 'sweep.yaml');
    expect(() => parseExperiment(source)).toThrow(/sweep\.yaml:8: sweep: is for 'pretext sweep'/);
  });
});

it('has a schema for editors: that of an experiment, and what is tried', () => {
  const { properties, required } = sweepSchema();
  expect(properties?.sweep?.properties).toHaveProperty('reductionFactor');
  expect(properties).toHaveProperty('training');
  expect(required).toContain('sweep');
});
