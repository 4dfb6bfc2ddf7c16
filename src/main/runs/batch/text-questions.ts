/** Texts to be asked about: rows of tables, sequences of FASTA files, lines of a text file, or the files of a folder. */
import { LabError } from '../../../shared/errors.ts';
import { ReportCollector } from '../../data/import/report-collector.ts';
import { SkipFile } from '../../data/import/skip-file.ts';
import { cleanText, type SkippedDocument } from '../../data/reading/document.ts';
import type { FastaRecord } from '../../data/reading/fasta-header.ts';
import type { OpenedSource } from '../../data/reading/open-source.ts';
import { openSource } from '../../data/reading/open-source.ts';
import type { ProseFormat } from '../../data/reading/prose/read-prose.ts';
import { isProse, readProse } from '../../data/reading/prose/read-prose.ts';
import type { SequenceFormat } from '../../data/reading/read-sequences.ts';
import { isSequences, readSequences } from '../../data/reading/read-sequences.ts';
import type { SourceFile } from '../../data/reading/source-files.ts';
import { findSourceFiles } from '../../data/reading/source-files.ts';
import { numberedColumn } from '../../data/tables/header.ts';
import type { TableFormat } from '../../data/tables/read-table.ts';
import { isTableFormat, readTable } from '../../data/tables/read-table.ts';
import { columnsOfTable } from '../../data/tables/table-columns.ts';
import { missingColumnMessage } from '../../data/tables/table-row.ts';
import { NO_TAG, readTagged, TAGGED_FILES } from '../../data/text/read-tagged.ts';
import type { Asked, Question, QuestionOptions, QuestionSource, UnreadableQuestion } from './question.ts';

type Item = Question | UnreadableQuestion;

/** The columns that are read, by what they are for. */
interface Columns {
  readonly text: string;
  readonly pair: string | undefined;
  readonly kept: readonly string[];
  /** Of sequences: two records after each other are asked about together. */
  readonly hasPairs: boolean;
  /** Of files of tagged words: sentences are asked about by their words. */
  readonly hasWords: boolean;
}

/** Throws `LabError('not-found')` for a path that is not there, `bad-input` for one without texts or without the named columns. */
export async function openTexts(input: string, options: QuestionOptions, signal: AbortSignal): Promise<QuestionSource> {
  const { encoding, header, quote, hasWords = false } = options;
  const alsoText = hasWords ? TAGGED_FILES : undefined;
  const find = () => findSourceFiles({ sources: [input], encoding, header, quote, alsoText, signal });
  let first: SourceFile | undefined;
  let total = 0;
  for await (const found of find()) {
    if (!('format' in found)) continue;
    first ??= found;
    total += found.size;
  }
  if (!first) throw await nothingIn(input, find());
  const columns = await columnsOf(first, options, signal);
  return {
    columns: columns.kept,
    hasFiles: !first.named,
    hasLines: !isProse(first.format) || hasLinesOfIts(first, first.format) || hasTaggedWords(first, columns),
    total,
    unit: 'bytes',
    async *questions(stop, onProgress) {
      let done = 0;
      const onBytes = (count: number): void => {
        done += count;
        onProgress(done);
      };
      for await (const found of find()) {
        if ('ignoredExtension' in found) continue;
        if ('unusable' in found) {
          yield [{ file: found.path, line: null, kept: nothing(columns), problem: found.unusable }];
        } else {
          yield* readFile(found, columns, stop, onBytes);
        }
      }
    },
  };
}

async function nothingIn(input: string, found: AsyncIterable<object>): Promise<LabError> {
  const reasons: string[] = [];
  for await (const file of found) {
    if ('unusable' in file && reasons.length < 3) reasons.push(`It ${String(file.unusable)}`);
  }
  const why = reasons.join('. ');
  return new LabError(
    'bad-input',
    `There is no text in ${input}. ${why || 'It has no .txt, .csv, .jsonl, .parquet or .fasta file'}`,
  );
}

const openOptions = { report: new ReportCollector(), onBytes: () => undefined };

/** A text file that was named has a text in each line, and a mailbox several messages; of others the file is one text. */
function hasLinesOfIts({ named }: SourceFile, format: ProseFormat): boolean {
  return format === 'email' || (format === 'text' && named);
}

