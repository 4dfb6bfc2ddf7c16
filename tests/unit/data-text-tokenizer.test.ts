import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Tokenizer } from 'tokenizers';
import { describe, expect, it } from 'vitest';
import { learnMerges } from '../../src/main/data/tokenizer/learn-merges.ts';
import { createTokenizer, loadTokenizer } from '../../src/main/data/tokenizer/tokenizer.ts';
import { trainTokenizer } from '../trained-tokenizer.ts';
import { trainTokenizerJson, WordCounter } from '../../src/main/data/tokenizer/train-tokenizer.ts';
import { trainedTokenizerOptions } from '../../src/shared/spec/manifests/text-corpus.ts';
import { isLabError } from '../../src/shared/errors.ts';
import { prose, temporaryFolder } from './data-text-fixtures.ts';

const texts = Array.from({ length: 40 }, (_, seed) => prose(20, seed));
const options = (kind: 'word-piece' | 'byte-pair' | 'characters', vocabularySize = 500, lowercase = true) =>
  trainedTokenizerOptions.parse({ kind, vocabularySize, lowercase });

/**
 * Characters that are the same in every version of Unicode that the library and Node may have: marks, punctuation and format
 * controls of the blocks that were complete long ago, and beyond the first plane emoji and ideographs. What a new mark is
 * stripped from here stays there.
 */
const longKnown =
  /^(?:(?!\p{Cn})[\u0000-\u036f\u2000-\u205e\u3000-\u303f]|(?![\p{M}\p{P}\p{Cf}\p{Cn}\p{Co}])[\u0000-\uffff]|[\u{1f300}-\u{1f64f}\u{20000}-\u{2a6d6}])*$/u;

/** What the library says: the reference for every encoding. */
async function libraryIds(json: string, text: string): Promise<number[]> {
  return (await Tokenizer.fromString(json).encode(text, null, { addSpecialTokens: false })).getIds();
}

/** Merges by counting all pairs anew each time. */
function slowMerges(words: ReadonlyMap<string, number>, size: number, prefix: string): string[] {
  const split = [...words].map(([word, count]) => ({
    count,
    pieces: Array.from(word, (character, index) => (index === 0 ? '' : prefix) + character),
  }));
  const vocabulary = [...new Set(split.flatMap(({ pieces }) => pieces))].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  while (vocabulary.length < size) {
    const counts = new Map<string, number>();
    for (const { pieces, count } of split) {
      for (let index = 0; index + 1 < pieces.length; index += 1) {
        const key = `${pieces[index]!} ${pieces[index + 1]!}`;
        counts.set(key, (counts.get(key) ?? 0) + count);
      }
    }
    const rank = (key: string): number[] => key.split(' ').map((piece) => vocabulary.indexOf(piece));
    const best = [...counts].sort(([a, countA], [b, countB]) => {
      const [a1, a2] = rank(a);
      const [b1, b2] = rank(b);
      return countB - countA || a1! - b1! || a2! - b2!;
    })[0];
    if (best === undefined || best[1] < 2) break;
    const [first, second] = best[0].split(' ');
    const merged = first! + second!.slice(prefix.length);
    if (!vocabulary.includes(merged)) vocabulary.push(merged);
    for (const word of split) {
      const pieces: string[] = [];
      for (let index = 0; index < word.pieces.length; index += 1) {
        if (word.pieces[index] === first && word.pieces[index + 1] === second) {
          pieces.push(merged);
          index += 1;
        } else {
          pieces.push(word.pieces[index]!);
        }
      }
      word.pieces = pieces;
    }
  }
  return vocabulary;
}

