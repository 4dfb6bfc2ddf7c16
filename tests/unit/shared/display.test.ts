import { describe, expect, it } from 'vitest';
import {
  displayMaskedWords,
  maskMarks,
  formatBytes,
  formatCount,
  formatNumber,
  formatPercent,
  formatSigned,
  formatWithBounds,
  formatWithInterval,
  joinPieces,
  plural,
} from '../../../src/shared/display.ts';

it('plural has the singular for one alone', () => {
  expect([0, 1, 2, 12_345].map((count) => plural(count, 'row'))).toEqual([
    '0 rows',
    '1 row',
    '2 rows',
    '12\u202f345 rows',
  ]);
  expect([1, 2].map((count) => plural(count, 'class', 'classes'))).toEqual(['1 class', '2 classes']);
});

describe('displayMaskedWords', () => {
  // The example of the README of google-research/bert, whose authors wrote it.
  const tokens = 'the man went to the store . he bought a gallon of milk .'.split(' ');

  it('writes the example of the authors of BERT', () => {
    const display = displayMaskedWords(tokens, [
      { position: 10, label: 'gallon' },
      { position: 5, label: 'store' },
    ]);
    expect(display.text).toBe(
      'Input: the man went to the [MASK1] . he bought a [MASK2] of milk .\n' +
        'Labels: [MASK1] = store; [MASK2] = gallon',
    );
  });

  it('joins pieces of words, masked together into one mask, or masked alone', () => {
    const pieces = ['a', 'gall', '##on', '##s', 'of', 'milk'];
    expect(displayMaskedWords(pieces, [])).toMatchObject({ input: 'a gallons of milk', labels: '' });
    expect(
      displayMaskedWords(
        pieces,
        [1, 2, 3].map((position) => ({ position, label: pieces[position] ?? '' })),
      ),
    ).toMatchObject({ input: 'a [MASK1] of milk', labels: '[MASK1] = gallons' });
    expect(displayMaskedWords(pieces, [{ position: 2, label: '##on' }])).toMatchObject({
      input: 'a gall [MASK1]s of milk',
      labels: '[MASK1] = ##on',
    });
    // Neighbouring words that are both masked stay two masks.
    expect(
      displayMaskedWords(pieces, [
        { position: 4, label: 'of' },
        { position: 5, label: 'milk' },
      ]).labels,
    ).toBe('[MASK1] = of; [MASK2] = milk');
  });

  it('says what the network sees where a place is not hidden', () => {
    const display = displayMaskedWords(tokens, [
      { position: 5, label: 'store', seen: 'river' },
      { position: 10, label: 'gallon', seen: 'gallon' },
      { position: 12, label: 'milk' },
    ]);
    expect(display.input).toBe('the man went to the [MASK1: river] . he bought a [MASK2: gallon] of [MASK3] .');
    expect(display.labels).toBe('[MASK1] = store; [MASK2] = gallon; [MASK3] = milk');
    expect(display.input.match(maskMarks)).toEqual(['[MASK1: river]', '[MASK2: gallon]', '[MASK3]']);
    // A piece that is not hidden is not part of the mask before it.
    const pieces = ['gall', '##on', 's'];
    const apart = displayMaskedWords(pieces, [
      { position: 0, label: 'gall' },
      { position: 1, label: '##on', seen: '##ow' },
    ]);
    expect(apart.labels).toBe('[MASK1] = gall; [MASK2] = ##on');
  });

  it('refuses places outside the text and places named twice', () => {
    expect(() => displayMaskedWords(tokens, [{ position: 14, label: 'x' }])).toThrow(RangeError);
    expect(() =>
      displayMaskedWords(tokens, [
        { position: 1, label: 'x' },
        { position: 1, label: 'x' },
      ]),
    ).toThrow(RangeError);
  });

  it('knows other continuation marks, and none', () => {
    expect(joinPieces(['gall', '@@on'], '@@')).toBe('gallon');
    expect(joinPieces(['gall', '##on'], '')).toBe('gall ##on');
    expect(joinPieces([])).toBe('');
    expect(joinPieces(['a', '##'])).toBe('a ##');
  });
});

describe('numbers', () => {
  it('have their decimals, their sign and no minus zero', () => {
    expect(formatNumber(0.91249)).toBe('0.912');
    expect(formatNumber(-0.0001)).toBe('0.000');
    expect(formatNumber(-1.5, 1)).toBe('−1.5');
    expect(formatNumber(Number.NaN)).toBe('–');
    expect(formatNumber(-Infinity)).toBe('−∞');
    expect(formatSigned(0.041)).toBe('+0.041');
    expect(formatSigned(-0.002)).toBe('−0.002');
    expect(formatSigned(0.0001)).toBe('0.000');
  });

  it('have their intervals', () => {
    const interval = { low: 0.899, high: 0.925, confidence: 0.95 };
    expect(formatWithInterval(0.912, interval)).toBe('0.912 ± 0.013');
    expect(formatWithInterval(0.912, null)).toBe('0.912');
    expect(formatWithBounds(0.912, interval, 2)).toBe('0.91 [0.90, 0.93]');
  });

  it('are shares, counts and sizes', () => {
    expect(formatPercent(0.1234)).toBe('12.3 %');
    expect(formatCount(1234567)).toBe('1\u202f234\u202f567');
    expect(formatCount(1234)).toBe('1234');
    expect(formatCount(-12345)).toBe('−12\u202f345');
    expect(formatBytes(0)).toBe('0 B');
    expect(formatBytes(512)).toBe('512 B');
    expect(formatBytes(1000)).toBe('0.98 KiB');
    expect(formatBytes(1536)).toBe('1.50 KiB');
    expect(formatBytes(23.4 * 2 ** 20)).toBe('23.4 MiB');
    expect(formatBytes(234.4 * 2 ** 30)).toBe('234 GiB');
    expect(formatBytes(-1)).toBe('–');
  });
});
