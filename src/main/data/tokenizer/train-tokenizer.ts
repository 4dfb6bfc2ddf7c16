/**
 * Trains a tokenizer on text: counts words, learns pieces, and writes a Hugging Face tokenizer.json. The same texts and
 * options give the same file, byte for byte.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LabError } from '../../../shared/errors.ts';
import type { TrainedTokenizerOptions } from '../../../shared/spec/manifests/text-corpus.ts';
import { compareCodePoints, learnMerges } from './learn-merges.ts';
import { bertNormalise, STRIP_ACCENTS_STEPS, stripAccents, type BertNormalizerOptions } from './normalizers.ts';
import {
  BYTE_CHARACTERS,
  CHARACTER_PATTERN,
  createKmerSplitter,
  kmerPattern,
  splitBertWords,
  splitByteLevelWords,
  splitCharacters,
  splitSymbols,
  writeAsBytes,
} from './pre-tokenizers.ts';

export type TrainableTokenizer = TrainedTokenizerOptions;

export interface TokenizerTraining {
  readonly signal?: AbortSignal | undefined;
  /** Pieces learned so far, of the size asked for. */
  readonly onProgress?: ((pieces: number, size: number) => void) | undefined;
}

const SPECIAL_TOKENS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

/** Distinct words counted at once; rarer ones are forgotten when there are more (about 100 bytes each). */
const MAXIMUM_WORDS = 1_000_000;
/** Longer ones are addresses, keys and base64: nothing to learn from. */
const MAXIMUM_WORD_LENGTH = 100;
/** As in BERT's own training: more characters than this are rare scripts, which become [UNK]. */
const ALPHABET_LIMIT = 1000;
const CHARACTERS_PER_TURN = 4_000_000;

/** Counts of words, bounded: when there are too many, the rarest are dropped. Which ones depends on the texts alone. */
export class WordCounter {
  readonly counts = new Map<string, number>();
  /** Whether there were words that are too long to be one. */
  hasTooLong = false;
  private readonly maximum: number;

  constructor(maximum = MAXIMUM_WORDS) {
    this.maximum = maximum;
  }

  add(words: readonly string[]): void {
    for (const word of words) {
      if (word.length <= MAXIMUM_WORD_LENGTH) this.counts.set(word, (this.counts.get(word) ?? 0) + 1);
      else this.hasTooLong = true;
    }
    for (let rarest = 1; this.counts.size > this.maximum; rarest += 1) {
      for (const [word, count] of this.counts) if (count <= rarest) this.counts.delete(word);
    }
  }
}

interface Recipe {
  readonly split: (text: string) => readonly string[];
  readonly learn: (
    counts: ReadonlyMap<string, number>,
    size: number,
    training: TokenizerTraining,
  ) => Promise<LearnedModel>;
  readonly fields: object;
}

interface LearnedModel {
  readonly pieces: readonly string[];
  /** Fields of the model besides its vocabulary. */
  readonly fields: object;
}

function wordPieceRecipe(options: TrainableTokenizer): Recipe {
  const normaliser: BertNormalizerOptions = {
    cleanText: true,
    handleChineseCharacters: true,
    stripAccents: false,
    lowercase: options.lowercase,
  };
  const strips = options.stripAccents ?? options.lowercase;
  const normalise = (text: string): string => {
    const plain = bertNormalise(text, normaliser);
    return strips ? stripAccents(plain) : plain;
  };
  const bertStep = {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: false,
    lowercase: options.lowercase,
  };
  return {
    split: (text) => splitBertWords(normalise(text)),
    learn: async (counts, size, training) => {
      const alphabetLimit = Math.min(ALPHABET_LIMIT, Math.floor(size / 4));
      const settings = {
        size,
        minimumFrequency: options.minimumFrequency,
        continuingPrefix: '##',
        initialAlphabet: [],
        alphabetLimit,
      };
      const { pieces } = await learnMerges(counts, { ...settings, signal: training.signal }, (count) =>
        training.onProgress?.(count, size),
      );
      const fields = {
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
      };
      return { pieces, fields };
    },
    fields: {
      normalizer: strips ? { type: 'Sequence', normalizers: [bertStep, ...STRIP_ACCENTS_STEPS] } : bertStep,
      pre_tokenizer: { type: 'BertPreTokenizer' },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    },
  };
}