describe('learning merges', () => {
  it('finds the pieces that counting all pairs again after every merge finds', async () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '😀'), minLength: 1, maxLength: 9 });
    const counts = fc.array(fc.tuple(word, fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(counts, fc.constantFrom('##', ''), async (entries, prefix) => {
        const words = new Map(entries);
        const learned = await learnMerges(words, {
          size: 40,
          minimumFrequency: 2,
          continuingPrefix: prefix,
          initialAlphabet: [],
          alphabetLimit: 100,
        });
        expect(learned.pieces).toEqual(slowMerges(words, 40, prefix));
      }),
      { numRuns: 60 },
    );
  });

  it('leaves out words with characters beyond the alphabet', async () => {
    const settings = { size: 50, minimumFrequency: 1, continuingPrefix: '##', initialAlphabet: [], alphabetLimit: 2 };
    const { pieces } = await learnMerges(
      new Map([
        ['aba', 10],
        ['xa', 1],
      ]),
      settings,
    );
    expect(pieces).toContain('aba');
    expect(pieces.join('')).not.toContain('x');
  });

  it('forgets the rarest words when there are too many', () => {
    const counter = new WordCounter(3);
    counter.add(['a', 'a', 'b', 'b', 'c', 'd', 'e']);
    expect([...counter.counts]).toEqual([
      ['a', 2],
      ['b', 2],
    ]);
  });
});

describe.each(['word-piece', 'byte-pair', 'characters'] as const)('a trained %s tokenizer', (kind) => {
  it('is the same for the same texts, with special tokens first and no more tokens than asked for', async () => {
    const first = await trainTokenizerJson(texts, options(kind));
    expect(await trainTokenizerJson(texts, options(kind))).toBe(first);
    const tokenizer = createTokenizer(first, 'trained');
    expect(tokenizer.special).toEqual({ pad: 0, unknown: 1, classify: 2, separate: 3, mask: 4 });
    expect(tokenizer.vocabularySize).toBeLessThanOrEqual(500);
    expect(tokenizer.vocabularySize).toBeGreaterThan(kind === 'characters' ? 30 : 100);
    expect(tokenizer.token(4)).toBe('[MASK]');
    expect(tokenizer.id('[SEP]')).toBe(3);
  });

  it.each([true, false])('encodes like the library, lower case: %s', async (lowercase) => {
    const json = await trainTokenizerJson(texts, options(kind, 500, lowercase));
    const tokenizer = createTokenizer(json, 'trained');
    const piece = fc.oneof(
      fc.constantFrom(...texts[0]!.split(' ')),
      fc.constantFrom(
        '[MASK]',
        '[SEP]',
        ' ',
        '  ',
        '\n',
        '\t',
        '中文',
        'Ünïcödé',
        'ΣΑΣ',
        "don't",
        '—',
        '…',
        '😀',
        'x'.repeat(120),
      ),
      fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => text.isWellFormed() && longKnown.test(text)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const text = pieces.join(' ');
        expect([...tokenizer.encode(text)]).toEqual(await libraryIds(json, text));
      }),
      { numRuns: 80 },
    );
  });

  it('decodes what it encodes', async () => {
    const tokenizer = await trainTokenizer(texts, options(kind, 500, false));
    const text = 'The old lighthouse repairs the red door in 1950.';
    expect(tokenizer.decode(tokenizer.encode(text)).trim()).toBe(text);
  });

  it('recognises special tokens in a text only if asked to', async () => {
    const tokenizer = await trainTokenizer(texts, options(kind));
    expect(tokenizer.encode('the [MASK] door')).toContain(4);
    expect(tokenizer.encode('the [MASK] door', { recogniseSpecial: false })).not.toContain(4);
    const ids: number[] = [];
    tokenizer.encodeInto('the [MASK] door', ids);
    expect(ids).toEqual([...tokenizer.encode('the [MASK] door', { recogniseSpecial: false })]);
  });
});

describe('word boundaries', () => {
  const wordsOf = async (kind: 'word-piece' | 'byte-pair', text: string): Promise<string> => {
    const tokenizer = await trainTokenizer(texts, options(kind, 330));
    return [...tokenizer.encode(text)].map((id) => (tokenizer.isContinuation(id) ? '+' : '|')).join('');
  };

  it('are where the words of the text begin', async () => {
    for (const kind of ['word-piece', 'byte-pair'] as const) {
      const marks = await wordsOf(kind, 'the therdoore door.');
      expect(marks.split('|').length - 1).toBe(4); // the, therdoore, door and the full stop
      expect(marks).toContain('+');
    }
  });
});

