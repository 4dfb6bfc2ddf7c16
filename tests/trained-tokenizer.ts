import { createTokenizer } from '../src/main/data/tokenizer/tokenizer.ts';
import type { TextTokenizer } from '../src/main/data/tokenizer/tokenizer.ts';
import { trainTokenizerJson } from '../src/main/data/tokenizer/train-tokenizer.ts';

/** Trains a tokenizer on texts, which are read once. */
export async function trainTokenizer(...training: Parameters<typeof trainTokenizerJson>): Promise<TextTokenizer> {
  return createTokenizer(await trainTokenizerJson(...training), 'the trained tokenizer');
}
