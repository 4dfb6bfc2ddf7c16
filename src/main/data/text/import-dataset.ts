/**
 * Imports labelled texts: tables with a text and a label column (and a second text column for pairs), or a folder per class.
 * Rows that cannot be used are listed with file and line. Texts that occur more than once are kept, but share a group, so that
 * no split has one of them on both sides; those with more than one label are listed as conflicts.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { LabError } from '../../../shared/errors.ts';
import type { TextEncoding, TextFormat } from '../../../shared/spec/manifests/text-corpus.ts';
import { TEXT_DATASET_VERSION, type TextDatasetManifest } from '../../../shared/spec/manifests/text-dataset.ts';
import { AppendingFile } from '../../files/appending-file.ts';
import { requireClassNames } from '../import/class-names.ts';
import { ContentIndex } from '../import/content-index.ts';
import { createFolder } from '../../files/durable-folder.ts';
import { GrowingUint32Array } from '../import/growing-array.ts';
import { writeManifest } from '../../files/manifest-file.ts';
import { SkipFile } from '../import/skip-file.ts';
import { numberedColumn } from '../tables/header.ts';
import { readTable } from '../tables/read-table.ts';
import { EXAMPLES_FILE, GROUPS_FILE, LABELS_FILE, OFFSETS_FILE, type StoredExample } from './dataset-files.ts';
import { cleanText, contentKey, type SkippedDocument } from '../reading/document.ts';
import { compareCodePoints } from '../tokenizer/learn-merges.ts';
import type { ByteSource } from '../reading/read-bytes.ts';
import { readFasta } from '../reading/read-fasta.ts';
import { readTextDocuments } from '../reading/read-documents.ts';
import { LISTED, ReportCollector } from '../import/report-collector.ts';
import { findSourceFiles, type SourceFile, type SourceOptions } from '../reading/source-files.ts';

export interface DatasetImportProgress {
  readonly phase: 'reading';
  /** Never falls, and ends with `done` equal to `total`. */
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes';
}

export interface ImportTextDatasetOptions {
  /** Tables, folders of tables, a folder with a folder of text files for each class, or FASTA. */
  readonly sources: readonly string[];
  /** The dataset's folder, which must not exist yet. */
  readonly folder: string;
  readonly name: string;
  /** Reads every file as this; without it, the names decide. */
  readonly format?: Exclude<TextFormat, 'wikipedia'> | undefined;
  /** Of files without a mark; UTF-8 without it. */
  readonly encoding?: TextEncoding | undefined;
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** False for CSV and TSV files that begin with a row of data: their columns are called column1, column2 and so on. */
  readonly header?: boolean | undefined;
  /** 'text' without it; the first column without a header. */
  readonly textColumn?: string | undefined;
  /** 'label' without it; the second column without a header. */
  readonly labelColumn?: string | undefined;
  /** A second text, for tasks on pairs. */
  readonly pairColumn?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DatasetImportProgress) => void) | undefined;
}

interface Example {
  readonly text: string;
  readonly pair: string | null;
  readonly label: string;
  readonly line: number | null;
}

/** More are not classes but texts or numbers. */
const MAXIMUM_CLASSES = 10_000;
const PROGRESS_BYTES = 1_000_000;

interface Columns {
  readonly text: string;
  readonly label: string;
  readonly pair: string | null;
}

/**
 * @returns the manifest of the new dataset
 * @throws LabError `conflict` if the folder exists, `bad-input` if there is nothing to import, only one class, or a named file
 *   lacks a column; `not-found`, `aborted`, `disk-full`
 */
