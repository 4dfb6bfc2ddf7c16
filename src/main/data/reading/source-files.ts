/**
 * The files of an import: what the user named, and in folders what their names say is text. The walk is sorted, so the same
 * sources always give the same order, and lazy, so a folder of millions of files is not held in memory.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, matchesGlob, resolve } from 'node:path';
import { cannotRead, messageOf } from '../../../shared/errors.ts';
import type { TextEncoding, TextFormat } from '../../../shared/spec/manifests/text-corpus.ts';

export type Compression = 'none' | 'gzip' | 'zstd' | 'bzip2';

export interface SourceFile {
  readonly path: string;
  readonly size: number;
  readonly format: TextFormat;
  readonly compression: Compression;
  /** Of a text without a mark; UTF-8 without it. */
  readonly encoding: TextEncoding | undefined;
  /** False for tables that begin with a row of data. */
  readonly header: boolean | undefined;
  /** True if the user named this file, false if it was found in a folder. */
  readonly named: boolean;
  /** Relative to the folder that the user named, with forward slashes; the file's name for a named file. */
  readonly relative: string;
}

export interface SourceOptions {
  readonly sources: readonly string[];
  /** Reads every file as this, whatever its name. */
  readonly format?: TextFormat | undefined;
  /** Of files without a mark; UTF-8 without it. */
  readonly encoding?: TextEncoding | undefined;
  /** Whether CSV and TSV files begin with the names of their columns, which they do without it. */
  readonly header?: boolean | undefined;
  /** Globs relative to the folder, e.g. `**\/*.md`; a file in a folder must match one of them. Without any: all text files. */
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/** A file that cannot be looked at at all; the walk goes on. */
export interface UnusableFile {
  readonly path: string;
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
  ndjson: 'jsonl',
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  parquet: 'parquet',
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

function asSource(
  path: string,
  size: number,
  named: boolean,
  relative: string,
  options: SourceOptions,
): SourceFile | undefined {
  const { format, compression, extension } = formatOfName(path);
  // A file that the user named is text if nothing says otherwise; an XML file is a dump.
  const assumed = named ? (extension === 'xml' || /\.xml\.(gz|bz2|zst)$/.test(path) ? 'wikipedia' : 'text') : undefined;
  const chosen = options.format ?? format ?? assumed;
  if (chosen === undefined) return undefined;
  const { encoding, header } = options;
  return { path, size, format: chosen, compression, encoding, header, named, relative };
}

async function* walk(
  root: string,
  relative: string,
  ancestors: readonly string[],
  options: SourceOptions,
): AsyncGenerator<SourceFile | UnusableFile | IgnoredFile> {
  const folder = join(root, relative);
  const real = await realpath(folder);
  if (ancestors.includes(real)) return; // a link that leads back up
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    options.signal.throwIfAborted();
    if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
    const inside = relative === '' ? entry.name : `${relative}/${entry.name}`;
    const path = join(root, inside);
    let information;
    try {
      information = await stat(path);
    } catch (error) {
      yield { path, unusable: messageOf(error) };
      continue;
    }
    if (information.isDirectory()) {
      if (!isExcluded(inside, options)) yield* walkSafely(root, inside, [...ancestors, real], options);
      continue;
    }
    if (!information.isFile() || isExcluded(inside, options)) continue;
    if (options.include !== undefined && !options.include.some((glob) => matchesGlob(inside, glob))) continue;
    // A file that was asked for by a glob is read even if its name says nothing.
    const asked = options.include !== undefined && formatOfName(path).format === undefined;
    const source = asSource(path, information.size, asked, inside, options);
    yield source === undefined ? { path, ignoredExtension: extensionOf(entry.name) } : { ...source, named: false };
  }
}

async function* walkSafely(
  root: string,
  relative: string,
  ancestors: readonly string[],
  options: SourceOptions,
): AsyncGenerator<SourceFile | UnusableFile | IgnoredFile> {
  try {
    yield* walk(root, relative, ancestors, options);
  } catch (error) {
    if (options.signal.aborted) throw error;
    yield { path: join(root, relative), unusable: messageOf(error) };
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
      yield* walkSafely(path, '', [], options);
      continue;
    }
    const file = asSource(path, information.size, true, basename(path), options);
    if (file !== undefined) yield file;
  }
}
