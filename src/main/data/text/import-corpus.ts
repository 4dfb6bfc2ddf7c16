/**
 * Imports a corpus: reads documents from files of any size, drops duplicates, trains a tokenizer (or takes one along), and
 * encodes everything once. Memory does not depend on the size of the corpus, apart from 12 to 35 bytes a document for finding
 * duplicates. The corpus folder appears when everything in it is on the disk, or not at all.
 */
import { createHash, hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError, messageOf } from '../../../shared/errors.ts';
import {
  TEXT_CORPUS_VERSION,
  trainedTokenizerOptions,
  type DocumentBoundary,
  type TextCorpusManifest,
  type TextFormat,
  type TrainedTokenizerOptions,
} from '../../../shared/spec/manifests/text-corpus.ts';
import { ContentIndex } from '../images/content-index.ts';
import { createFolder } from '../images/new-folder.ts';
import { writeDurably, writeManifest } from '../manifest-file.ts';
import { TOKENIZER_FILE } from './corpus.ts';
import { cleanText, contentKey } from './document.ts';
import { DocumentSpool } from './document-spool.ts';
import { readSourceDocuments } from './read-source.ts';
import { ReportCollector } from './report-collector.ts';
import { createSentenceSplitter } from './sentences.ts';
import { findSourceFiles, type SourceFile, type SourceOptions } from './source-files.ts';
import { TOKENS_PER_SHARD, tokenBytesFor, TokenWriter } from './token-shards.ts';
import { createTokenizer, type TextTokenizer } from './tokenizer.ts';
import { trainTokenizerJson } from './train-tokenizer.ts';

export type CorpusImportPhase = 'reading' | 'counting words' | 'learning the vocabulary' | 'encoding';

export interface CorpusImportProgress {
  readonly phase: CorpusImportPhase;
  /** Never falls within a phase; every phase ends with `done` equal to `total`. */
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes' | 'tokens';
}

export interface ImportTextCorpusOptions {
  /** Files and folders; folders are searched at any depth. */
  readonly sources: readonly string[];
  /** The corpus' folder, which must not exist yet. */
  readonly folder: string;
  readonly name: string;
  /** Reads every file as this; without it, the names decide. */
  readonly format?: TextFormat | undefined;
  /** Globs relative to a source folder. */
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** For tables and JSON lines; 'text' without it. */
  readonly textColumn?: string | undefined;
  /** BCP 47 tag for cutting sentences; 'en' without it. */
  readonly language?: string | undefined;
  /** How text files are cut into documents; a file is a document without it. */
  readonly documents?: DocumentBoundary | undefined;
  /** Options for training one, or a tokenizer.json to use. */
  readonly tokenizer?: Partial<TrainedTokenizerOptions> | { readonly file: string } | undefined;
  readonly tokensPerShard?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CorpusImportProgress) => void) | undefined;
}

interface Settings {
  readonly source: SourceOptions;
  readonly language: string;
  readonly documents: DocumentBoundary;
  readonly textColumn: string;
  readonly tokenizer: TrainedTokenizerOptions | { readonly file: string };
  readonly progress: (phase: CorpusImportPhase, done: number, total: number, unit?: 'bytes' | 'tokens') => void;
}

const SPOOL_FILE = 'documents.tmp';
const PROGRESS_BYTES = 1_000_000;

/**
 * @returns the manifest of the new corpus
 * @throws LabError `conflict` if the folder exists, `bad-input` if there is nothing to import (with the reasons) or a named file
 *   lacks the text column, `bad-spec` for wrong options, `not-found`, `aborted`, `disk-full`
 */