/** NFC, and lower case and no accents if asked for: what byte-level and character tokenizers do to a text. */
function simpleNormalizer({ lowercase, stripAccents: strips = false }: TrainableTokenizer): {
  normalise: (text: string) => string;
  fields: object;
} {
  const nfc = { type: 'NFC' };
  const steps = [...(strips ? STRIP_ACCENTS_STEPS : [nfc]), ...(lowercase ? [{ type: 'Lowercase' }] : [])];
  return {
    normalise: (text) => {
      const composed = strips ? stripAccents(text) : text.normalize('NFC');
      // Character by character, as the library does it: JavaScript alone would write a final sigma differently.
      return lowercase ? composed.replaceAll('Σ', 'σ').toLowerCase() : composed;
    },
    fields: steps.length === 1 ? nfc : { type: 'Sequence', normalizers: steps },
  };
}

function bytePairRecipe(options: TrainableTokenizer): Recipe {
  const { normalise, fields } = simpleNormalizer(options);
  return {
    split: (text) => splitByteLevelWords(normalise(text), true),
    learn: async (counts, size, training) => {
      const written = new Map([...counts].map(([word, count]) => [writeAsBytes(word), count]));
      const settings = {
        size,
        minimumFrequency: options.minimumFrequency,
        continuingPrefix: '',
        initialAlphabet: BYTE_CHARACTERS,
        alphabetLimit: 256,
      };
      const learned = await learnMerges(written, { ...settings, signal: training.signal }, (count) =>
        training.onProgress?.(count, size),
      );
      const model = {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
      };
      const rest = { fuse_unk: false, byte_fallback: false, ignore_merges: false, merges: learned.merges };
      return { pieces: learned.pieces, fields: { ...model, ...rest } };
    },
    fields: {
      normalizer: fields,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    },
  };
}

/** The most frequent first; those of the same frequency in the order of their characters. */
function mostFrequent(counts: ReadonlyMap<string, number>, { minimumFrequency }: TrainableTokenizer): string[] {
  const frequent = [...counts].filter(([, count]) => count >= minimumFrequency);
  frequent.sort(([a, countA], [b, countB]) => countB - countA || compareCodePoints(a, b));
  return frequent.map(([piece]) => piece);
}

function symbolsRecipe(options: TrainableTokenizer): Recipe {
  const { normalise, fields } = simpleNormalizer(options);
  return {
    split: (text) => splitSymbols(normalise(text)),
    learn: async (counts, size) => {
      const pieces = mostFrequent(counts, options).slice(0, size);
      return { pieces, fields: { type: 'WordLevel', unk_token: '[UNK]' } };
    },
    fields: { normalizer: fields, pre_tokenizer: { type: 'WhitespaceSplit' }, decoder: null },
  };
}

/** A piece that is not in the vocabulary is read character by character, which the model of byte pairs does without merges. */
function kmersRecipe(options: TrainableTokenizer): Recipe {
  const { normalise, fields } = simpleNormalizer(options);
  const split = createKmerSplitter(options.k);
  return {
    split: (text) => split(normalise(text)),
    learn: async (counts, size) => {
      const characters = new Map<string, number>();
      for (const [piece, count] of counts) {
        for (const character of piece) characters.set(character, (characters.get(character) ?? 0) + count);
      }
      const pieces = new Set([...mostFrequent(characters, options), ...mostFrequent(counts, options)]);
      const model = { type: 'BPE', dropout: null, unk_token: '[UNK]', continuing_subword_prefix: null };
      const rest = { end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, ignore_merges: true, merges: [] };
      return { pieces: [...pieces].slice(0, size), fields: { ...model, ...rest } };
    },
    fields: {
      normalizer: fields,
      pre_tokenizer: {
        type: 'Split',
        pattern: { Regex: kmerPattern(options.k) },
        behavior: 'Isolated',
        invert: false,
      },
      decoder: { type: 'Fuse' },
    },
  };
}

