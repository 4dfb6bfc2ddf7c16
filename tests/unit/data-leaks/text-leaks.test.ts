/** Copies of texts are found by what a corpus keeps of them, its tokens, whatever the tokenizer; nothing else is. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commonSubsequence, measureOverlap } from '../../../src/main/data/leaks/compare-units.ts';
import { corpusHaystack, listHaystack } from '../../../src/main/data/leaks/haystack.ts';
import { shinglesOf } from '../../../src/main/data/leaks/needle-index.ts';
import { reverseComplement } from '../../../src/main/data/leaks/reverse-complement.ts';
import { findTextLeaks } from '../../../src/main/data/leaks/text-leaks.ts';
import { appendTextUnits } from '../../../src/main/data/leaks/text-units.ts';
import { UnitBuffer } from '../../../src/main/data/leaks/unit-buffer.ts';
import { openTextCorpus } from '../../../src/main/data/text/corpus.ts';
import { importTextCorpus } from '../../../src/main/data/text/import-corpus.ts';
import { randomStream } from '../../../src/shared/random.ts';
import { prose, temporaryFolder } from '../data-text-fixtures.ts';
import type { Change } from './planted-texts.ts';
import { plantTexts } from './planted-texts.ts';

const search = { minimumSimilarity: 0.7, mostPlaces: 3 };

describe('passages of real text', () => {
  it.each([
    ['word-piece', { kind: 'word-piece', vocabularySize: 1500 }],
    ['byte-pair with case', { kind: 'byte-pair', vocabularySize: 1500, lowercase: false }],
    ['characters', { kind: 'characters', vocabularySize: 300, lowercase: false }],
  ] as const)('are found in a corpus of %s tokens with recall 0.99 and precision 0.95', async (_name, tokenizer) => {
    const { corpus, passages } = await plantTexts(60, tokenizer);
    const texts = passages.map(({ text }, index) => [index, text] as const);
    const { places, tooShort } = await findTextLeaks(texts, corpusHaystack(corpus), search);
    corpus.close();
    expect(tooShort).toEqual([]);
    const planted = passages.flatMap(({ change }, index) => (change ? [index] : []));
    const found = planted.filter((index) => places.has(index));
    expect(planted.length).toBeGreaterThan(150);
    expect(found.length / planted.length).toBeGreaterThanOrEqual(0.99);
    expect(found.length / places.size).toBeGreaterThanOrEqual(0.95);
    const written = (change: Change): (string | undefined)[] =>
      found.filter((index) => passages[index]!.change === change).map((index) => places.get(index)![0]!.difference);
    const most = (list: readonly unknown[], value: string): number =>
      list.filter((one) => one === value).length / list.length;
    expect(most(written('whole'), 'none')).toBeGreaterThan(0.95);
    expect(most(written('full-width letters'), 'punctuation')).toBe(1);
    // A tokenizer without case has none to tell.
    const keepsCase = 'lowercase' in tokenizer;
    expect(most(written('upper case'), keepsCase ? 'case' : 'none')).toBeGreaterThan(0.95);
  });

  it('are measured by definition', () => {
    const unitsOf = (text: string): Uint32Array => {
      const words = new UnitBuffer();
      appendTextUnits(text, 0, { words });
      return words.take();
    };
    const text = unitsOf('One two three four five six seven eight nine ten');
    const passage = unitsOf('… zero, ONE two three — four five six seven (eight) xx nine ten eleven');
    const { similarity, containment, first } = measureOverlap(text, passage, { unit: 'words', window: 5 });
    // Six shingles, of which those that begin with one to four are there; all ten words follow each other.
    expect(containment).toBeCloseTo(4 / 6, 12);
    expect(similarity).toBe(1);
    expect(first).toBe(1);
    const characters = measureOverlap(text, passage, { unit: 'characters', window: 5 });
    expect(characters.similarity).toBeCloseTo(8 / 10, 12); // without alignment, what lies in common shingles
  });

  it('are aligned as a slow table says', () => {
    const sequence = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 90 });
    fc.assert(
      fc.property(sequence, sequence, (a, b) => {
        const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
        for (let i = 1; i <= a.length; i += 1) {
          for (let j = 1; j <= b.length; j += 1) {
            table[i]![j] =
              a[i - 1] === b[j - 1] ? table[i - 1]![j - 1]! + 1 : Math.max(table[i - 1]![j]!, table[i]![j - 1]!);
          }
        }
        expect(commonSubsequence(Uint32Array.from(a), Uint32Array.from(b))).toBe(table[a.length]![b.length]);
      }),
    );
  });

  it('have the same shingles wherever they stand', () => {
    const units = Uint32Array.from({ length: 40 }, (_, index) => Math.imul(index + 1, 0x9e3779b1));
    const all = shinglesOf(units, 5);
    expect(all).toHaveLength(36);
    for (let place = 0; place < 36; place += 1) {
      expect(shinglesOf(units.slice(place, place + 5), 5)).toEqual(all.slice(place, place + 1));
    }
    expect(shinglesOf(units.slice(0, 4), 5)).toHaveLength(0);
  });
});

describe('other kinds of texts', () => {
  const find = async (texts: readonly string[], others: readonly string[]) => {
    const haystack = listHaystack(others.length, (index) => others[index]!);
    return findTextLeaks(
      texts.map((text, index) => [index, text] as const),
      haystack,
      search,
    );
  };

  it('in scripts without spaces are compared by characters', async () => {
    const texts = [
      '吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。',
      'ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำแน่นอนหรือวรรณยุกต์',
    ];
    const copies = ['むかし。吾輩は猫である、名前はまだ無い どこで生れたか とんと見当がつかぬ！', 'ไทย'];
    const { places } = await find([...texts, '山路を登りながら、こう考えた。智に働けば角が立つ。'], copies);
    expect([...places.keys()]).toEqual([0]);
    expect(places.get(0)![0]).toMatchObject({ item: 0, similarity: 1, difference: 'punctuation' });
  });

  it('of a few words are found as a whole, and not by a phrase in them', async () => {
    const { places, tooShort } = await find(
      ['Sony WH-1000XM4 noise cancelling headphones', 'The end of the day', 'Yes!', 'at the end of the working day'],
      ['new: sony wh 1000xm4 Noise-Cancelling Headphones, black', 'at the end of the long run', 'yes, yes'],
    );
    expect([...places.keys()]).toEqual([0]);
    expect(tooShort).toEqual([1, 2]);
  });

  it('that are sequences are found by long k-mers, also with another mark of case', async () => {
    const random = randomStream(3);
    const sequence = (length: number): string => Array.from({ length }, () => 'ACGT'[random.integer(4)]).join('');
    const texts = Array.from({ length: 40 }, () => sequence(120));
    const genome = sequence(20_000) + texts[7]!.toLowerCase() + sequence(500) + texts[21]!.slice(20) + sequence(20_000);
    const { places } = await find(texts, [genome]);
    expect([...places.keys()]).toEqual([7, 21]);
    expect(places.get(21)![0]!.similarity).toBeCloseTo(100 / 120, 6);
  });

  it('that are nucleic acids are found on the other strand as well, and proteins are not turned around', async () => {
    const random = randomStream(4);
    const draw = (length: number, letters: string): string =>
      Array.from({ length }, () => letters[random.integer(letters.length)]).join('');
    const partner: Readonly<Record<string, string>> = { A: 'T', C: 'G', G: 'C', T: 'A', N: 'N' };
    const turned = (text: string): string =>
      text
        .replace(/./g, (letter) => partner[letter]!)
        .split('')
        .reverse()
        .join('');
    const texts = Array.from({ length: 30 }, () => draw(120, 'ACGT'));
    texts[3] = `${texts[3]!.slice(0, 60)}NN${texts[3]!.slice(60)}`;
    const genome =
      draw(9000, 'ACGT') +
      turned(texts[3]) +
      draw(300, 'ACGT') +
      turned(texts[9]!.slice(0, 100)).toLowerCase() +
      texts[12]! +
      draw(9000, 'ACGT');
    const { places } = await find(texts, [genome]);
    expect([...places].map(([index, [place]]) => [index, place!.difference]).sort()).toEqual([
      [12, 'none'],
      [3, 'strand'],
      [9, 'strand'],
    ]);
    expect(places.get(9)![0]!.similarity).toBeCloseTo(100 / 120, 6);
    expect(reverseComplement('AUGGC')).toBe('GCCAU');
    expect(reverseComplement('ACGTRN'.repeat(3) + 'ACGT'.repeat(20))).toBe('ACGT'.repeat(20) + 'NYACGT'.repeat(3));
    for (const other of ['MKVLAA', 'ACGT, and more', '', 'NNNNACGT']) expect(reverseComplement(other)).toBeUndefined();
  });

  it('that are the same many times over are all reported', async () => {
    const same = prose(6, 1);
    const texts = [
      ...Array.from({ length: 300 }, (_, index) => (index % 2 === 0 ? same : same.toUpperCase())),
      prose(6, 2),
    ];
    const { places } = await find(texts, [prose(40, 3), `Well: ${same}`]);
    expect(places.size).toBe(300);
  });

  it('are found in a corpus whose documents are their lines', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'text'));
    const text = prose(9, 11);
    const lines = [...prose(50, 12).split('. '), ...text.split('. '), ...prose(50, 13).split('. ')];
    writeFileSync(join(folder, 'text', 'lines.txt'), lines.join('.\n'));
    const destination = join(folder, 'corpus');
    const sources = [join(folder, 'text')];
    await importTextCorpus({
      sources,
      folder: destination,
      name: 'lines',
      documents: 'line',
      tokenizer: { vocabularySize: 200 },
    });
    const corpus = openTextCorpus(destination);
    const { places } = await findTextLeaks([[0, text]], corpusHaystack(corpus), search);
    corpus.close();
    expect(places.get(0)?.[0]?.similarity).toBe(1);
  });

  it('of one collection are compared with each other, and not with themselves', async () => {
    const texts = [prose(8, 21), prose(8, 22), `${prose(8, 21).toUpperCase()} More.`, prose(8, 23)];
    const haystack = listHaystack(texts.length, (index) => texts[index]!);
    const pairs = texts.map((text, index) => [index, text] as const);
    const { places } = await findTextLeaks(pairs, haystack, { ...search, isSame: true });
    expect([...places].map(([index, [place]]) => [index, place?.item]).sort()).toEqual([
      [0, 2],
      [2, 0],
    ]);
  });

  it('stops when it is told to', async () => {
    const texts = Array.from({ length: 5000 }, (_, index) => prose(2, index));
    const haystack = listHaystack(texts.length, (index) => texts[index]!);
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(findTextLeaks([[0, texts[0]!]], haystack, { ...search, signal })).rejects.toThrow('stopped');
  });
});
