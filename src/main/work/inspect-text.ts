/** The beginning of the first text, its encoding, and whether the folders that texts lie in are classes. */
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Inspection } from '../../shared/contract/materials.ts';
import type { TextEncoding } from '../../shared/spec/manifests/text-corpus.ts';
import { excerpt } from '../../shared/excerpt.ts';
import { extensionOf } from '../data/images/source.ts';
import { decodeSample, guessEncoding } from '../data/reading/encoding.ts';
import { headerPattern } from '../data/reading/fasta-header.ts';
import { isProse, readProse, type ProseFormat } from '../data/reading/prose/read-prose.ts';
import { readFileBytes, type ByteSource } from '../data/reading/read-bytes.ts';
import { isSequences, readSequences, type SequenceFormat } from '../data/reading/read-sequences.ts';
import { isTableFormat } from '../data/tables/read-table.ts';
import type { Compression, SourceFile } from '../data/reading/source-files.ts';

const shownCharacters = 4000;
/** Enough to tell an encoding by: the first letter above ASCII may come late. */
const sampleBytes = 256 * 1024;
/** Folders of texts beyond this are an order of somebody's, not classes. */
const mostClasses = 50;
const looked = 8;
const lookedBytes = 4096;
/** Sequences that classes are counted of, and what is told of those that would be left out. */
const mostSequences = 2000;
const mostProblems = 20;
/** Text, but somebody's data about data or programs rather than what to learn from. */
const notProse = new Set(['json', 'js', 'ts', 'yaml', 'yml', 'toml', 'xml', 'html', 'htm', 'svg', 'css', 'pickle']);

interface Options {
  /** A file that is text, although its name does not say so. */
  readonly unnamed: string | undefined;
  readonly encoding: TextEncoding | undefined;
  /** Of labels in the headers of sequences. */
  readonly pattern: string | undefined;
  readonly signal: AbortSignal;
}

/** @returns null if no text begins with anything that can be read */
export async function inspectText(
  texts: readonly SourceFile[],
  { unnamed, encoding, pattern, signal }: Options,
): Promise<Inspection['text']> {
  const plain = texts.filter(({ format }) => !isTableFormat(format));
  const candidates: readonly Pick<SourceFile, 'path' | 'compression' | 'format'>[] =
    unnamed === undefined ? plain : [{ path: unnamed, compression: 'none', format: 'text' }];
  for (const { path, compression, format } of candidates.slice(0, looked)) {
    const { bytes, isComplete } = await readSample(path, compression, signal);
    const guessed = guessEncoding(bytes, isComplete);
    if (guessed === null || bytes.length === 0) continue; // empty, or binary: the next one may do
    const actual = encoding ?? guessed;
    const source = { path, compression, encoding, signal };
    const start = decodeSample(bytes, actual).slice(0, shownCharacters);
    if (isSequences(format)) {
      const { classes, problems } = await lookAtSequences(source, format, pattern);
      const found = classes.length > 0 ? classes : [...classesOf(plain)];
      return { file: path, encoding: actual, beginning: start, classes: found, problems };
    }
    const isText = !isProse(format) || format === 'text';
    const { beginning, problems } = isText ? { beginning: start, problems: [] } : await firstDocument(source, format);
    if (beginning.trim() === '' && problems.length === 0) continue;
    return { file: path, encoding: actual, beginning, classes: [...classesOf(plain)], problems };
  }
  return null;
}

type Problems = NonNullable<Inspection['text']>['problems'];

/** The beginning of the first text in a file that holds it in another form, and what is wrong with what comes before it. */
async function firstDocument(
  source: ByteSource,
  format: ProseFormat,
): Promise<{ readonly beginning: string; readonly problems: Problems }> {
  const problems: Problems = [];
  for await (const batch of readProse(source, format, 'file')) {
    for (const item of batch) {
      if ('text' in item) return { beginning: item.text.slice(0, shownCharacters), problems };
      if (problems.length < mostProblems) problems.push({ line: item.line, message: item.message });
    }
  }
  return { beginning: '', problems };
}

/** What the headers of the first sequences say of their classes, and which of them would be left out. */
async function lookAtSequences(source: ByteSource, format: SequenceFormat, pattern: string | undefined) {
  const problems: Problems = [];
  const counts = new Map<string, number>();
  let read = 0;
  reading: for await (const batch of readSequences(
    source,
    format,
    pattern === undefined ? undefined : headerPattern(pattern),
  )) {
    for (const item of batch) {
      if (read >= mostSequences) break reading;
      read += 1;
      if ('reason' in item) problems.push({ line: item.line, message: item.message });
      else if (item.label !== null) counts.set(item.label, (counts.get(item.label) ?? 0) + 1);
    }
  }
  const classes = [...counts].map(([name, count]) => ({ name: excerpt(name), count }));
  return { classes: classes.length <= mostClasses ? classes : [], problems: problems.slice(0, mostProblems) };
}

/** The beginning of a file, decompressed. */
export async function readSample(
  path: string,
  compression: Compression,
  signal: AbortSignal,
): Promise<{ readonly bytes: Buffer; readonly isComplete: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of readFileBytes({ path, compression, signal })) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= sampleBytes) return { bytes: Buffer.concat(chunks), isComplete: false };
  }
  return { bytes: Buffer.concat(chunks), isComplete: true };
}

/** Folders directly under the source, where all texts lie in such folders and there are a few of them. */
function classesOf(texts: readonly SourceFile[]): readonly { readonly name: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const { relative } of texts) {
    const parts = relative.split('/');
    if (parts.length !== 2) return [];
    counts.set(parts[0]!, (counts.get(parts[0]!) ?? 0) + 1);
  }
  const classes = [...counts].map(([name, count]) => ({ name, count }));
  const isFew = classes.length > 1 && classes.length <= mostClasses && texts.length >= 3 * classes.length;
  return isFew ? classes : [];
}

/**
 * Texts whose names do not say so: files without an extension where they are more than those with one, or where nothing else is
 * text, those of the commonest extension. Undefined if there are none.
 */
export async function findUnnamedTexts(
  sources: readonly string[],
  texts: readonly SourceFile[],
  others: readonly string[],
): Promise<{ readonly globs: readonly string[]; readonly files: readonly string[] } | undefined> {
  if (sources.length !== 1) return undefined;
  const groups = Map.groupBy(others, (path) => extensionOf(basename(path)));
  const bare = groups.get('') ?? [];
  if (bare.length > texts.length && (await areTexts(bare))) return { globs: ['**/!(*.*)'], files: bare };
  if (texts.length > 0) return undefined;
  const bySize = [...groups].toSorted(([, one], [, other]) => other.length - one.length);
  for (const [extension, files] of bySize) {
    if (extension === '' || notProse.has(extension) || !(await areTexts(files))) continue;
    return { globs: [`**/*.${extension}`], files };
  }
  return undefined;
}

/** Whether most of a few files begin like text. */
async function areTexts(paths: readonly string[]): Promise<boolean> {
  let good = 0;
  const step = Math.max(1, Math.floor(paths.length / looked));
  const chosen = paths.filter((_, index) => index % step === 0).slice(0, looked);
  for (const path of chosen) if (await beginsLikeText(path)) good += 1;
  return good > chosen.length / 2;
}

async function beginsLikeText(path: string): Promise<boolean> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(lookedBytes), 0, lookedBytes, 0);
    return bytesRead > 0 && guessEncoding(buffer.subarray(0, bytesRead), bytesRead < lookedBytes) !== null;
  } finally {
    await handle.close();
  }
}