export async function importTextCorpus(options: ImportTextCorpusOptions): Promise<TextCorpusManifest> {
  const settings = readSettings(options);
  const splitSentences = createSentenceSplitter(settings.language);
  const { signal } = settings.source;
  return createFolder(options.folder, signal, async (folder) => {
    // A tokenizer that cannot be used should be found before an hour of reading.
    const given = 'file' in settings.tokenizer ? await readTokenizerFile(settings.tokenizer.file) : undefined;
    const report = new ReportCollector();
    const spool = await DocumentSpool.create(join(folder, SPOOL_FILE));
    try {
      const contentHash = await readDocuments(settings, report, spool);
      const json = given ?? (await train(settings, spool));
      const tokenizer = createTokenizer(json, TOKENIZER_FILE);
      const encoded = await encodeDocuments(folder, settings, options.tokensPerShard, spool, tokenizer, splitSentences);
      await spool.remove();
      await writeDurably(join(folder, TOKENIZER_FILE), json);
      const manifest: TextCorpusManifest = {
        formatVersion: TEXT_CORPUS_VERSION,
        kind: 'text-corpus',
        name: options.name,
        createdAt: new Date().toISOString(),
        sources: [...options.sources],
        contentHash,
        tokenizerHash: hash('sha256', json),
        ...encoded,
        textBytes: spool.textBytes,
        vocabularySize: tokenizer.vocabularySize,
        options: {
          language: settings.language,
          documents: settings.documents,
          textColumn: settings.textColumn,
          tokenizer: settings.tokenizer,
        },
        report: report.report(),
      };
      await writeManifest(folder, manifest);
      return manifest;
    } finally {
      await spool.abandon();
    }
  });
}

function readSettings(options: ImportTextCorpusOptions): Settings {
  if (options.sources.length === 0) throw new LabError('bad-spec', 'An import needs at least one file or folder.');
  const given = options.tokenizer ?? {};
  const parsed = 'file' in given ? undefined : trainedTokenizerOptions.safeParse(given);
  if (parsed?.success === false) {
    throw new LabError('bad-spec', `The tokenizer's options are not valid: ${parsed.error.message}`, {
      tokenizer: given,
    });
  }
  return {
    source: {
      sources: options.sources,
      format: options.format,
      include: options.include,
      exclude: options.exclude,
      signal: options.signal ?? new AbortController().signal,
    },
    language: options.language ?? 'en',
    documents: options.documents ?? 'file',
    textColumn: options.textColumn ?? 'text',
    tokenizer: 'file' in given ? { file: given.file } : (parsed?.data ?? trainedTokenizerOptions.parse({})),
    progress: (phase, done, total, unit = 'bytes') => options.onProgress?.({ phase, done, total, unit }),
  };
}

async function readTokenizerFile(path: string): Promise<string> {
  let json: string;
  try {
    json = await readFile(path, 'utf8');
  } catch (error) {
    throw new LabError('not-found', `The tokenizer ${path} cannot be read: ${messageOf(error)}.`, { path }, error);
  }
  createTokenizer(json, path);
  return json;
}

/** All usable documents into the spool. @returns the content hash */
async function readDocuments(settings: Settings, report: ReportCollector, spool: DocumentSpool): Promise<string> {
  let totalBytes = 0;
  for await (const file of findSourceFiles(settings.source)) if ('size' in file) totalBytes += file.size;
  const seen = new ContentIndex();
  const content = createHash('sha256');
  let readBytes = 0;
  let reported = 0;
  const onBytes = (count: number): void => {
    readBytes += count;
    if (readBytes - reported < PROGRESS_BYTES) return;
    reported = readBytes;
    settings.progress('reading', Math.min(readBytes, totalBytes), totalBytes);
  };
  for await (const file of findSourceFiles(settings.source)) {
    if ('ignoredExtension' in file) report.ignore(file.ignoredExtension);
    else if ('unusable' in file) report.skip(file.path, { line: null, reason: 'unreadable', message: file.unusable });
    else {
      report.files += 1;
      report.bytes += file.size;
      await readFileDocuments(file, settings, onBytes, report, async (text, line) => {
        const key = contentKey(text);
        if (seen.findOrAdd(key, 0) !== undefined) {
          report.duplicate(file.path, line);
          return;
        }
        content.update(key);
        await spool.append(text);
      });
    }
  }
  await spool.seal();
  settings.progress('reading', totalBytes, totalBytes);
  if (spool.documents === 0) throw report.nothingUsable('text', settings.source.sources);
  return content.digest('hex');
}