/** Of the first file: what the others have besides is left out, and what they lack is empty. */
async function columnsOf(file: SourceFile, options: QuestionOptions, signal: AbortSignal): Promise<Columns> {
  const { textColumn, pairColumn, keep, hasPairs = false, hasWords = false } = options;
  if (file.format === 'wikipedia') throw isDump(file);
  const { format } = file;
  if (hasTaggedWords(file, { hasWords })) {
    return { text: textColumn ?? '', pair: undefined, kept: keptOf(file.path, ['given'], keep), hasPairs, hasWords };
  }
  if (!isTableFormat(format)) {
    const kept = isSequences(format) ? ['name', 'label'] : format === 'text' && file.named ? ['text'] : [];
    for (const name of [textColumn, pairColumn]) if (name !== undefined) throw missing(file.path, name, kept);
    return { text: '', pair: undefined, kept: keptOf(file.path, kept, keep), hasPairs, hasWords };
  }
  const opened = openSource(file, { ...openOptions, signal });
  const present = await columnsOfTable(opened.source, format, opened.options).catch((error: unknown) => {
    throw unreadable(file.path, error);
  });
  const fallback = options.header === false ? numberedColumn(1) : 'text';
  const text =
    textColumn ?? (present.includes(fallback) ? fallback : present.length === 1 ? present[0] : fallback) ?? fallback;
  for (const name of [text, pairColumn]) {
    if (name === undefined || present.includes(name)) continue;
    throw missing(file.path, name, present);
  }
  return { text, pair: pairColumn, kept: keptOf(file.path, present, keep), hasPairs, hasWords };
}

function keptOf(path: string, present: readonly string[], keep: readonly string[] | undefined): readonly string[] {
  for (const name of keep ?? []) if (!present.includes(name)) throw missing(path, name, present);
  return keep ?? present;
}

function missing(path: string, name: string, present: readonly string[]): LabError {
  const message =
    present.length === 0 ? `has no columns, so none is called “${name}”` : missingColumnMessage(name, present);
  return new LabError('bad-input', `${path} ${message}`, { path, column: name, reason: 'missing-column' });
}

function unreadable(path: string, error: unknown): unknown {
  if (!(error instanceof SkipFile)) return error;
  const { line, reason } = error;
  const place = line === null ? path : `${path}, line ${line},`;
  return new LabError('bad-input', `${place} ${error.message}`, { path, line, reason }, error);
}

function nothing({ kept }: Columns): readonly null[] {
  return kept.map(() => null);
}

/** A file that breaks off is an error where it is all there is, and a row where other files or rows were read before. */
async function* readFile(
  file: SourceFile,
  columns: Columns,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): AsyncGenerator<readonly Item[]> {
  let hasRows = false;
  try {
    const opened = openSource(file, { ...openOptions, signal, onBytes });
    for await (const items of itemsOf(file, opened, columns)) {
      hasRows ||= items.length > 0;
      yield items;
    }
  } catch (error) {
    if (!(error instanceof SkipFile)) throw error;
    if (file.named && !hasRows) throw unreadable(file.path, error);
    yield [{ file: file.path, line: error.line, kept: nothing(columns), problem: error.message }];
  }
}

function itemsOf(file: SourceFile, opened: OpenedSource, columns: Columns): AsyncGenerator<readonly Item[]> {
  const { format } = file;
  if (hasTaggedWords(file, columns)) return readSentences(file, opened, columns);
  if (isTableFormat(format)) return readRows(file, format, opened, columns);
  if (isSequences(format)) {
    return (columns.hasPairs ? readSequencePairs : readNamedSequences)(file, format, opened, columns);
  }
  if (isProse(format)) return readLinesOrFile(file, format, opened, columns);
  throw isDump(file);
}

function isDump({ path }: SourceFile): LabError {
  return new LabError('bad-input', `${path} is a dump of Wikipedia: import it as a corpus instead`, { path });
}

async function* readRows(
  { path }: SourceFile,
  format: TableFormat,
  { source, options }: OpenedSource,
  columns: Columns,
): AsyncGenerator<readonly Item[]> {
  const { text, pair, kept } = columns;
  const needed = pair === undefined ? [text] : [text, pair];
  const wanted = [...new Set([...needed, ...kept])];
  const optional = kept.filter((name) => !needed.includes(name));
  for await (const rows of readTable(source, format, wanted, { ...options, optional })) {
    yield rows.map((row): Item => {
      const { line } = row;
      if ('reason' in row) return { file: path, line, kept: nothing(columns), problem: row.message };
      const valueOf = (name: string): string | null => row.values[wanted.indexOf(name)] ?? null;
      const place = { file: path, line, kept: kept.map(valueOf) };
      return asked(place, { text: valueOf(text) ?? '', ...(pair !== undefined && { textPair: valueOf(pair) ?? '' }) });
    });
  }
}