describe('a tokenizer that is brought along', () => {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const special = ['<s>', '<pad>', '</s>', '<unk>', '<mask>'];
  const roberta = (added = special, model: object = {}) => ({
    version: '1.0',
    added_tokens: added.map((content, id) => ({ id, content, ...flags, lstrip: content === '<mask>' })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(
        [...special, 'a', 'b', 'c', 'Ġ', 'ab', 'Ġab', 'abc', 'bc', 'abcc', '__proto__'].map((token, id) => [token, id]),
      ),
      merges: ['a b', 'Ġ ab', 'b c', 'ab c', 'abc c'],
      ...model,
    },
  });
  const write = (content: object | string): string => {
    const path = join(temporaryFolder(), 'tokenizer.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const failure = (content: object | string): unknown => {
    try {
      loadTokenizer(write(content));
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it('has its special tokens found by their names', () => {
    const tokenizer = loadTokenizer(write(roberta()));
    expect(tokenizer.special).toEqual({ pad: 1, unknown: 3, classify: 0, separate: 2, mask: 4 });
    expect(tokenizer.vocabularySize).toBe(15);
    expect(tokenizer.id('__proto__')).toBe(14);
  });

  it('encodes like the library, merges in their order and blanks before the mask included', async () => {
    const json = JSON.stringify(roberta());
    const tokenizer = createTokenizer(json, 'roberta');
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', '<mask>', 'd'), maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(text, async (sample) => {
        expect([...tokenizer.encode(sample)]).toEqual(await libraryIds(json, sample));
      }),
      { numRuns: 200 },
    );
  });

  it('encodes like the library with bytes for unknown characters, and with joined unknown ones', async () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    const vocab = Object.fromEntries([...special, 'a', '▁', '▁a', ...bytes].map((token, id) => [token, id]));
    const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
    const merges = [['▁', 'a']];
    for (const model of [
      { byte_fallback: true, vocab, merges },
      { fuse_unk: true, vocab: { ...vocab, '<0xF0>': undefined }, merges },
    ]) {
      const json = JSON.stringify({ ...roberta(special, model), pre_tokenizer: metaspace, decoder: null });
      const tokenizer = createTokenizer(json, 'metaspace');
      for (const text of ['a a', 'aé 😀xx a', '', 'xyz']) {
        expect([...tokenizer.encode(text)]).toEqual(await libraryIds(json, text));
      }
    }
  });

  it('is refused with the reason if it cannot be used', () => {
    const withoutMask = roberta(special.slice(0, 4), {
      vocab: { '<s>': 0, '<pad>': 1, '</s>': 2, '<unk>': 3 },
      merges: [],
    });
    expect(failure(withoutMask)).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('[MASK] or <mask>'),
    });
    expect(failure({ model: { type: 'Morpheme', vocab: [] } })).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('Morpheme'),
    });
    const farAway = roberta(special, {
      vocab: { '<s>': 0, '<pad>': 1, '</s>': 2, '<unk>': 3, word: 2 ** 31 },
      merges: [],
    });
    expect(failure(farAway)).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('has the id 2147483648'),
    });
    expect(failure('{')).toMatchObject({ code: 'bad-input', message: expect.stringContaining('tokenizer.json') });
    expect(failure({})).toMatchObject({ code: 'bad-input' });
    expect(() => loadTokenizer('/nowhere/tokenizer.json')).toThrow(
      expect.toSatisfy((error: unknown) => isLabError(error, 'not-found')),
    );
  });
});

it('refuses a vocabulary that has no room, and texts without words', async () => {
  await expect(trainTokenizerJson(texts, options('byte-pair', 100))).rejects.toMatchObject({ code: 'bad-spec' });
  const trained = (text: string) => trainTokenizerJson([text], options('word-piece'));
  await expect(trained('  ')).rejects.toMatchObject({
    code: 'bad-input',
    message: expect.stringContaining('There is no word') as string,
  });
  await expect(trained('A'.repeat(101))).rejects.toMatchObject({
    code: 'bad-input',
    message: expect.stringContaining('more than 100 characters') as string,
  });
});
