/**
 * The files of an import: what the user named, and in folders what their names say is text. The walk is sorted, so the same
 * sources always give the same order, and lazy, so a folder of millions of files is not held in memory.
 */
import { stat } from 'node:fs/promises';
import type { CsvQuote } from '../tables/csv-parser.ts';
import { basename, join, matchesGlob, resolve } from 'node:path';
import { cannotRead } from '../../../shared/errors.ts';
import type { TextEncoding, TextFormat } from '../../../shared/spec/manifests/text-corpus.ts';
import type { TextSkipReason } from '../../../shared/spec/manifests/text-import-report.ts';
import { walkFolder } from './walk-folder.ts';

export type Compression = 'none' | 'gzip' | 'zstd' | 'bzip2';

export interface SourceFile {
  readonly path: string;
  readonly size: number;
  readonly format: TextFormat;
  readonly compression: Compression;
  /** Of a text without a mark; guessed without it. */
  readonly encoding: TextEncoding | undefined;
  /** False for tables that begin with a row of data. */
  readonly header: boolean | undefined;
  /** What quotes in CSV and TSV mean; told by the file without it. */
  readonly quote: CsvQuote | undefined;
  /** True if the user named this file, false if it was found in a folder. */
  readonly named: boolean;
  /** Relative to the folder that the user named, with forward slashes; the file's name for a named file. */
  readonly relative: string;
  /** What the user named: this file, or the folder that it was found in. */
  readonly source: string;
}

export interface SourceOptions {
  readonly sources: readonly string[];
  /** Reads every file as this, whatever its name. */
  readonly format?: TextFormat | undefined;
  /** Of files without a mark; guessed without it. */
  readonly encoding?: TextEncoding | undefined;
  /** Whether CSV and TSV files begin with the names of their columns, which they do without it. */
  readonly header?: boolean | undefined;
  /** What quotes in CSV and TSV mean; told by each file without it. */
  readonly quote?: CsvQuote | undefined;
  /** Globs relative to the folder, e.g. `**\/*.md`; a file in a folder must match one of them. Without any: all text files. */
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** Further endings of files in folders that are read as text. */
  readonly alsoText?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/** A file that cannot be looked at at all; the walk goes on. */
export interface UnusableFile {
  readonly path: string;
  readonly reason: TextSkipReason;
  readonly unusable: string;
}

export interface IgnoredFile {
  readonly path: string;
  readonly ignoredExtension: string;
}

const COMPRESSIONS: Readonly<Record<string, Compression>> = { gz: 'gzip', zst: 'zstd', bz2: 'bzip2' };

const FORMATS: Readonly<Record<string, TextFormat>> = {
  txt: 'text',
  text: 'text',
  md: 'text',
  markdown: 'text',
  jsonl: 'jsonl',
  json: 'jsonl',
  ndjson: 'jsonl',
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  parquet: 'parquet',
  xlsx: 'xlsx',
  xlsm: 'xlsx',
  arrow: 'arrow',
  feather: 'arrow',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  xml: 'xml',
  ipynb: 'notebook',
  eml: 'email',
  mbox: 'email',
  srt: 'subtitles',
  vtt: 'subtitles',
  fastq: 'fastq',
  fq: 'fastq',
  gb: 'genbank',
  gbk: 'genbank',
  gbff: 'genbank',
  fasta: 'fasta',
  fas: 'fasta',
  fsa: 'fasta',
  fa: 'fasta',
  fna: 'fasta',
  ffn: 'fasta',
  faa: 'fasta',
  frn: 'fasta',
};

function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot + 1).toLowerCase();
}

/** What a file's name says of its format; undefined if nothing. */
export function formatOfName(path: string): {
  format: TextFormat | undefined;
  compression: Compression;
  extension: string;
} {
  const name = basename(path);
  const last = extensionOf(name);
  const compression = COMPRESSIONS[last] ?? 'none';
  const bare = compression === 'none' ? name : name.slice(0, -last.length - 1);
  const extension = extensionOf(bare);
  const isDump = /pages-articles[^/]*$/.test(bare) && bare.includes('.xml');
  const format = isDump ? 'wikipedia' : FORMATS[extension];
  return { format, compression, extension: last };
}

