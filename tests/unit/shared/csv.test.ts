// Tables for spreadsheets: whoever opens them must not have a name run as a formula.
import { expect, it } from 'vitest';
import { csvText } from '../../../src/shared/csv.ts';

it('keeps texts that look like formulas texts, and numbers numbers', () => {
  const row = ['=1+1', '+cmd', '@sum', '-cmd', '-0.5', '-.5', -3, null, true];
  expect(csvText([row])).toBe("'=1+1,'+cmd,'@sum,'-cmd,-0.5,-.5,-3,,true\r\n");
});

it('quotes what would end a cell', () => {
  expect(csvText([['a,b', 'say "no"', 'two\nlines']])).toBe('"a,b","say ""no""","two\nlines"\r\n');
});
