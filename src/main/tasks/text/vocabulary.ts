/** What tasks know of a tokenizer's vocabulary, in arrays, and how its tokens are written for people. */
import { joinPieces } from '../../../shared/display.ts';
import { readBytes } from '../../data/tokenizer/pre-tokenizers.ts';
import type { TextTokenizer } from '../../data/tokenizer/tokenizer.ts';
import type { Vocabulary } from './masking.ts';

/** Marks continuations and finds the ids that are never drawn at random: special tokens and ids without a token. */
export function vocabularyOf(tokenizer: TextTokenizer): Vocabulary {
  const size = tokenizer.vocabularySize;
  const { pad, unknown, classify, separate, mask } = tokenizer.special;
  const reserved = new Set([pad, unknown, classify, separate, mask]);
  const continuation = new Uint8Array(size);
  for (let id = 0; id < size; id += 1) {
    if (tokenOrNothing(tokenizer, id) === undefined) reserved.add(id);
    else if (tokenizer.isContinuation(id)) continuation[id] = 1;
  }
  return { size, special: tokenizer.special, continuation, reserved: Uint32Array.from(reserved).sort() };
}

/** The token of an id; vocabularies may have ids without one. */
export function tokenOrNothing(tokenizer: TextTokenizer, id: number): string | undefined {
  try {
    return tokenizer.token(id);
  } catch {
    return undefined;
  }
}

/**
 * A token as displays write it: the text, with ## in front where it continues a word, whatever the tokenizer's own marks. Of a
 * character that tokens of bytes cut, each has a part that cannot be shown.
 */
export function tokenText(tokenizer: TextTokenizer, id: number): string {
  return pieceText(tokenizer, tokenizer.token(id), tokenizer.isContinuation(id));
}

function pieceText({ byteLevel }: TextTokenizer, token: string, isContinuation: boolean): string {
  const written = byteLevel ? visible(readBytes(token), token) : token;
  if (!isContinuation) return written.replace(/^[Ġ▁ ](?=.)/u, '');
  return written.startsWith('##') ? written : `##${written}`;
}

/** White space alone keeps the marks that it is written with. */
function visible(text: string, token: string): string {
  return text.trim() === '' ? token : text;
}

/** Tokens as the text that they stand for, as displays write it. */
export function showTokens(tokenizer: TextTokenizer, ids: ArrayLike<number>): string {
  const texts = tokenizer.byteLevel ? wordsOfBytes(tokenizer, ids) : tokenTexts(tokenizer, ids);
  return tokenizer.spacing === '' ? texts.join('') : joinPieces(texts);
}

/** Whole words, as a character may lie in several tokens of one. */
function wordsOfBytes(tokenizer: TextTokenizer, ids: ArrayLike<number>): string[] {
  const words: { token: string; isContinuation: boolean }[] = [];
  for (const id of Array.from(ids)) {
    const [token, isContinuation] = [tokenizer.token(id), tokenizer.isContinuation(id)];
    const last = words[words.length - 1];
    if (last && isContinuation) last.token += token;
    else words.push({ token, isContinuation });
  }
  return words.map(({ token, isContinuation }) => pieceText(tokenizer, token, isContinuation));
}

export function tokenTexts(tokenizer: TextTokenizer, ids: ArrayLike<number>): string[] {
  return Array.from(ids, (id) => tokenText(tokenizer, id));
}
