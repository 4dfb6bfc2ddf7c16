// Text for terminals: it fits, and nothing of it is lost.
import { afterEach, expect, it, vi } from 'vitest';
import { pairs, table, terminalWidth, wrap } from '../../../src/main/hosts/cli/output.ts';

const columns = [{ title: 'run' }, { title: 'step', align: 'right' }, { title: 'what it is about' }] as const;
const long = 'words that go on and on, with a very-long-one-that-has-no-place-to-be-broken-at-all in them';
const rows = [
  ['masked-words-abcde', '12', 'short'],
  ['next-word-fghjk', '3', long],
];

afterEach(() => {
  vi.unstubAllEnvs();
});

it.each([200, 80, 60, 40, 30])('lays a table out in %i columns and keeps every word', (width) => {
  const lines = table(columns, rows, width).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
  const letters = (text: string): string => text.replace(/\s/g, '');
  const last = lines.slice(lines.findIndex((line) => line.startsWith('next-wo'))).map((line) => line.slice(-width));
  const column = lines[0]?.indexOf('what') ?? 0;
  expect(letters(last.map((line) => line.slice(column)).join(''))).toBe(letters(long));
});

it('keeps the first column whole as long as others can be narrower', () => {
  expect(table(columns, rows, 50)).toMatch(/^masked-words-abcde +12 {2}short$/m);
});

it('puts what goes on of a value below its beginning', () => {
  vi.stubEnv('COLUMNS', '40');
  expect(terminalWidth()).toBe(40);
  const lines = pairs([
    ['name', 'value'],
    ['longer name', 'a value of many words that takes some lines'],
  ]).split('\n');
  expect(lines).toEqual([
    'name         value',
    'longer name  a value of many words that',
    '             takes some lines',
  ]);
});

it('breaks a word that is longer than a line, and loses nothing of it', () => {
  const path = `/home/${'folder/'.repeat(12)}file.txt`;
  const lines = wrap(`in ${path} there`, 4, 30).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(30);
  expect(lines.join('').replace(/\s/g, '')).toBe(`in${path}there`);
  expect(wrap('one two', 0, 1).replaceAll('\n', '')).toBe('onetwo');
});

it('takes 80 columns where nobody knows better', () => {
  vi.stubEnv('COLUMNS', undefined);
  expect(terminalWidth()).toBe(80);
});
