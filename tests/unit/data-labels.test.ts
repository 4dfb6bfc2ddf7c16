import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classNotes } from '../../src/main/data/import/class-notes.ts';
import { cleanLabel, countCombined, mergedNames, similarLabels } from '../../src/main/data/import/labels.ts';

const counted = (entries: Readonly<Record<string, number>>): Map<string, number> => new Map(Object.entries(entries));

describe('a label', () => {
  it('loses what cannot be seen', () => {
    const written = [
      'café',
      'cafe\u0301',
      'café ',
      'café\u200b',
      '\u00a0café',
      'ca\u00adfé',
      '\ufeffcafé',
      'café\u200d',
    ];
    expect(new Set(written.map(cleanLabel))).toEqual(new Set(['café']));
    expect(cleanLabel('two\n words')).toBe('two words');
    // Joiners inside words are letters to Persian.
    expect(cleanLabel('می\u200cخواهم')).toBe('می\u200cخواهم');
  });

  it('is the same after it was cleaned twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (label) => cleanLabel(cleanLabel(label)) === cleanLabel(label)),
    );
  });
});

describe('labels that look alike', () => {
  it('differ by case, accents, blanks, order of parts, or how a number is written', () => {
    const similar = similarLabels(
      counted({
        café: 12,
        Café: 2,
        cafe: 1,
        bar: 8,
        'drama;war': 5,
        'war; drama': 7,
        '1': 4,
        '1.0': 6,
        '01': 1,
        '2': 3,
        '-1': 2,
      }),
    );
    expect(similar.map((group) => group.map(({ name }) => name))).toEqual([
      ['1.0', '1', '01'],
      ['café', 'Café', 'cafe'],
      ['war; drama', 'drama;war'],
    ]);
    expect(mergedNames(similar).get('Café')).toBe('café');
    expect(mergedNames(similar).has('café')).toBe(false);
  });

  it('are not looked for among signs alone, nor among transcripts', () => {
    expect(similarLabels(counted({ '?': 1, '!': 1, '---': 1 }))).toEqual([]);
    expect(similarLabels(new Map(Array.from({ length: 3000 }, (_, index) => [`The ${index}`, 1])))).toEqual([]);
  });
});

describe('notes on classes', () => {
  it('tell quantities, combinations, and classes that are too small to be measured', () => {
    const numbers = classNotes(new Map(Array.from({ length: 24 }, (_, index) => [String(index * 0.37), 1])));
    expect(numbers[0]).toContain('24 different numbers are labels of 24 examples');
    const many = classNotes(new Map(Array.from({ length: 1500 }, (_, index) => [String(index * 0.37), 1])));
    expect(many).toEqual([expect.stringContaining('1500 different numbers')]);
    expect(countCombined(new Set(['drama', 'war', 'drama;war', "['drama', 'war']"]))).toBe(2);
    expect(countCombined(new Set(['C/C++', 'and/or']))).toBe(0);
    expect(classNotes(counted({ a: 50, b: 2 }))).toEqual([expect.stringContaining('“b”')]);
    expect(classNotes(counted({ '0': 50, '1': 60 }))).toEqual([]);
  });
});