export async function importTextDataset(options: ImportTextDatasetOptions): Promise<TextDatasetManifest> {
  if (options.sources.length === 0) throw new LabError('bad-spec', 'An import needs at least one file or folder.');
  const columns: Columns = {
    text: options.textColumn ?? (options.header === false ? numberedColumn(1) : 'text'),
    label: options.labelColumn ?? (options.header === false ? numberedColumn(2) : 'label'),
    pair: options.pairColumn ?? null,
  };
  const signal = options.signal ?? new AbortController().signal;
  const { sources, format, encoding, header, include, exclude } = options;
  const source: SourceOptions = { sources, format, encoding, header, include, exclude, signal };
  return createFolder(options.folder, signal, async (folder) => {
    const report = new ReportCollector();
    const writer = await ExampleWriter.create(folder, report);
    try {
      await readExamples(source, columns, report, writer, options.onProgress);
      if (writer.size === 0) throw report.nothingUsable('labelled text', sources);
      const stored = await writer.finish(columns.label);
      const manifest: TextDatasetManifest = {
        formatVersion: TEXT_DATASET_VERSION,
        kind: 'text-dataset',
        name: options.name,
        createdAt: new Date().toISOString(),
        sources: [...sources],
        ...stored,
        pairs: columns.pair !== null,
        options: {
          textColumn: columns.text,
          pairColumn: columns.pair,
          labelColumn: columns.label,
          ...(encoding !== undefined && { encoding }),
          ...(header !== undefined && { header }),
        },
        report: report.report(),
      };
      await writeManifest(folder, manifest);
      return manifest;
    } finally {
      await writer.close();
    }
  });
}

async function readExamples(
  source: SourceOptions,
  columns: Columns,
  report: ReportCollector,
  writer: ExampleWriter,
  onProgress: ImportTextDatasetOptions['onProgress'],
): Promise<void> {
  let total = 0;
  for await (const file of findSourceFiles(source)) if ('size' in file) total += file.size;
  let done = 0;
  let reported = 0;
  const onBytes = (count: number): void => {
    done += count;
    if (done - reported < PROGRESS_BYTES) return;
    reported = done;
    onProgress?.({ phase: 'reading', done: Math.min(done, total), total, unit: 'bytes' });
  };
  for await (const file of findSourceFiles(source)) {
    if ('ignoredExtension' in file) report.ignore(file.ignoredExtension);
    else if ('unusable' in file) report.skip(file.path, { line: null, reason: 'unreadable', message: file.unusable });
    else await readFileExamples(file, { source, columns, report, writer, onBytes });
  }
  onProgress?.({ phase: 'reading', done: total, total, unit: 'bytes' });
}

interface FileContext {
  readonly source: SourceOptions;
  readonly columns: Columns;
  readonly report: ReportCollector;
  readonly writer: ExampleWriter;
  readonly onBytes: (count: number) => void;
}

async function readFileExamples(file: SourceFile, context: FileContext): Promise<void> {
  const { columns, report, writer, onBytes } = context;
  report.files += 1;
  report.bytes += file.size;
  const { path, compression, encoding } = file;
  const bytes: ByteSource = { path, compression, encoding, onBytes, signal: context.source.signal };
  try {
    for await (const batch of readFile(file, bytes, context)) {
      for (const item of batch) {
        const checked = 'reason' in item ? item : (findFault(item, columns) ?? item);
        if ('reason' in checked) report.skip(file.path, checked);
        else await writer.append(file.path, checked);
      }
    }
  } catch (error) {
    if (!(error instanceof SkipFile)) throw error;
    if (error.reason === 'missing-column' && file.named) {
      const details = { path: file.path, columns, reason: error.reason };
      throw new LabError('bad-input', `${file.path} ${error.message}.`, details, error);
    }
    report.skip(file.path, { line: error.line, reason: error.reason, message: error.message });
  }
}

function readFile(
  file: SourceFile,
  bytes: ByteSource,
  { columns, source }: FileContext,
): AsyncGenerator<(Example | SkippedDocument)[]> {
  if (file.format === 'text') return readClassFile(file, bytes);
  if (file.format === 'fasta') return readSequences(file, bytes, source.sources.length > 1);
  return readRows(file, bytes, columns);
}

