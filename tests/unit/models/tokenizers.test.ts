/** Tokenizers of others: what they make of random texts, against the `tokenizers` library, and the older vocabulary files. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Tokenizer } from 'tokenizers';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../../../src/main/data/tokenizer/tokenizer.ts';
import { readTokenizer } from '../../../src/main/models/families/text/tokenizer-source.ts';
import { openModelSource } from '../../../src/main/models/source.ts';
import { tokenizerFiles, tokenizerTexts } from '../../tokenizer-texts.ts';
import { fixture } from './recorded.ts';

const texts = tokenizerTexts(2000);

describe.each(Object.entries(tokenizerFiles))('%s.json', (name, file) => {
  const json = readFileSync(file, 'utf8');

  it('agrees with the library on random texts, special tokens among them', async () => {
    const library = Tokenizer.fromString(json);
    const own = createTokenizer(json, name);
    for (const text of texts) {
      const expected = await library.encode(text, null, { addSpecialTokens: false });
      expect([...own.encode(text)], JSON.stringify(text)).toEqual(expected.getIds());
    }
  });
});

describe('vocabularies of before tokenizer.json', () => {
  it.each([
    ['bert', 'bert-classifier'],
    ['roberta', 'roberta-classifier'],
  ])('%s reads texts as the tokenizer.json of the same vocabulary', async (older, newer) => {
    await using source = await openModelSource(fixture(older));
    const own = (await readTokenizer(source))!;
    const json = readFileSync(path.join(fixture(newer), 'tokenizer.json'), 'utf8');
    const expected = createTokenizer(json, newer);
    expect(own.vocabularySize).toBe(expected.vocabularySize);
    expect(own.special).toEqual(expected.special);
    // RoBERTa's mask takes the blank before it along, which the other file does not say.
    for (const text of texts.filter((one) => !one.includes('<mask>'))) {
      expect([...own.encode(text)], JSON.stringify(text)).toEqual([...expected.encode(text)]);
    }
  });
});

describe('special tokens', () => {
  const read = (name: string) =>
    createTokenizer(readFileSync(path.join(fixture(name), 'tokenizer.json'), 'utf8'), 'tokenizer.json');

  it('are found under the names that the families give them', () => {
    const roberta = read('roberta-classifier');
    expect(roberta.hasMask).toBe(true);
    expect(roberta.token(roberta.special.mask)).toBe('<mask>');
    expect(roberta.token(roberta.special.separate)).toBe('</s>');
  });

  it('GPT-2 pads with the end of text, and has no mask', () => {
    const gpt2 = read('gpt2');
    expect(gpt2.hasMask).toBe(false);
    expect(gpt2.token(gpt2.special.pad)).toBe('<|endoftext|>');
  });
});

describe('added tokens that are not special', () => {
  it('are words of every text, as runs of blanks are in ModernBERT', () => {
    const file = JSON.parse(readFileSync(path.join(fixture('modernbert'), 'tokenizer.json'), 'utf8')) as {
      added_tokens: object[];
    };
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: true, special: false };
    file.added_tokens.push({ id: 275, content: '    ', ...flags });
    const tokenizer = createTokenizer(JSON.stringify(file), 'tokenizer.json');
    const ids = tokenizer.encode('a    dog [MASK]', { recogniseSpecial: false });
    expect(ids).toContain(275);
    expect(ids).not.toContain(tokenizer.special.mask);
  });
});
