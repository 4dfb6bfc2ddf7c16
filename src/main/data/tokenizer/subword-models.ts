/**
 * The models of a tokenizer.json: from one word to the ids of its pieces. The `tokenizers` library has them too, but only
 * behind promises and at 3 MB/s on two cores; batches are built synchronously, and an import has to keep up with the disk.
 * The library is the reference these are tested against.
 */
import { BinaryHeap } from './binary-heap.ts';
import type { BytePairFields, TokenizerModel, WordPieceFields } from './tokenizer-file.ts';
import { createUnigram } from './unigram-model.ts';
import type { EncodeWord } from './encode-word.ts';

interface Merge {
  readonly rank: number;
  readonly merged: number;
}

interface Candidate {
  readonly rank: number;
  readonly merged: number;
  readonly position: number;
}

/** The longest piece that fits, again and again; a word with a part that no piece fits is unknown as a whole. */
export function createWordPiece(model: WordPieceFields): EncodeWord {
  const vocabulary = model.vocab;
  const { continuing_subword_prefix: prefix, max_input_chars_per_word: maximumCharacters, unk_token: unknown } = model;
  const unknownId = vocabulary.get(unknown);
  let longest = 1;
  for (const token of vocabulary.keys()) longest = Math.max(longest, token.length);
  return (word, ids) => {
    const before = ids.length;
    let start = 0;
    const countable = word.length > maximumCharacters ? Array.from(word).length : word.length;
    while (start < word.length && countable <= maximumCharacters) {
      let end = Math.min(word.length, start + longest);
      let id: number | undefined;
      for (; end > start; end -= 1) {
        const piece = word.slice(start, end);
        id = vocabulary.get(start === 0 ? piece : prefix + piece);
        if (id !== undefined) break;
      }
      if (id === undefined) break;
      ids.push(id);
      start = end;
    }
    if (start === word.length) return;
    ids.length = before;
    if (unknownId !== undefined) ids.push(unknownId);
  };
}

/** Byte-pair encoding: of the neighbouring pieces that a merge is known for, the earliest learned and leftmost first. */
export function createBytePair(model: BytePairFields): EncodeWord {
  const vocabulary = model.vocab;
  const prefix = model.continuing_subword_prefix ?? '';
  const size = largestId(vocabulary) + 1;
  const merges = readMerges(model, size);
  const toSymbols = createSymbolReader(model);
  return (word, ids) => {
    const whole = model.ignore_merges ? vocabulary.get(word) : undefined;
    if (whole !== undefined) ids.push(whole);
    else mergeSymbols(toSymbols(word, prefix), merges, size, ids);
  };
}

/** Merges by first · vocabulary size + second, which is exact in a float64. */
function readMerges(model: BytePairFields, size: number): Map<number, Merge> {
  const vocabulary = model.vocab;
  const prefix = model.continuing_subword_prefix ?? '';
  const merges = new Map<number, Merge>();
  for (const [rank, pair] of model.merges.entries()) {
    const space = typeof pair === 'string' ? pair.indexOf(' ') : 0;
    const [first, second] = typeof pair === 'string' ? [pair.slice(0, space), pair.slice(space + 1)] : pair;
    const a = vocabulary.get(first);
    const b = vocabulary.get(second);
    const merged = vocabulary.get(first + second.slice(prefix.length));
    if (a !== undefined && b !== undefined && merged !== undefined) merges.set(a * size + b, { rank, merged });
  }
  return merges;
}

function largestId(vocabulary: ReadonlyMap<string, number>): number {
  let largest = 0;
  for (const id of vocabulary.values()) largest = Math.max(largest, id);
  return largest;
}

/** The characters of a word as ids; what is not in the vocabulary as bytes, as unknown, or left out, as the model says. */
function createSymbolReader(model: BytePairFields): (word: string, prefix: string) => number[] {
  const vocabulary = model.vocab;
  const suffix = model.end_of_word_suffix ?? '';
  const unknownId =
    model.unk_token === null || model.unk_token === undefined ? undefined : vocabulary.get(model.unk_token);
  const bytes = Array.from({ length: 256 }, (_, byte) =>
    vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  );
  return (word, prefix) => {
    const symbols: number[] = [];
    let isUnknown = false;
    let position = 0;
    for (const character of word) {
      const isFirst = position === 0;
      position += character.length;
      const written = (isFirst ? '' : prefix) + character + (position === word.length ? suffix : '');
      const id = vocabulary.get(written);
      if (id !== undefined) {
        symbols.push(id);
        isUnknown = false;
        continue;
      }
      const asBytes = model.byte_fallback ? [...Buffer.from(written, 'utf8')].map((byte) => bytes[byte]) : [undefined];
      if (asBytes.every((byte) => byte !== undefined)) {
        symbols.push(...asBytes);
        isUnknown = false;
      } else if (unknownId !== undefined) {
        if (!(model.fuse_unk && isUnknown)) symbols.push(unknownId);
        isUnknown = true;
      }
    }
    return symbols;
  };
}

function mergeSymbols(symbols: number[], merges: ReadonlyMap<number, Merge>, size: number, ids: number[]): void {
  const next = symbols.map((_, index) => index + 1);
  const previous = symbols.map((_, index) => index - 1);
  const end = symbols.length;
  const queue = new BinaryHeap<Candidate>((a, b) => a.rank < b.rank || (a.rank === b.rank && a.position < b.position));
  const mergeAt = (position: number): Merge | undefined => {
    const following = next[position]!;
    return following >= end ? undefined : merges.get(symbols[position]! * size + symbols[following]!);
  };
  const consider = (position: number): void => {
    const merge = mergeAt(position);
    if (merge !== undefined) queue.push({ ...merge, position });
  };
  for (let position = 0; position < end; position += 1) consider(position);
  for (let top = queue.pop(); top !== undefined; top = queue.pop()) {
    const { position, merged } = top;
    // A symbol that was merged into the one before it has id −1; a pair may have changed since it was queued.
    if (symbols[position] === -1 || mergeAt(position)?.merged !== merged) continue;
    const absorbed = next[position]!;
    symbols[position] = merged;
    symbols[absorbed] = -1;
    next[position] = next[absorbed]!;
    if (next[absorbed]! < end) previous[next[absorbed]!] = position;
    if (previous[position]! >= 0) consider(previous[position]!);
    consider(position);
  }
  for (let position = 0; position < end; position = next[position]!) ids.push(symbols[position]!);
}

export function createModel(model: TokenizerModel): EncodeWord {
  switch (model.type) {
    case 'WordPiece':
      return createWordPiece(model);
    case 'BPE':
      return createBytePair(model);
    case 'Unigram':
      return createUnigram(model);
    case 'WordLevel': {
      const unknownId = model.vocab.get(model.unk_token);
      return (word, ids) => {
        const id = model.vocab.get(word) ?? unknownId;
        if (id !== undefined) ids.push(id);
      };
    }
  }
}