/** The label of a sequence: what its header says after `label=`, else its class folder, else its file's name where there are several. */
async function* readSequences(
  file: SourceFile,
  bytes: ByteSource,
  hasSeveralFiles: boolean,
): AsyncGenerator<(Example | SkippedDocument)[]> {
  const slash = file.relative.indexOf('/');
  const ofFile =
    slash > 0
      ? file.relative.slice(0, slash)
      : hasSeveralFiles
        ? file.relative.replace(/(\.[a-z0-9]+){1,2}$/i, '')
        : undefined;
  for await (const records of readFasta(bytes)) {
    yield records.map((record) => {
      if ('reason' in record) return record;
      const label = record.label ?? ofFile;
      if (label !== undefined) return { text: cleanText(record.text), pair: null, label, line: record.line };
      const message = 'has no “label=…” in its header; write one, or name a file or a folder for each class';
      return { line: record.line, reason: 'missing-label' as const, message };
    });
  }
}

async function* readRows(
  file: SourceFile,
  bytes: ByteSource,
  columns: Columns,
): AsyncGenerator<(Example | SkippedDocument)[]> {
  if (file.format === 'text' || file.format === 'wikipedia' || file.format === 'fasta') {
    throw new SkipFile('malformed', 'is not a table with labels');
  }
  const wanted = [columns.text, columns.label, ...(columns.pair === null ? [] : [columns.pair])];
  for await (const rows of readTable(bytes, file.format, wanted, { header: file.header })) {
    yield rows.map((row) => {
      if ('reason' in row) return row;
      const [text, label, pair] = row.values;
      const cleanPair = columns.pair === null ? null : cleanText(pair ?? '');
      return { text: cleanText(text ?? ''), label: (label ?? '').trim(), pair: cleanPair, line: row.line };
    });
  }
}

/** A file in the folder of its class: one example, whatever its lines are. */
async function* readClassFile(file: SourceFile, bytes: ByteSource): AsyncGenerator<(Example | SkippedDocument)[]> {
  const slash = file.relative.indexOf('/');
  if (slash < 0) {
    const message = file.named
      ? 'is a text file without labels; name a table, or a folder with a folder for each class'
      : 'lies beside the class folders; move it into the folder of its class';
    yield [{ line: null, reason: 'missing-label', message }];
    return;
  }
  for await (const [item] of readTextDocuments(bytes, 'file')) {
    if (item === undefined) continue;
    if ('reason' in item) yield [item];
    else yield [{ text: cleanText(item.text), pair: null, label: file.relative.slice(0, slash), line: null }];
    return; // a text that is too long to be held at once counts by its beginning
  }
  yield [{ line: null, reason: 'empty', message: 'has no text' }];
}

function findFault(example: Example, columns: Columns): SkippedDocument | null {
  const { line } = example;
  if (example.label === '') return { line, reason: 'missing-label', message: 'has no label' };
  if (example.text === '') return { line, reason: 'empty', message: 'has no text' };
  if (columns.pair !== null && example.pair === '') return { line, reason: 'empty', message: 'has no second text' };
  return null;
}

type StoredFields = Pick<TextDatasetManifest, 'examples' | 'classes' | 'contentHash' | 'textBytes' | 'conflicts'>;

/** Writes examples as they come; what is known only at the end (the sorted classes) is kept as numbers. */
class ExampleWriter {
  private readonly report: ReportCollector;
  private readonly examples: AppendingFile;
  private readonly offsets: AppendingFile;
  private readonly folder: string;
  private readonly labels = new GrowingUint32Array();
  private readonly groups = new GrowingUint32Array();
  private readonly seen = new ContentIndex();
  private readonly classNumbers = new Map<string, number>();
  private readonly content = createHash('sha256');
  private readonly conflicts: TextDatasetManifest['conflicts'] = { total: 0, listed: [] };
  private textBytes = 0;
  private readonly places: Places;

  private constructor(folder: string, report: ReportCollector, examples: AppendingFile, offsets: AppendingFile) {
    this.folder = folder;
    this.report = report;
    this.examples = examples;
    this.offsets = offsets;
    this.places = new Places();
  }

  static async create(folder: string, report: ReportCollector): Promise<ExampleWriter> {
    const examples = await AppendingFile.create(join(folder, EXAMPLES_FILE));
    return new ExampleWriter(folder, report, examples, await AppendingFile.create(join(folder, OFFSETS_FILE)));
  }

