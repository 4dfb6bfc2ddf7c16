/**
 * Text to token ids and back, from a Hugging Face tokenizer.json. Encoding is synchronous, because batches are built in a
 * worker thread by synchronous reads; words are cached, so a corpus is encoded at tens of megabytes a second.
 */
import { readFileSync } from 'node:fs';
import { Tokenizer } from 'tokenizers';
import { LabError, messageOf, reasonOf } from '../../../shared/errors.ts';
import { createNormaliser } from './normalizers.ts';
import { createWordSplitter } from './pre-tokenizers.ts';
import { createModel } from './subword-models.ts';
import { TokenBuffer } from './token-buffer.ts';
import { parseTokenizerFile, type AddedTokenFields, type TokenizerFile } from './tokenizer-file.ts';

export interface SpecialTokens {
  readonly pad: number;
  readonly unknown: number;
  readonly classify: number;
  readonly separate: number;
  readonly mask: number;
}

export interface EncodeOptions {
  /**
   * False: "[MASK]" in the text is seven characters like any other. Imports encode so, because a text must not be able to
   * bring the lab's own marks along. Added tokens that are not special, such as ModernBERT's runs of blanks, are words.
   */
  readonly recogniseSpecial?: boolean;
}

/** An array, or whatever else ids are appended to. */
export interface TokenSink {
  push(id: number): unknown;
}

export interface TextTokenizer {
  /** The largest id + 1: the rows that an embedding needs. */
  readonly vocabularySize: number;
  readonly special: SpecialTokens;
  /** Whether words can be hidden: a language model's tokenizer may have no mask, and its end of text stands in `special`. */
  readonly hasMask: boolean;
  /** No special tokens are added around the text. */
  encode(text: string, options?: EncodeOptions): Uint32Array;
  /** Appends to `ids`; what `encode` does without making an array. Does not recognise special tokens. */
  encodeInto(text: string, ids: TokenSink): void;
  /** Special tokens are written as they are named. */
  decode(ids: ArrayLike<number>): string;
  /** @throws RangeError for an id without a token. */
  token(id: number): string;
  id(token: string): number | undefined;
  /** True for a piece that continues a word: `##` in WordPiece, no mark of a word's start in byte-pair encoding. */
  isContinuation(id: number): boolean;
  /** True where tokens are written in the characters that stand for bytes: `readBytes` gives their text. */
  readonly byteLevel: boolean;
  /** What stands between two words of a text: nothing where tokens are characters or k-mers. */
  readonly spacing: ' ' | '';
  /** The tokenizer.json it was made from, byte for byte. */
  toJson(): string;
}

/** What ends a document in GPT-2's vocabulary, which has no other special token: it stands for all of them. */
const END_OF_TEXT = '<|endoftext|>';

/** By which names each special token is looked for: BERT's, then RoBERTa's and others. */
const SPECIAL_NAMES: Readonly<Record<keyof SpecialTokens, readonly string[]>> = {
  pad: ['[PAD]', '<pad>', '<|padding|>', '<PAD>', END_OF_TEXT],
  unknown: ['[UNK]', '<unk>', '<UNK>', END_OF_TEXT],
  classify: ['[CLS]', '<cls>', '<s>', '<CLS>', END_OF_TEXT],
  separate: ['[SEP]', '<sep>', '</s>', '<SEP>', END_OF_TEXT],
  mask: ['[MASK]', '<mask>', '<MASK>', END_OF_TEXT],
};

/** Words kept with their ids. Natural text has few frequent words; when the cache is full it starts anew. */
const CACHED_WORDS = 100_000;
const LONGEST_CACHED_WORD = 64;

