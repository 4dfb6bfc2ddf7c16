/** The tokenizer of a text model: its tokenizer.json, or one that is written from the older vocabulary files. */
import { join } from 'node:path';
import { LabError } from '../../../../shared/errors.ts';
import type { TextTokenizer } from '../../../data/tokenizer/tokenizer.ts';
import { createTokenizer } from '../../../data/tokenizer/tokenizer.ts';
import type { ModelSource } from '../../source.ts';
import { byteLevelTokenizerJson, wordPieceTokenizerJson } from './vocabulary-files.ts';

/**
 * Undefined where none of the usual files is there. Throws `LabError('bad-input')` for a tokenizer that the lab cannot use, naming
 * the file.
 */
export async function readTokenizer(source: ModelSource): Promise<TextTokenizer | undefined> {
  const json = await source.text('tokenizer.json');
  if (json !== undefined) return createTokenizer(json, join(source.folder, 'tokenizer.json'));
  const settings = asRecord(await source.json('tokenizer_config.json'));
  const words = await source.text('vocab.txt');
  if (words !== undefined) {
    return createTokenizer(wordPieceTokenizerJson(words, settings), join(source.folder, 'vocab.txt'));
  }
  const merges = await source.text('merges.txt');
  const vocabulary = await source.json('vocab.json');
  if (merges === undefined || vocabulary === undefined) return undefined;
  const path = join(source.folder, 'vocab.json');
  return createTokenizer(byteLevelTokenizerJson(vocabulary, merges, settings, path), path);
}

/**
 * The rows of the token table that have a token. Tables are often padded to a round number; the rows behind the last token are never
 * looked up. Throws `LabError('bad-input')` for a tokenizer with more tokens than the table has rows.
 */
export function usedRows(rows: number, tokenizer: TextTokenizer | undefined, source: ModelSource): number {
  if (!tokenizer || tokenizer.vocabularySize === rows) return rows;
  if (tokenizer.vocabularySize < rows) return tokenizer.vocabularySize;
  throw new LabError(
    'bad-input',
    `${source.path}: the tokenizer has ${tokenizer.vocabularySize} tokens, and the table of the model has ${rows} rows. They do not belong together`,
    { path: source.path },
  );
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
