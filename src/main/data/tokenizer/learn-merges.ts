/**
 * Learns byte-pair merges from word counts. R. Sennrich, B. Haddow, A. Birch, "Neural machine translation of rare words with
 * subword units", ACL 2016; WordPiece vocabularies are learned the same way, with a mark on pieces inside a word.
 *
 * The `tokenizers` library has a trainer, but its bindings for Node fix the vocabulary at 30,000, and it breaks ties by ids
 * that it gives out in the order of a randomly seeded hash table, so that two trainings on one text differ. Here equal
 * counts are decided by the ids, ids by the sorted alphabet, and the result is a pure function of the counts.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BinaryHeap } from './binary-heap.ts';

export interface MergeOptions {
  /** Pieces wanted, the alphabet included. */
  readonly size: number;
  /** Pairs that are rarer are not merged. */
  readonly minimumFrequency: number;
  /** Written before pieces inside a word; '' for none. */
  readonly continuingPrefix: string;
  /** Pieces that are always there. */
  readonly initialAlphabet: readonly string[];
  /** Of the characters in the words, at most this many, the most frequent ones; words with others are left out. */
  readonly alphabetLimit: number;
  readonly signal?: AbortSignal | undefined;
}

export interface LearnedMerges {
  /** The alphabet, sorted, then the merged pieces in the order in which they were learned. */
  readonly pieces: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
}

interface Pair {
  count: number;
  /** Words that had the pair when it was counted. */
  readonly words: number[];
}

interface QueuedPair {
  readonly key: number;
  readonly count: number;
}

/** Ids stay below this, so that two of them fit into the integers of a float64. */
const ID_LIMIT = 2 ** 24;
const MERGES_PER_TURN = 32;

/** Negative or positive: the order of code points, which unlike the order of UTF-16 units no encoding changes. */
export function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

function chooseAlphabet(wordCounts: ReadonlyMap<string, number>, options: MergeOptions): Set<string> {
  const frequencies = new Map<string, number>();
  for (const [word, count] of wordCounts) {
    for (const character of word) frequencies.set(character, (frequencies.get(character) ?? 0) + count);
  }
  const sorted = [...frequencies].sort(([a, countA], [b, countB]) => countB - countA || compareCodePoints(a, b));
  return new Set(sorted.slice(0, options.alphabetLimit).map(([character]) => character));
}

/** The words as runs of piece ids in one array; merging shortens a run in place. */
class MergeTable {
  readonly pieces: string[];
  readonly merges: (readonly [string, string])[] = [];
  private readonly options: MergeOptions;
  private readonly ids: Map<string, number>;
  private readonly starts: number[] = [];
  private readonly lengths: number[] = [];
  private readonly counts: number[] = [];
  private readonly symbols: Int32Array;
  private readonly pairs = new Map<number, Pair>();
  private readonly queue = new BinaryHeap<QueuedPair>(
    (a, b) => a.count > b.count || (a.count === b.count && a.key < b.key),
  );

  constructor(wordCounts: ReadonlyMap<string, number>, options: MergeOptions) {
    this.options = options;
    const alphabet = chooseAlphabet(wordCounts, options);
    const words: { count: number; written: string[] }[] = [];
    const used = new Set(options.initialAlphabet);
    for (const [word, count] of wordCounts) {
      const characters = Array.from(word);
      if (!characters.every((character) => alphabet.has(character))) continue;
      const written = characters.map((character, index) => (index === 0 ? '' : options.continuingPrefix) + character);
      for (const piece of written) used.add(piece);
      if (written.length > 1) words.push({ count, written });
    }
    this.pieces = [...used].sort(compareCodePoints);
    this.ids = new Map(this.pieces.map((piece, id) => [piece, id]));
    this.symbols = new Int32Array(words.reduce((total, { written }) => total + written.length, 0));
    let position = 0;
    for (const [index, { count, written }] of words.entries()) {
      this.starts.push(position);
      this.lengths.push(written.length);
      this.counts.push(count);
      for (const piece of written) this.symbols[position++] = this.ids.get(piece)!;
      for (let at = position - written.length; at < position - 1; at += 1) {
        this.change(this.symbols[at]!, this.symbols[at + 1]!, count, index);
      }
    }
    for (const [key, { count }] of this.pairs) this.queue.push({ key, count });
  }

