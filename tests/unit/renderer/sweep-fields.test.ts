// The form of a sweep: what is offered for a setting, what is read of a list of values, and the spec that comes of it.
import { describe, expect, it } from 'vitest';
import {
  freeName,
  parseValues,
  suggestedRow,
  sweepableSettings,
  sweepSpecOf,
} from '../../../src/renderer/src/features/sweeps/sweep-fields.ts';

const schema = {
  properties: { training: { properties: { schedule: { properties: { type: { enum: ['constant', 'linear'] } } } } } },
};
const row = (path: string, current: unknown) => suggestedRow(1, path, current, schema, {});

describe('the form of a sweep', () => {
  it('offers values around what a setting has', () => {
    expect(row('training.learningRate', 1e-3)).toMatchObject({
      kind: 'range',
      from: '0.0001',
      to: '0.01',
      scale: 'log',
    });
    expect(row('training.batchSize', 16)).toMatchObject({ kind: 'values', values: '8, 16, 32' });
    expect(row('task.dropout', 0)).toMatchObject({ values: '0, 0.1, 0.2' });
    expect(row('task.dropout', 0.1)).toMatchObject({ values: '0.05, 0.1, 0.2' });
    expect(row('training.linearProbeFirst', false)).toMatchObject({ values: 'true, false' });
    expect(row('training.schedule.type', 'linear')).toMatchObject({ values: 'constant, linear' });
    expect(row('something.else', undefined)).toMatchObject({ values: '' });
  });

  it('reads numbers, words, switches and JSON', () => {
    expect(parseValues('1e-4, 0.5,  lstm, true, {"type": "wsd", "decayFraction": 0.2}, [1, 2]')).toEqual([
      ...[1e-4, 0.5, 'lstm', true],
      { type: 'wsd', decayFraction: 0.2 },
      [1, 2],
    ]);
    expect(parseValues(' , ')).toEqual([]);
  });

  it('makes the spec that a file would have', () => {
    const rows = [row('training.learningRate', 1e-3), { ...row('', undefined), id: 2 }];
    const choices = { name: 'a-sweep', trials: 9, rungs: '', reductionFactor: 3, seed: 4 };
    const fields = (more: object) => ({ 'training.learningRate': { from: 1e-4, to: 1e-2, scale: 'log', ...more } });
    const experiment = { name: 'a', task: 'masked-words' };
    expect(sweepSpecOf(experiment, rows, { ...choices, method: 'random' })).toEqual({
      ...{ name: 'a-sweep', task: 'masked-words' },
      sweep: { method: 'random', fields: fields({}), trials: 9, seed: 4 },
    });
    expect(sweepSpecOf(experiment, rows, { ...choices, method: 'grid' })).toMatchObject({
      sweep: { method: 'grid', fields: fields({ points: 5 }) },
    });
    expect(sweepSpecOf(experiment, rows, { ...choices, method: 'halving', rungs: '10, 30' }).sweep).toEqual({
      ...{ method: 'halving', fields: fields({}), trials: 9, seed: 4, reductionFactor: 3, rungs: [10, 30] },
    });
  });

  it('offers all settings of an experiment that a sweep may change', () => {
    const settings = sweepableSettings({
      task: { type: 'masked-words', length: 16, testFraction: 0.1 },
      pipeline: { preset: 'bert-tiny', options: { heads: 2 } },
      training: { learningRate: 0.1, schedule: { type: 'linear' } },
      seed: 3,
    });
    expect([...settings]).toEqual([
      ['training.learningRate', 0.1],
      ['training.schedule.type', 'linear'],
      ['pipeline.options.heads', 2],
      ['task.length', 16],
      ['seed', 3],
    ]);
  });

  it('finds a free name', () => {
    expect(freeName('mails', [])).toBe('mails-sweep');
    expect(freeName('mails', ['mails-sweep', 'mails-sweep-2'])).toBe('mails-sweep-3');
  });
});