/** Without that of its compression. */
function extensionOfFile(path: string): string {
  const { compression, extension } = formatOfName(path);
  return compression === 'none' ? extension : extensionOf(basename(path).slice(0, -extension.length - 1));
}

/** What people call the files that hold text, but not as text; for those that the user named. */
const OTHER_KINDS: Readonly<Record<string, string>> = {
  rtf: 'is an RTF document, not text. Save it as plain text (.txt) first',
  doc: 'is a Word document, not text. Save it as plain text (.txt) first',
  docx: 'is a Word document, not text. Save it as plain text (.txt) first',
  odt: 'is an OpenDocument text. Save it as plain text (.txt) first',
  xls: 'is an old Excel workbook. Save its sheet as .csv or .xlsx first',
  ods: 'is an OpenDocument spreadsheet. Save its sheet as .csv first',
  epub: 'is an electronic book. Save its text as .txt first',
  embl: 'is an EMBL record. Save its sequences as FASTA first',
  msg: 'is an Outlook message. Save it as .eml first',
  pst: 'is an Outlook archive. Export its messages as .mbox or .eml first',
  sam: 'is an alignment. Save its sequences as FASTQ or FASTA first',
  bam: 'is an alignment. Save its sequences as FASTQ or FASTA first',
};

interface Origin {
  readonly named: boolean;
  readonly relative: string;
  readonly source: string;
}

function asSource(
  path: string,
  size: number,
  { named, relative, source }: Origin,
  options: SourceOptions,
): SourceFile | UnusableFile | IgnoredFile {
  const { format, compression, extension } = formatOfName(path);
  const { encoding, header, quote } = options;
  const isAlsoText = format === undefined && options.alsoText?.includes(extensionOfFile(path)) === true;
  const chosen = options.format ?? (isAlsoText ? 'text' : format);
  if (chosen === undefined && !named) return { path, ignoredExtension: extension };
  const other = OTHER_KINDS[extensionOfFile(path)];
  if (chosen === undefined && other !== undefined) return { path, reason: 'unsupported', unusable: other };
  // A file that the user named is text if nothing says otherwise.
  return { path, size, format: chosen ?? 'text', compression, encoding, header, quote, named, relative, source };
}

async function* filesOfFolder(
  root: string,
  options: SourceOptions,
): AsyncGenerator<SourceFile | UnusableFile | IgnoredFile> {
  const { signal, include } = options;
  const skipsFolder = (path: string): boolean => isExcluded(path, options);
  for await (const found of walkFolder(root, { signal, sizes: true, skipsFolder })) {
    const path = join(root, found.path);
    if ('problem' in found) {
      yield { path, reason: 'unreadable', unusable: found.problem };
      continue;
    }
    if ('passedOver' in found) {
      yield { path, ignoredExtension: `(${found.passedOver})` };
      continue;
    }
    if (isExcluded(found.path, options)) continue;
    if (include !== undefined && !include.some((glob) => matchesGlob(found.path, glob))) continue;
    // A file that was asked for by a glob is read even if its name says nothing.
    const asked = include !== undefined && formatOfName(path).format === undefined;
    const file = asSource(path, found.size, { named: asked, relative: found.path, source: root }, options);
    yield 'format' in file ? { ...file, named: false } : file;
  }
}

function isExcluded(path: string, options: SourceOptions): boolean {
  return options.exclude?.some((glob) => matchesGlob(path, glob)) ?? false;
}

/**
 * All files of the sources in order. The output may lie inside a source: hidden names are passed over, and so are the lab's
 * temporary folders, which are hidden.
 * @throws LabError `not-found` if a named source does not exist
 */
export async function* findSourceFiles(
  options: SourceOptions,
): AsyncGenerator<SourceFile | UnusableFile | IgnoredFile> {
  for (const source of options.sources) {
    const path = resolve(source);
    let information;
    try {
      information = await stat(path);
    } catch (error) {
      throw cannotRead('file or folder', path, error);
    }
    if (information.isDirectory()) {
      yield* filesOfFolder(path, options);
      continue;
    }
    yield asSource(path, information.size, { named: true, relative: basename(path), source: path }, options);
  }
}