function findSpecialTokens(ids: ReadonlyMap<string, number>, path: string): SpecialTokens {
  const find = (role: keyof SpecialTokens): number => {
    for (const name of SPECIAL_NAMES[role]) {
      const id = ids.get(name);
      if (id !== undefined) return id;
    }
    const names = SPECIAL_NAMES[role].slice(0, 2).join(' or ');
    const message = `${path} has no token ${names}. Add it to the tokenizer's added_tokens, or train a tokenizer on the corpus.`;
    throw new LabError('bad-input', message, { path, missing: role, names: SPECIAL_NAMES[role] });
  };
  return {
    pad: find('pad'),
    unknown: find('unknown'),
    classify: find('classify'),
    separate: find('separate'),
    mask: find('mask'),
  };
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** Matches the longest of the tokens; the first group that took part tells which. */
function addedTokenPattern(tokens: readonly AddedTokenFields[], write: (content: string) => string): RegExp | null {
  if (tokens.length === 0) return null;
  const alternatives = [...tokens]
    .sort((a, b) => b.content.length - a.content.length)
    .map((token) => {
      const boundaries = token.single_word
        ? (['(?<![\\p{L}\\p{N}_])', '(?![\\p{L}\\p{N}_])'] as const)
        : (['', ''] as const);
      const body = `(?<t${token.id}>${escapePattern(write(token.content))})`;
      return `${token.lstrip ? '\\s*' : ''}${boundaries[0]}${body}${boundaries[1]}${token.rstrip ? '\\s*' : ''}`;
    });
  return new RegExp(alternatives.join('|'), 'gu');
}

/** Of tokens that are looked for before and after the text is normalised. */
interface AddedPatterns {
  readonly raw: RegExp | null;
  readonly normalised: RegExp | null;
}

function patternsOf(tokens: readonly AddedTokenFields[], normalise: (text: string) => string): AddedPatterns {
  return {
    raw: addedTokenPattern(
      tokens.filter(({ normalized }) => !normalized),
      (content) => content,
    ),
    normalised: addedTokenPattern(
      tokens.filter(({ normalized }) => normalized),
      normalise,
    ),
  };
}

function splitByTokens(
  text: string,
  pattern: RegExp | null,
  onText: (text: string) => void,
  onToken: (id: number) => unknown,
): void {
  let end = 0;
  if (pattern !== null) {
    for (const match of text.matchAll(pattern)) {
      if (match.index > end) onText(text.slice(end, match.index));
      for (const [group, content] of Object.entries(match.groups ?? {})) {
        // Groups that took no part are undefined, whatever the library's type says.
        if ((content as string | undefined) !== undefined) onToken(Number(group.slice(1)));
      }
      end = match.index + match[0].length;
    }
  }
  if (end < text.length) onText(end === 0 ? text : text.slice(end));
}

/** Marks the ids whose piece continues a word. */
function findContinuations(
  file: TokenizerFile,
  byteLevel: boolean,
  tokens: readonly (string | undefined)[],
): Uint8Array {
  const marks = new Uint8Array(tokens.length);
  const added = new Set(file.added_tokens.map(({ id }) => id));
  const isContinuation = continuationRule(file, byteLevel);
  for (const [id, token] of tokens.entries()) {
    if (token !== undefined && !added.has(id) && isContinuation(token)) marks[id] = 1;
  }
  return marks;
}

function continuationRule(file: TokenizerFile, byteLevel: boolean): (token: string) => boolean {
  const { model } = file;
  if (model.type === 'WordLevel') return () => false;
  if (model.type === 'Unigram') return (token) => !/^[▁\s\p{P}]/u.test(token);
  if (model.type === 'BPE' && model.merges.length === 0) return () => false;
  const prefix = model.continuing_subword_prefix ?? '';
  if (prefix !== '') return (token) => token.startsWith(prefix) && token.length > prefix.length;
  // Ġ, Ċ, ĉ and č are blank, line feed, tab and carriage return in byte-level writing; punctuation is a word of its own.
  if (byteLevel) return (token) => !/^[ĠĊĉč!-/:-@[-`{-~]/.test(token);
  return (token) => !/^[▁\s\p{P}]/u.test(token);
}

/**
 * Makes a tokenizer from the text of a tokenizer.json.
 * @param path for messages
 * @throws LabError `bad-input` if it is not one, if its model is not WordPiece, BPE, Unigram or WordLevel, or a special token is missing
 */
export function createTokenizer(json: string, path: string): TextTokenizer {
  const file = parseTokenizerFile(json, path);
  let library: Tokenizer | undefined;
  const native = (): Tokenizer => {
    try {
      return (library ??= Tokenizer.fromString(json));
    } catch (error) {
      throw new LabError('bad-input', `${path} is not a valid tokenizer.json: ${messageOf(error)}.`, { path }, error);
    }
  };
  const normalise = createNormaliser(file.normalizer, () => native().getNormalizer());
  const splitter = createWordSplitter(file.pre_tokenizer, () => native().getPreTokenizer());
  const encodeWord = createModel(file.model);
  const ids = new Map(file.model.vocab);
  for (const { content, id } of file.added_tokens) ids.set(content, id);
  requireDense(ids, path);
  const special = findSpecialTokens(ids, path);
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of ids) tokens[id] = token;
  const continuations = findContinuations(file, splitter.byteLevel, tokens);
  const patterns = patternsOf(file.added_tokens, normalise);
  const patternsOfWords = patternsOf(
    file.added_tokens.filter(({ special: isSpecial }) => !isSpecial),
    normalise,
  );

  const cache = new Map<string, readonly number[]>();
  const encodeUncached = (word: string): readonly number[] => {
    const pieces: number[] = [];
    encodeWord(splitter.prepare(word), pieces);
    if (word.length > LONGEST_CACHED_WORD) return pieces;
    if (cache.size >= CACHED_WORDS) cache.clear();
    cache.set(word, pieces);
    return pieces;
  };
  const encodeWords = (text: string, output: TokenSink): void => {
    for (const word of splitter.split(text)) {
      const pieces = cache.get(word) ?? encodeUncached(word);
      for (let index = 0; index < pieces.length; index += 1) output.push(pieces[index]!);
    }
  };
  const encodeWith = (text: string, { raw, normalised }: AddedPatterns, output: TokenSink): void => {
    const pushToken = (id: number): unknown => output.push(id);
    const encodePlain = (plain: string): void => encodeWords(plain, output);
    const encodeRest = (rest: string): void => splitByTokens(normalise(rest), normalised, encodePlain, pushToken);
    splitByTokens(text, raw, encodeRest, pushToken);
  };
  const encodeInto = (text: string, output: TokenSink): void => encodeWith(text, patternsOfWords, output);
  const buffer = new TokenBuffer();
  const encode = (text: string, options: EncodeOptions = {}): Uint32Array => {
    encodeWith(text, options.recogniseSpecial === false ? patternsOfWords : patterns, buffer);
    return buffer.take();
  };
  const token = (id: number): string => {
    const found = tokens[id];
    if (found === undefined) throw new RangeError(`The vocabulary has no token with the id ${id}.`);
    return found;
  };
  return {
    vocabularySize: tokens.length,
    special,
    hasMask: special.mask !== special.separate,
    encode,
    encodeInto,
    decode: (sequence) => {
      const pieces = Array.from(sequence, token);
      return native().getDecoder()?.decode(pieces) ?? pieces.join(' ');
    },
    token,
    id: (name) => ids.get(name),
    isContinuation: (id) => continuations[id] === 1,
    byteLevel: splitter.byteLevel,
    spacing: file.decoder?.type === 'Fuse' ? '' : ' ',
    toJson: () => json,
  };
}

/**
 * Reads a tokenizer.json.
 * @throws LabError `not-found` if the file cannot be read; see also `createTokenizer`
 */
export function loadTokenizer(path: string): TextTokenizer {
  let json: string;
  try {
    json = readFileSync(path, 'utf8');
  } catch (error) {
    throw new LabError('not-found', `The tokenizer ${path} cannot be read: ${reasonOf(error)}.`, { path }, error);
  }
  return createTokenizer(json, path);
}

/**
 * Ids are places in a table: one far beyond the number of tokens is damage, and would have the table filled up to it. Throws
 * `LabError('bad-input')`.
 */
function requireDense(ids: ReadonlyMap<string, number>, path: string): void {
  const most = Math.max(2 ** 20, 16 * ids.size);
  for (const [token, id] of ids) {
    if (id <= most) continue;
    throw new LabError(
      'bad-input',
      `${path}: the token ${JSON.stringify(token.slice(0, 50))} has the id ${id}, in a vocabulary of ${ids.size} tokens`,
      { path },
    );
  }
}
