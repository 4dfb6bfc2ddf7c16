/**
 * Texts as bags of words: which words, weighted how much, in no order. The features of the baseline that any text
 * classifier has to beat, and which no word order can help.
 */
import type { SparseFeatures } from './features.ts';

// Scripts that are written without spaces: there a character is the nearest thing to a word that needs no dictionary.
const UNSPACED = '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}';
const WORD = new RegExp(
  `[[\\p{L}\\p{M}\\p{N}]--[${UNSPACED}]]+(?:['’][\\p{L}--[${UNSPACED}]]+)*|[${UNSPACED}]\\p{M}*`,
  'gv',
);
// The same for text that is all ASCII, several times faster.
const ASCII_WORD = /[a-z0-9]+(?:'[a-z]+)*/g;
const NOT_ASCII = /[^\0-\x7f]/;

/**
 * The words of a text, in lower case and compatibility-composed (NFKC): runs of letters, marks and digits, with inner apostrophes
 * ("don't"). Of scripts without spaces, single characters. Punctuation and emoji are no words.
 */
export function tokeniseWords(text: string): string[] {
  if (!NOT_ASCII.test(text)) return text.toLowerCase().match(ASCII_WORD) ?? [];
  return text.normalize('NFKC').toLowerCase().match(WORD) ?? [];
}

/** Pairs of neighbouring words beside the words themselves. */
export function wordsAndPairs(text: string): string[] {
  const words = tokeniseWords(text);
  return [...words, ...words.slice(1).map((word, index) => `${words[index]!} ${word}`)];
}

const SHORTEST_GRAM = 2;
const LONGEST_GRAM = 5;

/**
 * All runs of 2 to 5 characters, white space as one space and in lower case: parts of words, endings and beginnings, and of sequences
 * without words what k-mers are.
 */
export function characterGrams(text: string): string[] {
  const characters = Array.from(` ${text.normalize('NFKC').toLowerCase().trim().replaceAll(/\s+/g, ' ')} `);
  const grams: string[] = [];
  for (let start = 0; start < characters.length; start += 1) {
    let gram = characters[start]!;
    for (let length = SHORTEST_GRAM; length <= LONGEST_GRAM && start + length <= characters.length; length += 1) {
      gram += characters[start + length - 1]!;
      grams.push(gram);
    }
  }
  return grams;
}

export interface VocabularyOptions {
  /** What counts as a word; `tokeniseWords` unless given. */
  readonly terms?: (text: string) => readonly string[];
  /** Words in fewer texts are left out. */
  readonly minimumDocuments?: number;
  /** Words in a larger share of the texts are left out. */
  readonly maximumDocumentShare?: number;
  /** Only the words in most texts are kept. */
  readonly maximumSize?: number;
}

/** What a bag of words knows of the texts that it was fitted to. */
export interface WordVocabulary {
  readonly terms: (text: string) => readonly string[];
  /** Column of each word; the words in most texts come first, equally frequent ones in the order of their characters. */
  readonly columns: ReadonlyMap<string, number>;
  /** Number of texts that each column's word is in. */
  readonly documentFrequencies: Uint32Array;
  readonly documentCount: number;
}

/** How a word of a text counts: whether it is there, how often, or how often in proportion to its rarity. */
export type WordWeighting = 'binary' | 'counts' | 'tf-idf' | 'sublinear-tf-idf';

/** Collects the vocabulary of the texts; fit it to training texts only. */
export function fitVocabulary(texts: Iterable<string>, options: VocabularyOptions = {}): WordVocabulary {
  const { terms = tokeniseWords, minimumDocuments = 2, maximumDocumentShare = 1, maximumSize = 20_000 } = options;
  const frequencies = new Map<string, number>();
  let documentCount = 0;
  for (const text of texts) {
    documentCount += 1;
    for (const word of new Set(terms(text))) frequencies.set(word, (frequencies.get(word) ?? 0) + 1);
  }
  const kept = [...frequencies]
    .filter(([, documents]) => documents >= minimumDocuments && documents <= maximumDocumentShare * documentCount)
    .sort(([first, firstCount], [second, secondCount]) => secondCount - firstCount || (first < second ? -1 : 1))
    .slice(0, maximumSize);
  return {
    terms,
    columns: new Map(kept.map(([word], column) => [word, column])),
    documentFrequencies: Uint32Array.from(kept, ([, documents]) => documents),
    documentCount,
  };
}

/**
 * One row of features a text. 'tf-idf' is the count times ln((1 + texts) / (1 + texts with the word)) + 1, every row scaled to
 * length 1 (K. Spärck Jones, 1972; smoothed as in scikit-learn's TfidfVectorizer); sublinear, 1 + ln(count) stands for the count.
 * Words outside the vocabulary are dropped.
 */
export function vectoriseWords(
  vocabulary: WordVocabulary,
  texts: readonly string[],
  weighting: WordWeighting = 'tf-idf',
): SparseFeatures {
  const { terms, columns, documentFrequencies, documentCount } = vocabulary;
  const rarities = Float64Array.from(
    documentFrequencies,
    (documents) => Math.log((1 + documentCount) / (1 + documents)) + 1,
  );
  const rowOffsets = new Uint32Array(texts.length + 1);
  const columnIndices: number[] = [];
  const values: number[] = [];
  for (const [row, text] of texts.entries()) {
    const counts = new Map<number, number>();
    for (const word of terms(text)) {
      const column = columns.get(word);
      if (column !== undefined) counts.set(column, (counts.get(column) ?? 0) + 1);
    }
    const entries = [...counts].sort(([first], [second]) => first - second);
    const weighted = entries.map(([column, count]) => weigh(count, rarities[column]!, weighting));
    const norm = weighting.endsWith('tf-idf') ? Math.sqrt(weighted.reduce((sum, value) => sum + value ** 2, 0)) : 1;
    for (const [index, [column]] of entries.entries()) {
      columnIndices.push(column);
      values.push(weighted[index]! / norm);
    }
    rowOffsets[row + 1] = values.length;
  }
  return {
    kind: 'sparse',
    rows: texts.length,
    columns: columns.size,
    rowOffsets,
    columnIndices: Uint32Array.from(columnIndices),
    values: Float32Array.from(values),
  };
}

function weigh(count: number, rarity: number, weighting: WordWeighting): number {
  switch (weighting) {
    case 'binary':
      return 1;
    case 'counts':
      return count;
    case 'tf-idf':
      return count * rarity;
    case 'sublinear-tf-idf':
      return (1 + Math.log(count)) * rarity;
  }
}
