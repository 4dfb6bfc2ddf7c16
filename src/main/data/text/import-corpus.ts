/**
 * Imports a corpus: reads documents from files of any size, drops duplicates, trains a tokenizer (or takes one along), and
 * encodes everything once. Memory does not depend on the size of the corpus, apart from 12 to 35 bytes a document for finding
 * duplicates. The corpus folder appears when everything in it is on the disk, or not at all.
 */
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { problemsOf, showPath } from '../../../shared/spec/problems.ts';
import { LabError, messageOf } from '../../../shared/errors.ts';
import {
  TEXT_CORPUS_VERSION,
  trainedTokenizerOptions,
  type DocumentBoundary,
  type TextCorpusManifest,
  type TextEncoding,
  type TextFormat,
  type TrainedTokenizerOptions,
} from '../../../shared/spec/manifests/text-corpus.ts';
import { createFolder } from '../../files/durable-folder.ts';
import type { CsvQuote } from '../tables/csv-parser.ts';
import { numberedColumn } from '../tables/header.ts';
import { writeFileDurably } from '../../files/durable-file.ts';
import { writeManifest } from '../../files/manifest-file.ts';
import { TOKENIZER_FILE } from './corpus.ts';
import { collectDocuments } from './collect-documents.ts';
import { DocumentSpool } from './document-spool.ts';
import type { TextBatch } from './encode-documents.ts';
import { encodeBatches } from './encode-pool.ts';
import { ReportCollector } from '../import/report-collector.ts';
import { createSentenceSplitter } from './sentences.ts';
import { isSequences } from '../reading/read-sequences.ts';
import { formatOfName, type SourceOptions } from '../reading/source-files.ts';
import { TOKENS_PER_SHARD, tokenBytesFor, TokenWriter } from './token-shards.ts';
import { RoundTrip } from '../tokenizer/round-trip.ts';
import { createTokenizer, type TextTokenizer } from '../tokenizer/tokenizer.ts';
import { shareWithoutBlanks } from '../tokenizer/writing-systems.ts';
import { trainTokenizerJson } from '../tokenizer/train-tokenizer.ts';

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
  /** Of files without a mark; UTF-8 without it. */
  readonly encoding?: TextEncoding | undefined;
  /** Globs relative to a source folder. */
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** False for CSV and TSV files that begin with a row of data: their columns are called column1, column2 and so on. */
  readonly header?: boolean | undefined;
  /** What quotes in CSV and TSV mean; told by each file without it. */
  readonly quote?: CsvQuote | undefined;
  /** For tables and JSON lines; 'text' without it, the first column without a header. */
  readonly textColumn?: string | undefined;
  /** BCP 47 tag for cutting sentences; 'en' without it. */
  readonly language?: string | undefined;
  /** How text files are cut into documents; a file is a document without it. */
  readonly documents?: DocumentBoundary | undefined;
  /** Options for training one, or a tokenizer.json to use. */
  readonly tokenizer?: Partial<TrainedTokenizerOptions> | { readonly file: string } | undefined;
  readonly tokensPerShard?: number | undefined;
  /** Worker threads for encoding, which do not change the result; 0 encodes in the calling thread. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CorpusImportProgress) => void) | undefined;
}

interface Settings {
  readonly source: SourceOptions;
  readonly language: string;
  readonly documents: DocumentBoundary;
  readonly textColumn: string;
  readonly tokenizer: TrainedTokenizerOptions | { readonly file: string };
  /** Whether nobody said which kind of vocabulary to learn. */
  readonly kindIsOpen: boolean;
  readonly tokensPerShard: number;
  readonly threads: number | undefined;
  readonly progress: (phase: CorpusImportPhase, done: number, total: number, unit?: 'bytes' | 'tokens') => void;
}

const SPOOL_FILE = 'documents.tmp';
const BATCH_BYTES = 500_000;
const PROGRESS_BYTES = 1_000_000;
const SCRIPT_SAMPLE_BYTES = 100_000;
const ROUND_TRIP_BYTES = 200_000;
const LONGEST_SAMPLED = 20_000;
/** 256 bytes and the special tokens. */
const LEAST_BYTE_PAIRS = 261;

/**
 * @returns the manifest of the new corpus
 * @throws LabError `conflict` if the folder exists, `bad-input` if there is nothing to import (with the reasons) or a named file
 *   lacks the text column, `bad-spec` for wrong options, `not-found`, `aborted`, `disk-full`
 */
export async function importTextCorpus(options: ImportTextCorpusOptions): Promise<TextCorpusManifest> {
  const settings = readSettings(options);
  createSentenceSplitter(settings.language); // throws for a language that is none
  const { signal } = settings.source;
  return createFolder(options.folder, signal, async (folder) => {
    // A tokenizer that cannot be used should be found before an hour of reading.
    const given = 'file' in settings.tokenizer ? await readTokenizerFile(settings.tokenizer.file) : undefined;
    const report = new ReportCollector();
    const spool = await DocumentSpool.create(join(folder, SPOOL_FILE));
    try {
      const contentHash = await collectDocuments(
        { ...settings, onProgress: (done, total) => settings.progress('reading', done, total) },
        report,
        spool,
      );
      const learned = await chooseKind(settings, spool, report);
      const json = given ?? (await train(settings, learned, spool));
      const tokenizer = createTokenizer(json, TOKENIZER_FILE);
      const encoded = await encodeSpool(folder, settings, spool, json, tokenizer.vocabularySize);
      await writeFileDurably(join(folder, TOKENIZER_FILE), json);
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
        roundTrip: await measureRoundTrip(tokenizer, spool, settings.source.signal),
        options: {
          language: settings.language,
          documents: settings.documents,
          textColumn: settings.textColumn,
          ...(options.encoding !== undefined && { encoding: options.encoding }),
          ...(options.header !== undefined && { header: options.header }),
          ...(options.quote !== undefined && { quote: options.quote }),
          tokenizer: learned,
        },
        report: report.report(),
      };
      await spool.remove();
      await writeManifest(folder, manifest);
      return manifest;
    } finally {
      await spool.abandon();
    }
  });
}