  get size(): number {
    return this.labels.length;
  }

  async append(path: string, example: Example): Promise<void> {
    const index = this.size;
    const { text, pair, label, line } = example;
    const key = contentKey(pair === null ? text : `${text}\0${pair}`);
    const label32 = this.classNumber(label);
    const first = this.seen.findOrAdd(key, index);
    if (first !== undefined) this.addDuplicate(path, example, first, label32);
    this.labels.push(label32);
    this.groups.push(first ?? index);
    this.places.add(path, line);
    this.content.update(key).update(label).update('\0');
    this.textBytes += Buffer.byteLength(text) + (pair === null ? 0 : Buffer.byteLength(pair));
    this.offsets.appendUint64(this.examples.size);
    const stored: StoredExample = { text, ...(pair === null ? {} : { pair }), label, path, line };
    this.examples.appendText(`${JSON.stringify(stored)}\n`);
    if (this.examples.isFull) await this.examples.flush();
    if (this.offsets.isFull) await this.offsets.flush();
  }

  private classNumber(label: string): number {
    const known = this.classNumbers.get(label);
    if (known !== undefined) return known;
    const number = this.classNumbers.size;
    if (number === MAXIMUM_CLASSES) {
      const message = `There are more than ${MAXIMUM_CLASSES} different labels, the last “${label}”. Is this the column with the classes?`;
      throw new LabError('bad-input', message, { classes: number });
    }
    this.classNumbers.set(label, number);
    return number;
  }

  private addDuplicate(path: string, example: Example, first: number, label: number): void {
    this.report.duplicate(path, example.line);
    const firstLabel = this.labels.view()[first]!;
    if (firstLabel === label) return;
    this.conflicts.total += 1;
    if (this.conflicts.listed.length >= LISTED) return;
    const other = this.places.at(first);
    this.conflicts.listed.push({
      path,
      line: example.line,
      label: example.label,
      otherPath: other.path,
      otherLine: other.line,
      otherLabel: [...this.classNumbers.keys()][firstLabel]!,
    });
  }

  async finish(labelColumn: string): Promise<StoredFields> {
    const names = [...this.classNumbers.keys()].sort(compareCodePoints);
    if (names.length < 2) {
      const message = `All ${this.size} examples have the label “${names[0] ?? ''}” (column “${labelColumn}”). A classifier needs at least two classes.`;
      throw new LabError('bad-input', message, { classes: names });
    }
    requireClassNames(names);
    const sorted = new Map(names.map((name, index) => [name, index]));
    const place = [...this.classNumbers.keys()].map((name) => sorted.get(name)!);
    const counts = new Uint32Array(names.length);
    const labels = await AppendingFile.create(join(this.folder, LABELS_FILE));
    const groups = await AppendingFile.create(join(this.folder, GROUPS_FILE));
    for (const number of this.labels.view()) {
      labels.appendUint32(place[number]!);
      counts[place[number]!]! += 1;
    }
    for (const group of this.groups.view()) groups.appendUint32(group);
    this.offsets.appendUint64(this.examples.size);
    for (const file of [labels, groups, this.offsets, this.examples]) await file.finish();
    return {
      examples: this.size,
      classes: names.map((name, index) => ({ name, examples: counts[index]! })),
      contentHash: this.content.digest('hex'),
      textBytes: this.textBytes,
      conflicts: this.conflicts,
    };
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.examples.close(), this.offsets.close()]);
  }
}

/** File and line of every example, in 8 bytes each. */
class Places {
  private readonly paths: string[] = [];
  private readonly files = new GrowingUint32Array();
  private readonly lines = new GrowingUint32Array();

  add(path: string, line: number | null): void {
    if (this.paths.at(-1) !== path) this.paths.push(path);
    this.files.push(this.paths.length - 1);
    this.lines.push(line ?? 0);
  }

  at(index: number): { path: string; line: number | null } {
    const line = this.lines.view()[index]!;
    return { path: this.paths[this.files.view()[index]!]!, line: line === 0 ? null : line };
  }
}