async function readFileDocuments(
  file: SourceFile,
  settings: Settings,
  onBytes: (count: number) => void,
  report: ReportCollector,
  keep: (text: string, line: number | null) => Promise<void>,
): Promise<void> {
  const request = {
    file,
    textColumn: settings.textColumn,
    boundary: settings.documents,
    signal: settings.source.signal,
  };
  let documents = 0;
  for await (const item of readSourceDocuments({
    ...request,
    onBytes,
    onNotArticle: () => (report.notArticles += 1),
  })) {
    documents += 1;
    if ('reason' in item) {
      if (item.reason === 'missing-column' && file.named && documents === 1) {
        throw new LabError('bad-input', `${file.path} ${item.message}.`, {
          path: file.path,
          column: settings.textColumn,
        });
      }
      report.skip(file.path, item);
      continue;
    }
    const text = cleanText(item.text);
    if (item.isPart) report.divided += 1;
    if (text === '') report.skip(file.path, { line: item.line, reason: 'empty', message: 'has no text' });
    else await keep(text, item.line);
  }
  if (documents === 0) report.skip(file.path, { line: null, reason: 'empty', message: 'has no text' });
}

async function train(settings: Settings, spool: DocumentSpool): Promise<string> {
  const options = settings.tokenizer;
  if ('file' in options) throw new LabError('internal', 'A tokenizer that was brought along is not trained.');
  const wanted = Math.min(options.sampleBytes, spool.textBytes);
  const { signal } = settings.source;
  async function* sample(): AsyncGenerator<string> {
    let seen = 0;
    let taken = 0;
    let reported = 0;
    for await (const document of spool.read(signal)) {
      // Evenly over the corpus: what was taken keeps up with what was passed.
      if (taken <= (seen / spool.textBytes) * wanted) {
        taken += document.length;
        yield document.toString('utf8');
      }
      seen += document.length;
      if (seen - reported < PROGRESS_BYTES) continue;
      reported = seen;
      settings.progress('counting words', seen, spool.textBytes);
    }
    settings.progress('counting words', spool.textBytes, spool.textBytes);
  }
  const onProgress = (pieces: number, size: number): void => {
    settings.progress('learning the vocabulary', Math.min(pieces, size), size, 'tokens');
  };
  const json = await trainTokenizerJson(sample(), options, { signal, onProgress });
  settings.progress('learning the vocabulary', options.vocabularySize, options.vocabularySize, 'tokens');
  return json;
}

type EncodedFields = Pick<
  TextCorpusManifest,
  'documents' | 'sentences' | 'tokens' | 'unknownTokens' | 'tokenBytes' | 'tokensPerShard' | 'shards'
>;

async function encodeDocuments(
  folder: string,
  settings: Settings,
  tokensPerShard: number = TOKENS_PER_SHARD,
  spool: DocumentSpool,
  tokenizer: TextTokenizer,
  splitSentences: (text: string) => string[],
): Promise<EncodedFields> {
  const tokenBytes = tokenBytesFor(tokenizer.vocabularySize);
  const writer = await TokenWriter.create(folder, tokenBytes, tokensPerShard);
  let unknownTokens = 0;
  let done = 0;
  let reported = 0;
  try {
    for await (const document of spool.read(settings.source.signal)) {
      const ids: number[] = [];
      const sentenceEnds: number[] = [];
      for (const sentence of splitSentences(document.toString('utf8'))) {
        const before = ids.length;
        tokenizer.encodeInto(sentence, ids);
        if (ids.length > before) sentenceEnds.push(ids.length);
      }
      for (const id of ids) if (id === tokenizer.special.unknown) unknownTokens += 1;
      // Nothing is left of a text of which the tokenizer keeps no character.
      if (ids.length > 0) await writer.appendDocument(ids, sentenceEnds);
      done += document.length;
      if (done - reported < PROGRESS_BYTES) continue;
      reported = done;
      settings.progress('encoding', done, spool.textBytes);
    }
    await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  settings.progress('encoding', spool.textBytes, spool.textBytes);
  const { documents, sentences, tokens, shards } = writer;
  if (tokens === 0) throw new LabError('bad-input', 'The tokenizer knows no character of this text.');
  return { documents, sentences, tokens, unknownTokens, tokenBytes, tokensPerShard, shards };
}