function readSettings(options: ImportTextCorpusOptions): Settings {
  if (options.sources.length === 0) throw new LabError('bad-spec', 'An import needs at least one file or folder.');
  const given = withSequenceTokenizer(options.tokenizer ?? {}, options);
  const parsed = 'file' in given ? undefined : trainedTokenizerOptions.safeParse(given);
  if (parsed?.success === false) {
    const problems = problemsOf(parsed.error, given, {}).map(({ path, message }) => `${showPath(path)}: ${message}`);
    throw new LabError('bad-spec', `The tokenizer's options are not valid: ${problems.join('; ')}.`, {
      tokenizer: given,
    });
  }
  return {
    source: {
      sources: options.sources,
      format: options.format,
      encoding: options.encoding,
      include: options.include,
      exclude: options.exclude,
      header: options.header,
      quote: options.quote,
      signal: options.signal ?? new AbortController().signal,
    },
    language: options.language ?? 'en',
    documents: options.documents ?? 'file',
    textColumn: options.textColumn ?? (options.header === false ? numberedColumn(1) : 'text'),
    tokenizer: 'file' in given ? { file: given.file } : (parsed?.data ?? trainedTokenizerOptions.parse({})),
    kindIsOpen: !('file' in given) && given.kind === undefined,
    tokensPerShard: options.tokensPerShard ?? TOKENS_PER_SHARD,
    threads: options.threads,
    progress: (phase, done, total, unit = 'bytes') => options.onProgress?.({ phase, done, total, unit }),
  };
}

/** Sequences have no words: their symbols are read one by one unless something else is asked for. */
function withSequenceTokenizer(
  tokenizer: NonNullable<ImportTextCorpusOptions['tokenizer']>,
  { sources, format }: ImportTextCorpusOptions,
): NonNullable<ImportTextCorpusOptions['tokenizer']> {
  const formats = format === undefined ? sources.map((source) => formatOfName(source).format) : [format];
  const areSequences = formats.every((one) => one !== undefined && isSequences(one));
  return 'file' in tokenizer || !areSequences ? tokenizer : { kind: 'characters', ...tokenizer };
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

/** Texts whose letters are mostly written without blanks have no words to cut into pieces: they get bytes instead. */
async function chooseKind(
  { tokenizer, kindIsOpen, source }: Settings,
  spool: DocumentSpool,
  report: ReportCollector,
): Promise<Settings['tokenizer']> {
  if ('file' in tokenizer || !kindIsOpen || tokenizer.vocabularySize < LEAST_BYTE_PAIRS) return tokenizer;
  let text = '';
  for await (const document of sampleOf(spool, SCRIPT_SAMPLE_BYTES, source.signal)) text += document;
  const share = shareWithoutBlanks(text);
  if (share < 0.3) return tokenizer;
  const percent = Math.round(share * 100);
  const message = `${percent} % of the letters are written without blanks between words: the vocabulary is of byte pairs (--tokenizer-kind sets another)`;
  report.note(source.sources[0] ?? '', null, message);
  return { ...tokenizer, kind: 'byte-pair' };
}

/** Documents, evenly over the corpus, of about so many bytes; a long one by its beginning. */
async function* sampleOf(spool: DocumentSpool, wanted: number, signal: AbortSignal): AsyncGenerator<string> {
  const total = Math.max(1, spool.textBytes);
  let seen = 0;
  let taken = 0;
  for await (const document of spool.read(signal)) {
    if (taken >= wanted) return;
    if (taken <= (seen / total) * wanted) {
      const part = document.subarray(0, LONGEST_SAMPLED);
      taken += part.length;
      yield part.toString('utf8').replace(/\ufffd+$/u, '');
    }
    seen += document.length;
  }
}

async function measureRoundTrip(tokenizer: TextTokenizer, spool: DocumentSpool, signal: AbortSignal) {
  const roundTrip = new RoundTrip(tokenizer);
  for await (const text of sampleOf(spool, ROUND_TRIP_BYTES, signal)) roundTrip.add(text);
  return roundTrip.result();
}

async function train(settings: Settings, options: Settings['tokenizer'], spool: DocumentSpool): Promise<string> {
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

async function encodeSpool(
  folder: string,
  settings: Settings,
  spool: DocumentSpool,
  tokenizerJson: string,
  vocabularySize: number,
): Promise<EncodedFields> {
  const { tokensPerShard, language } = settings;
  const tokenBytes = tokenBytesFor(vocabularySize);
  const writer = await TokenWriter.create(folder, tokenBytes, tokensPerShard);
  let unknownTokens = 0;
  let done = 0;
  async function* batches(): AsyncGenerator<TextBatch> {
    for await (const batch of spool.readBatches(BATCH_BYTES, settings.source.signal)) {
      done += batch.bytes.length;
      yield batch;
    }
  }
  try {
    const request = { tokenizerJson, language, textBytes: spool.textBytes, threads: settings.threads };
    for await (const batch of encodeBatches(batches(), request)) {
      unknownTokens += batch.unknownTokens;
      await writer.append(batch);
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
