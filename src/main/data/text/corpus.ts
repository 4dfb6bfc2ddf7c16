/** An imported corpus, opened for reading: documents and sentences as token ids, read by pages and never whole. */
import { join } from 'node:path';
import { LabError } from '../../../shared/errors.ts';
import {
  TEXT_CORPUS_VERSION,
  textCorpusManifest,
  type TextCorpusManifest,
} from '../../../shared/spec/manifests/text-corpus.ts';
import { readManifest } from '../../files/manifest-file.ts';
import { PagedFile } from '../../files/paged-file.ts';
import { DOCUMENTS_FILE, SENTENCES_FILE, TokenReader } from './token-shards.ts';
import { loadTokenizer, type TextTokenizer } from '../tokenizer/tokenizer.ts';

export const TOKENIZER_FILE = 'tokenizer.json';

export interface TextCorpus {
  readonly manifest: TextCorpusManifest;
  readonly tokenizer: TextTokenizer;
  readonly documentCount: number;
  readonly sentenceCount: number;
  readonly tokenCount: number;
  /** The sentences of a document: from `first` up to and without `end`; at least one. */
  documentSentences(document: number): { readonly first: number; readonly end: number };
  /** The document that a sentence belongs to. */
  sentenceDocument(sentence: number): number;
  /** Tokens in a sentence; at least one. */
  sentenceLength(sentence: number): number;
  sentenceTokens(sentence: number): Uint32Array;
  documentTokens(document: number): Uint32Array;
  /** Where the tokens of a document lie in the corpus: from `first` up to and without `end`. */
  documentTokenRange(document: number): { readonly first: number; readonly end: number };
  /** Where the sentence of a token ends: its last token + 1. */
  sentenceEnd(offset: number): number;
  /** The document that a token belongs to. */
  documentAtToken(offset: number): number;
  /** The whole corpus as one stream: `length` tokens from `offset` on, without any tokens between documents. */
  tokens(offset: number, length: number): Uint32Array;
  close(): void;
}

/** The manifest alone, which is quick. @throws LabError as `openTextCorpus` */
export function readTextCorpusManifest(folder: string): TextCorpusManifest {
  return readManifest(folder, 'text-corpus', TEXT_CORPUS_VERSION, textCorpusManifest);
}

/** Boundaries: entry i is where item i starts, entry i + 1 where it ends. No item is empty. */
class BoundaryFile {
  private readonly path: string;
  private readonly file: PagedFile;
  private readonly what: string;
  private readonly count: number;
  private readonly last: number;

  /** @param last where the last item ends */
  constructor(path: string, what: string, count: number, last: number) {
    this.path = path;
    this.file = new PagedFile(path);
    this.what = what;
    this.count = count;
    this.last = last;
  }

  range(index: number): { first: number; end: number } {
    if (!Number.isInteger(index) || index < 0 || index >= this.count) {
      throw new RangeError(`There is no ${this.what} ${index}: the corpus has ${this.count}.`);
    }
    const first = this.file.readUint64(index * 8);
    const end = this.file.readUint64(index * 8 + 8);
    if (first >= end || end > this.last) throw this.damaged(`${this.what} ${index} would go from ${first} to ${end}`);
    return { first, end };
  }

  /** The item that contains a position: the last one that starts at or before it. */
  find(position: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.file.readUint64(middle * 8) <= position) low = middle;
      else high = middle - 1;
    }
    const { first, end } = this.range(low);
    if (position < first || position >= end) throw this.damaged(`no ${this.what} has ${position} in it`);
    return low;
  }

  private damaged(why: string): LabError {
    return new LabError('corrupt', `${this.path} is damaged: ${why}. Import the corpus again.`, { path: this.path });
  }

  close(): void {
    this.file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** @throws LabError `not-found`, `corrupt`, `format-version` */
export function openTextCorpus(folder: string): TextCorpus {
  const manifest = readTextCorpusManifest(folder);
  const tokenizer = loadTokenizer(join(folder, TOKENIZER_FILE));
  using opened = new DisposableStack();
  const boundaries = (file: string, what: string, count: number, last: number): BoundaryFile =>
    opened.use(new BoundaryFile(join(folder, file), what, count, last));
  const sentences = boundaries(SENTENCES_FILE, 'sentence', manifest.sentences, manifest.tokens);
  const documents = boundaries(DOCUMENTS_FILE, 'document', manifest.documents, manifest.sentences);
  const reader = new TokenReader(folder, manifest); // which opens its shards when they are asked for
  const files = opened.move();
  const readRange = ({ first, end }: { first: number; end: number }): Uint32Array => reader.read(first, end - first);
  const tokenRange = (document: number): { first: number; end: number } => {
    const { first, end } = documents.range(document);
    return { first: sentences.range(first).first, end: sentences.range(end - 1).end };
  };
  return {
    manifest,
    tokenizer,
    documentCount: manifest.documents,
    sentenceCount: manifest.sentences,
    tokenCount: manifest.tokens,
    documentSentences: (document) => documents.range(document),
    sentenceDocument: (sentence) => {
      sentences.range(sentence); // throws outside the corpus
      return documents.find(sentence);
    },
    sentenceLength: (sentence) => {
      const { first, end } = sentences.range(sentence);
      return end - first;
    },
    sentenceTokens: (sentence) => readRange(sentences.range(sentence)),
    documentTokens: (document) => readRange(tokenRange(document)),
    documentTokenRange: tokenRange,
    sentenceEnd: (offset) => sentences.range(sentences.find(offset)).end,
    documentAtToken: (offset) => documents.find(sentences.find(offset)),
    tokens: (offset, length) => reader.read(offset, length),
    close: () => {
      files.dispose();
      reader.close();
    },
  };
}