function charactersRecipe(options: TrainableTokenizer): Recipe {
  const { normalise, fields } = simpleNormalizer(options);
  return {
    split: (text) => splitCharacters(normalise(text)),
    learn: async (counts, size) => {
      const pieces = mostFrequent(counts, options).slice(0, size);
      return { pieces, fields: { type: 'WordLevel', unk_token: '[UNK]' } };
    },
    fields: {
      normalizer: fields,
      pre_tokenizer: { type: 'Split', pattern: { Regex: CHARACTER_PATTERN }, behavior: 'Isolated', invert: false },
      decoder: { type: 'Fuse' },
    },
  };
}

const RECIPES: Readonly<Record<TrainableTokenizer['kind'], (options: TrainableTokenizer) => Recipe>> = {
  'word-piece': wordPieceRecipe,
  'byte-pair': bytePairRecipe,
  characters: charactersRecipe,
  symbols: symbolsRecipe,
  'k-mers': kmersRecipe,
};

/** [CLS] text [SEP], and [CLS] text [SEP] pair [SEP] with segment 1 for the second part. */
function bertTemplate(): object {
  const special = (id: string, type_id: number): object => ({ SpecialToken: { id, type_id } });
  const sequence = (id: string, type_id: number): object => ({ Sequence: { id, type_id } });
  const single = [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0)];
  const entry = (id: string, index: number): object => ({ id, ids: [index], tokens: [id] });
  return {
    type: 'TemplateProcessing',
    single,
    pair: [...single, sequence('B', 1), special('[SEP]', 1)],
    special_tokens: { '[CLS]': entry('[CLS]', 2), '[SEP]': entry('[SEP]', 3) },
  };
}

/** The file, with the vocabulary in the order of its ids, which no JavaScript object would keep for tokens such as "7". */
function writeTokenizerJson(recipe: Recipe, model: LearnedModel): string {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const added = SPECIAL_TOKENS.map((content, id) => ({ id, content, ...flags }));
  const head = { version: '1.0', truncation: null, padding: null, added_tokens: added, ...recipe.fields };
  const vocabulary = [...SPECIAL_TOKENS, ...model.pieces]
    .map((token, id) => `${JSON.stringify(token)}:${id}`)
    .join(',');
  const modelText = `${JSON.stringify(model.fields).slice(0, -1)},"vocab":{${vocabulary}}}`;
  return `${JSON.stringify({ ...head, post_processor: bertTemplate() }).slice(0, -1)},"model":${modelText}}\n`;
}

/**
 * Trains a tokenizer. [PAD], [UNK], [CLS], [SEP] and [MASK] get the ids 0 to 4; small texts may yield fewer pieces than asked.
 * @param texts read once, and not kept
 * @returns the text of a tokenizer.json
 * @throws LabError `bad-input` if there is no word in the texts, `bad-spec` if the vocabulary has no room for its alphabet
 */
export async function trainTokenizerJson(
  texts: AsyncIterable<string> | Iterable<string>,
  options: TrainableTokenizer,
  training: TokenizerTraining = {},
): Promise<string> {
  const size = options.vocabularySize - SPECIAL_TOKENS.length;
  const least = options.kind === 'byte-pair' ? BYTE_CHARACTERS.length : 1;
  if (size < least) {
    const message = `A vocabulary of ${options.vocabularySize} is too small: a ${options.kind} tokenizer needs at least ${least + SPECIAL_TOKENS.length} tokens.`;
    throw new LabError('bad-spec', message, { vocabularySize: options.vocabularySize });
  }
  const recipe = RECIPES[options.kind](options);
  const counter = new WordCounter();
  let sinceTurn = 0;
  for await (const text of texts) {
    counter.add(recipe.split(text));
    sinceTurn += text.length;
    if (sinceTurn < CHARACTERS_PER_TURN) continue;
    sinceTurn = 0;
    await nextTurn();
    training.signal?.throwIfAborted();
  }
  if (counter.counts.size === 0) {
    const found = counter.hasTooLong
      ? `Every word of the text has more than ${MAXIMUM_WORD_LENGTH} characters`
      : 'There is no word in the text';
    throw new LabError(
      'bad-input',
      `${found}, so that there is nothing to train a tokenizer on. For sequences of symbols and text without spaces take one of byte pairs, characters, k-mers or symbols.`,
    );
  }
  return writeTokenizerJson(recipe, await recipe.learn(counter.counts, size, training));
}