  /** Merges the most frequent pair; false if none is frequent enough. */
  mergeNext(): boolean {
    for (let top = this.queue.pop(); top !== undefined; top = this.queue.pop()) {
      const pair = this.pairs.get(top.key);
      const count = pair?.count ?? 0;
      if (pair === undefined || count < Math.max(1, this.options.minimumFrequency)) continue;
      if (count !== top.count) {
        this.queue.push({ key: top.key, count }); // counted down since it was queued
        continue;
      }
      this.merge(Math.floor(top.key / ID_LIMIT), top.key % ID_LIMIT, pair.words);
      this.pairs.delete(top.key);
      return true;
    }
    return false;
  }

  private merge(first: number, second: number, words: readonly number[]): void {
    const a = this.pieces[first]!;
    const b = this.pieces[second]!;
    const written = a + b.slice(this.options.continuingPrefix.length);
    let merged = this.ids.get(written);
    if (merged === undefined) {
      merged = this.pieces.length;
      this.pieces.push(written);
      this.ids.set(written, merged);
    }
    this.merges.push([a, b]);
    const grown = new Set<number>();
    for (const word of words) this.mergeInWord(word, first, second, merged, grown);
    for (const key of grown) {
      const count = this.pairs.get(key)?.count ?? 0;
      if (count > 0) this.queue.push({ key, count });
    }
  }

  private mergeInWord(word: number, first: number, second: number, merged: number, grown: Set<number>): void {
    const { symbols } = this;
    const start = this.starts[word]!;
    const count = this.counts[word]!;
    const end = start + this.lengths[word]!;
    let write = start;
    for (let read = start; read < end; read += 1) {
      const isPair = symbols[read] === first && read + 1 < end && symbols[read + 1] === second;
      if (!isPair) {
        symbols[write++] = symbols[read]!;
        continue;
      }
      if (write > start) {
        const left = symbols[write - 1]!;
        this.change(left, first, -count, word);
        grown.add(this.change(left, merged, count, word));
      }
      this.change(first, second, -count, word);
      if (read + 2 < end) {
        const right = symbols[read + 2]!;
        this.change(second, right, -count, word);
        grown.add(this.change(merged, right, count, word));
      }
      symbols[write++] = merged;
      read += 1;
    }
    this.lengths[word] = write - start;
  }

  private change(first: number, second: number, by: number, word: number): number {
    const key = first * ID_LIMIT + second;
    const pair = this.pairs.get(key);
    if (pair === undefined) {
      this.pairs.set(key, { count: by, words: [word] });
    } else {
      pair.count += by;
      if (by > 0 && pair.words.at(-1) !== word) pair.words.push(word);
    }
    return key;
  }
}

/**
 * Merges the most frequent neighbouring pieces until there are `size` of them, or no pair is frequent enough.
 * @param wordCounts how often each word occurs; the order does not matter
 * @param onProgress pieces so far
 */
export async function learnMerges(
  wordCounts: ReadonlyMap<string, number>,
  options: MergeOptions,
  onProgress?: (pieces: number) => void,
): Promise<LearnedMerges> {
  const table = new MergeTable(wordCounts, options);
  for (let turn = 0; table.pieces.length < options.size && table.mergeNext(); turn += 1) {
    if (turn % MERGES_PER_TURN !== 0) continue;
    onProgress?.(table.pieces.length);
    await nextTurn();
    options.signal?.throwIfAborted();
  }
  return { pieces: table.pieces, merges: table.merges };
}