/** Whether a file is one of tagged words by its name, and these are asked about. */
function hasTaggedWords({ path }: SourceFile, { hasWords }: Pick<Columns, 'hasWords'>): boolean {
  const [, ending = ''] = /\.([a-z0-9]+)(?:\.(?:gz|zst|bz2))?$/iu.exec(path) ?? [];
  return hasWords && TAGGED_FILES.includes(ending.toLowerCase());
}

/** Sentences of CoNLL files; the tags that they have already are kept as `given`. */
async function* readSentences(
  { path }: SourceFile,
  { source }: OpenedSource,
  { text, kept }: Columns,
): AsyncGenerator<readonly Item[]> {
  const options = { words: text === '' ? undefined : text, tags: undefined, names: undefined, mayLackTags: true };
  for await (const sentences of readTagged(source, options)) {
    yield sentences.map((item): Item => {
      const { line } = item;
      if ('reason' in item) return { file: path, line, kept: kept.map(() => null), problem: item.message };
      const { words, tags } = item;
      const given = tags.every((tag) => tag === NO_TAG) ? null : tags.join(' ');
      return { file: path, line, kept: kept.map(() => given), read: () => ({ text: words.join(' '), words }) };
    });
  }
}

async function* readNamedSequences(
  { path }: SourceFile,
  format: SequenceFormat,
  { source }: OpenedSource,
  columns: Columns,
): AsyncGenerator<readonly Item[]> {
  for await (const records of readSequences(source, format)) {
    yield records.map((record): Item => {
      const { line } = record;
      if ('reason' in record) return { file: path, line, kept: nothing(columns), problem: record.message };
      const values: Readonly<Record<string, string | null>> = { name: record.name, label: record.label };
      return asked({ file: path, line, kept: columns.kept.map((name) => values[name] ?? null) }, { text: record.text });
    });
  }
}

/** A record and the one after it. */
async function* readSequencePairs(
  { path }: SourceFile,
  format: SequenceFormat,
  { source }: OpenedSource,
  columns: Columns,
): AsyncGenerator<readonly Item[]> {
  let first: FastaRecord | SkippedDocument | undefined;
  const unusable = (line: number | null, problem: string): Item => ({
    ...{ file: path, line, kept: nothing(columns), problem },
  });
  for await (const records of readSequences(source, format)) {
    const items: Item[] = [];
    for (const record of records) {
      if (!first) {
        first = record;
        continue;
      }
      const faults = [first, record].flatMap((one) => ('reason' in one ? [unusable(one.line, one.message)] : []));
      if (!('reason' in first) && !('reason' in record)) {
        const name = `${first.name} ${record.name}`;
        const values: Readonly<Record<string, string | null>> = { name, label: first.label };
        const place = { file: path, line: first.line, kept: columns.kept.map((column) => values[column] ?? null) };
        items.push(asked(place, { text: first.text, textPair: record.text }));
      } else items.push(...faults);
      first = undefined;
    }
    yield items;
  }
  if (first) yield [unusable(first.line, 'has no partner: a pair is two records, one after the other')];
}

async function* readLinesOrFile(
  file: SourceFile,
  format: ProseFormat,
  { source }: OpenedSource,
  columns: Columns,
): AsyncGenerator<readonly Item[]> {
  const { path } = file;
  const hasLines = hasLinesOfIts(file, format);
  for await (const documents of readProse(source, format, hasLines && format === 'text' ? 'line' : 'file')) {
    yield documents.map((document): Item => {
      const line = hasLines ? document.line : null;
      if ('reason' in document) return { file: path, line, kept: nothing(columns), problem: document.message };
      return asked({ file: path, line, kept: columns.kept.map(() => document.text) }, { text: document.text });
    });
  }
}

/** Texts are cleaned as in an import, so that the model reads what it was trained on. */
function asked(place: Omit<Question, 'read'>, { text, textPair }: Asked): Item {
  const cleaned = cleanText(text ?? '');
  if (cleaned === '') return { ...place, problem: 'has no text' };
  if (textPair === undefined) return { ...place, read: () => ({ text: cleaned }) };
  const pair = cleanText(textPair);
  if (pair === '') return { ...place, problem: 'has no second text' };
  return { ...place, read: () => ({ text: cleaned, textPair: pair }) };
}
