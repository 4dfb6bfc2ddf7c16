// What the names of runs say about where they belong.
import { expect, it } from 'vitest';
import { studyCellOf } from '../../../src/renderer/src/components/study-cell.ts';

it.each([
  ['mails.50-labels.scratch.1', { study: 'mails', fields: ['50 labels', 'scratch', 'seed 1'] }],
  ['mails.trial.7', { study: 'mails', fields: ['trial 7'] }],
  ['mails.60-steps.12', { study: 'mails', fields: ['60 steps', 'trial 12'] }],
  ['mails.v2', undefined],
  ['mails', undefined],
])('%s', (name, cell) => {
  expect(studyCellOf(name)).toEqual(cell);
});
