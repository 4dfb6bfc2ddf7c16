/** Tokens of bytes as people read them: letters with accents and scripts beyond Latin are many bytes to a character. */
import { describe, expect, it } from 'vitest';
import { readBytes, writeAsBytes } from '../../../../src/main/data/tokenizer/pre-tokenizers.ts';
import { createTokenizer } from '../../../../src/main/data/tokenizer/tokenizer.ts';
import { trainTokenizerJson } from '../../../../src/main/data/tokenizer/train-tokenizer.ts';
import { showTokens, tokenText } from '../../../../src/main/tasks/text/vocabulary.ts';
import { trainedTokenizerOptions } from '../../../../src/shared/spec/manifests/text-corpus.ts';

const texts = Array.from({ length: 20 }, () => 'un café noir, deux cafés au lait à côté de la forêt');
const options = trainedTokenizerOptions.parse({ kind: 'byte-pair', vocabularySize: 300, lowercase: false });

describe('tokens of bytes', () => {
  it('are shown as the text that they stand for', async () => {
    const tokenizer = createTokenizer(await trainTokenizerJson(texts, options), 'tokenizer.json');
    const ids = tokenizer.encode('un café noir');
    const shown = Array.from(ids, (id) => tokenText(tokenizer, id));
    expect(Array.from(ids, (id) => tokenizer.token(id)).join('')).toContain('Ã©'); // as the file writes é
    expect(shown.join(' ')).toContain('é');
    expect(shown.join(' ')).not.toMatch(/[ÃĠ]/u);
    expect(showTokens(tokenizer, ids)).toBe('un café noir');
  });

  it('that each hold a part of a character are a whole word together', async () => {
    const tokenizer = createTokenizer(await trainTokenizerJson(texts, options), 'tokenizer.json');
    const ids = tokenizer.encode('un 日本 lait'); // no merges: three tokens to a character
    expect(ids.length).toBeGreaterThan(6);
    expect(showTokens(tokenizer, ids)).toBe('un 日本 lait');
    expect(Array.from(ids, (id) => tokenText(tokenizer, id)).join('')).toContain('\ufffd');
  });

  it('are read back from how they are written, and what is not written so is left alone', () => {
    for (const text of ['é', ' noir', '日本', 'a\nb']) expect(readBytes(writeAsBytes(text))).toBe(text);
    expect(readBytes('<two words>')).toBe('<two words>'); // an added token with a blank, which is no character of bytes
  });
});
