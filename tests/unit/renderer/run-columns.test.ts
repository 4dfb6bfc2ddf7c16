// Columns of the list of runs: what can be shown, in which order, and how values are written.
import { describe, expect, it } from 'vitest';
import {
  askedFields,
  chosenColumns,
  defaultColumns,
  moved,
  offeredColumns,
  showValue,
} from '../../../src/renderer/src/features/runs/run-columns.ts';

const fields = [
  { field: 'spec.training.steps', title: 'steps', values: [10, 20] },
  { field: 'spec.task.type', title: 'type', values: ['masked-words'] },
  { field: 'task', title: 'task', values: ['masked-words'] },
];

describe('columns', () => {
  it('are those of the list and every field of spec and result, none twice', () => {
    const offered = offeredColumns(fields);
    expect(offered.map(({ field }) => field)).toEqual([...defaultColumns, 'spec.training.steps', 'spec.task.type']);
    expect(offered.at(-2)).toEqual({ field: 'spec.training.steps', title: 'steps', number: true });
  });

  it('keep their order, and stay when no run has the field any more', () => {
    expect(chosenColumns(['spec.gone', 'state'], offeredColumns(fields)).map(({ title }) => title)).toEqual([
      'spec.gone',
      'State',
    ]);
    expect(askedFields(['state', 'spec.gone'])).toEqual(['spec.gone']);
  });

  it('move by one place, and not over the ends', () => {
    expect(moved(['a', 'b', 'c'], 1, -1)).toEqual(['b', 'a', 'c']);
    expect(moved(['a', 'b', 'c'], 1, 1)).toEqual(['a', 'c', 'b']);
    expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
    expect(moved(['a', 'b'], 1, 1)).toEqual(['a', 'b']);
  });

  it('write small rates and whole numbers as they are', () => {
    expect([0.00005, 0.912345, 1000, true, null, 'linear'].map(showValue)).toEqual([
      '0.00005',
      '0.9123',
      '1000',
      'yes',
      '',
      'linear',
    ]);
  });
});
