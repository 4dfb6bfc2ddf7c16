import { Tokenizer } from 'tokenizers';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { importTextCorpus, type ImportTextCorpusOptions } from '../../src/main/data/text/import-corpus.ts';
import { RoundTrip } from '../../src/main/data/tokenizer/round-trip.ts';
import { createTokenizer, type TextTokenizer } from '../../src/main/data/tokenizer/tokenizer.ts';
import { trainTokenizer } from '../trained-tokenizer.ts';
import { scriptOf, shareWithoutBlanks } from '../../src/main/data/tokenizer/writing-systems.ts';
import { trainedTokenizerOptions } from '../../src/shared/spec/manifests/text-corpus.ts';

const texts = [
  'Déjà vu: the naïve café in Zürich, coöperation and Ångström.',
  'Ο Έλληνας πίνει καφέ. Чай и ёлка, йогурт, Їжак.',
  'हिन्दी में लिखा हुआ वाक्य, किताबें और पढ़ाई।',
  'がっこうでべんきょうします。パソコンと、データ。',
  'ภาษาไทยไม่มีการเว้นวรรคระหว่างคำ',
  'தமிழ் மொழி, বাংলা ভাষা, ភាសាខ្មែរ',
  'שָׁלוֹם עֲלֵיכֶם، السَّلَامُ عَلَيْكُمْ، 한국어 문장',
];

function train(options: object = {}): Promise<TextTokenizer> {
  const repeated = Array.from({ length: 6 }, () => texts).flat();
  return trainTokenizer(
    repeated,
    trainedTokenizerOptions.parse({ vocabularySize: 3000, minimumFrequency: 1, ...options }),
  );
}

const decoded = (tokenizer: TextTokenizer, text: string): string => tokenizer.decode(tokenizer.encode(text));

describe('word pieces', () => {
  it('lose accents of Latin, Greek and Cyrillic alone, and no letter of another script', async () => {
    const tokenizer = await train();
    expect(decoded(tokenizer, 'Déjà naïve')).toBe('deja naive');
    expect(decoded(tokenizer, 'Έλληνας')).toBe('ελληνας');
    expect(decoded(tokenizer, 'ёлка Їжак')).toBe('елка іжак');
    for (const word of [
      'हिन्दी',
      'किताबें',
      'がっこう',
      'データ',
      'ภาษาไทย',
      'தமிழ்',
      'বাংলা',
      'שָׁלוֹם',
      'السَّلَامُ',
      '한국어',
    ]) {
      expect(decoded(tokenizer, word).replaceAll(' ', '').normalize('NFC')).toBe(word.normalize('NFC'));
    }
  });

  it('keep accents and upper case where each is asked for', async () => {
    expect(decoded(await train({ stripAccents: false }), 'Déjà')).toBe('déjà');
    expect(decoded(await train({ lowercase: false }), 'Déjà')).toBe('Déjà');
    expect(decoded(await train({ lowercase: false, stripAccents: true }), 'Déjà')).toBe('Deja');
    expect(decoded(await train({ kind: 'byte-pair', stripAccents: true }), 'Déjà がっこう').trim()).toBe(
      'deja がっこう',
    );
  });

  it.each([{}, { stripAccents: false }, { kind: 'byte-pair', stripAccents: true }, { kind: 'characters' }])(
    'and others encode as the library does with the same file: %j',
    async (options) => {
      const tokenizer = await train(options);
      const library = Tokenizer.fromString(tokenizer.toJson());
      for (const text of [...texts, 'İstanbul ΣΊΣΥΦΟΣ e\u0301\u0327 q\u0308 か\u3099 \u0958']) {
        const expected = await library.encode(text, null, { addSpecialTokens: false });
        expect([...tokenizer.encode(text)]).toEqual(expected.getIds());
      }
    },
  );

  it('of files that were written before go on as they did', () => {
    const old = {
      added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].map((content, id) => ({
        id,
        content,
        special: true,
      })),
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: null,
        lowercase: true,
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
      model: {
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab: { '[PAD]': 0, '[UNK]': 1, '[CLS]': 2, '[SEP]': 3, '[MASK]': 4, か: 5, e: 6 },
      },
    };
    const tokenizer = createTokenizer(JSON.stringify(old), 'old');
    expect([...tokenizer.encode('が É')]).toEqual([5, 6]);
  });
});

describe('what comes back', () => {
  it('is counted by script', async () => {
    const roundTrip = new RoundTrip(await train());
    for (const text of texts) roundTrip.add(text);
    const shares = Object.fromEntries(
      roundTrip.result().map(({ script, characters, kept }) => [script, kept / characters]),
    );
    expect(shares.Thai).toBe(1);
    expect(shares.Devanagari).toBe(1);
    expect(shares.Hiragana).toBe(1);
    expect(shares.Latin).toBeLessThan(1);
    expect(shares.Latin).toBeGreaterThan(0.8);
  });

  it('is little of a run that is too long for a word, and all of it with bytes', async () => {
    const run = 'ภาษาไทยไม่มีการเว้นวรรคระหว่างคำ'.repeat(10);
    const shareOf = async (kind: string): Promise<number> => {
      const roundTrip = new RoundTrip(await train({ kind }));
      roundTrip.add(run);
      const [thai] = roundTrip.result();
      return thai!.kept / thai!.characters;
    };
    expect(await shareOf('word-piece')).toBe(0);
    expect(await shareOf('byte-pair')).toBe(1);
  });
});

it('scripts are told by their letters', () => {
  expect(['a', 'é', 'ß', 'я', 'ก', '้', 'が', '漢', '1', '!', 'ا'].map(scriptOf)).toEqual([
    ...['Latin', 'Latin', 'Latin', 'Cyrillic', 'Thai', 'Thai', 'Hiragana', 'Han', 'signs', 'signs', 'Arabic'],
  ]);
  expect(shareWithoutBlanks('ภาษา ok')).toBeCloseTo(4 / 6);
  expect(shareWithoutBlanks('12.')).toBe(0);
});

describe('a corpus', () => {
  async function importFrom(text: string, options: Partial<ImportTextCorpusOptions> = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'pretext-scripts-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    writeFileSync(join(folder, 'text.txt'), text);
    return importTextCorpus({
      sources: [join(folder, 'text.txt')],
      folder: join(folder, 'corpus'),
      name: 'x',
      ...options,
    });
  }

  it('in a script without blanks gets a vocabulary of bytes unless another is named, and tells what is kept', async () => {
    const thai = Array.from(
      { length: 40 },
      (_, index) => `ภาษาไทยไม่มีการเว้นวรรค${'ระหว่างคำ'.repeat(1 + (index % 9))}`,
    ).join('');
    const chosen = await importFrom(thai, { tokenizer: { vocabularySize: 400 } });
    expect(chosen.options.tokenizer).toMatchObject({ kind: 'byte-pair' });
    expect(chosen.roundTrip).toEqual([
      { script: 'Thai', characters: expect.any(Number), kept: chosen.roundTrip![0]!.characters },
    ]);
    expect(chosen.report.notes.listed[0]!.message).toContain('without blanks between words');
    const named = await importFrom(`${thai}\nand words of English`, {
      tokenizer: { vocabularySize: 400, kind: 'word-piece' },
    });
    expect(named.options.tokenizer).toMatchObject({ kind: 'word-piece' });
    expect(named.roundTrip!.find(({ script }) => script === 'Thai')!.kept).toBe(0);
    const latin = await importFrom('Words of English, one after the other.', { tokenizer: { vocabularySize: 400 } });
    expect(latin.options.tokenizer).toMatchObject({ kind: 'word-piece' });
  });
});
