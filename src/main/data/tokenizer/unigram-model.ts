/**
 * The unigram language model of SentencePiece (T. Kudo 2018, "Subword regularization"): of all ways to cut a text into known pieces,
 * the most probable one, found with Viterbi's algorithm. The `tokenizers` library is the reference this is tested against.
 */
import type { EncodeWord } from './encode-word.ts';
import type { UnigramFields } from './tokenizer-file.ts';

/** A character that no piece begins with costs so much more than the least probable piece. */
const UNKNOWN_PENALTY = 10;

/** Pieces by their characters. */
interface TrieNode {
  readonly children: Map<number, TrieNode>;
  /** -1 where no piece ends. */
  id: number;
}

export function createUnigram(model: UnigramFields): EncodeWord {
  const { vocab: vocabulary, scores, unk_id: unknown, byte_fallback: byteFallback } = model;
  const unknownId = unknown ?? -1;
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
  const trie = createTrie(vocabulary);
  const bytes = byteFallback ? byteIds(vocabulary) : undefined;
  return (word, ids) => {
    const characters = Array.from(word, (character) => character.codePointAt(0)!); // none is empty
    const { starts, pieces } = cheapestPath(characters, trie, scores, { id: unknownId, score: unknownScore });
    const path = pathOf(starts, pieces);
    for (let index = 0; index < path.length; index += 1) {
      const { begin, id } = path[index]!;
      if (id !== unknownId) {
        ids.push(id);
        continue;
      }
      // Characters without a piece that follow each other are one unknown piece.
      while (path[index + 1]?.id === unknownId) index += 1;
      const text = String.fromCodePoint(...characters.slice(begin, path[index]!.end));
      const known = vocabulary.get(text);
      const asBytes = bytes && Array.from(Buffer.from(text, 'utf8'), (byte) => bytes[byte]);
      if (known !== undefined) ids.push(known);
      else if (asBytes?.every((byte) => byte !== undefined)) ids.push(...asBytes);
      else if (unknownId >= 0) ids.push(unknownId);
    }
  };
}

function createTrie(vocabulary: ReadonlyMap<string, number>): TrieNode {
  const root: TrieNode = { children: new Map(), id: -1 };
  for (const [piece, id] of vocabulary) {
    let node = root;
    for (const character of piece) {
      const code = character.codePointAt(0)!; // none is empty
      let next = node.children.get(code);
      if (!next) node.children.set(code, (next = { children: new Map(), id: -1 }));
      node = next;
    }
    if (node !== root) node.id = id;
  }
  return root;
}

/** For each end of a piece, where the piece that leads there begins, and its id. Of equally probable ways the first found stays. */
function cheapestPath(
  characters: readonly number[],
  trie: TrieNode,
  scores: readonly number[],
  unknown: { readonly id: number; readonly score: number },
): { readonly starts: Int32Array; readonly pieces: Int32Array } {
  const count = characters.length;
  const best = new Float64Array(count + 1);
  const starts = new Int32Array(count + 1).fill(-1);
  const pieces = new Int32Array(count + 1);
  const offer = (begin: number, end: number, id: number, score: number): void => {
    const candidate = best[begin]! + score;
    if (starts[end] !== -1 && candidate <= best[end]!) return;
    best[end] = candidate;
    starts[end] = begin;
    pieces[end] = id;
  };
  for (let begin = 0; begin < count; begin += 1) {
    let hasSingle = false;
    let node: TrieNode | undefined = trie;
    for (let end = begin; end < count; end += 1) {
      node = node.children.get(characters[end]!);
      if (!node) break;
      if (node.id < 0) continue;
      offer(begin, end + 1, node.id, scores[node.id]!);
      if (end === begin) hasSingle = true;
    }
    if (!hasSingle) offer(begin, begin + 1, unknown.id, unknown.score);
  }
  return { starts, pieces };
}

function pathOf(starts: Int32Array, pieces: Int32Array): { begin: number; end: number; id: number }[] {
  const path: { begin: number; end: number; id: number }[] = [];
  for (let end = starts.length - 1; end > 0; end = starts[end]!) {
    path.push({ begin: starts[end]!, end, id: pieces[end]! });
  }
  return path.reverse();
}

/** The ids of `<0x00>` to `<0xFF>`. */
function byteIds(vocabulary: ReadonlyMap<string, number>): readonly (number | undefined)[] {
  return Array.from({ length: 256 }, (_, byte) =>
    vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  );
}
