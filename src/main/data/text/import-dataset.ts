/**
 * Imports labelled texts: tables with a text and a label column (and a second text column for pairs), or a folder per class.
 * Rows that cannot be used are listed with file and line. Texts that occur more than once are kept, but share a group, so that
 * no split has one of them on both sides; those with more than one label are listed as conflicts.
 */
import { LabError } from '../../../shared/errors.ts';
import type { LabelFormat } from '../../../shared/spec/label-format.ts';
import type { TextEncoding, TextFormat } from '../../../shared/spec/manifests/text-corpus.ts';
import { TEXT_DATASET_VERSION, type TextDatasetManifest } from '../../../shared/spec/manifests/text-dataset.ts';
import { createFolder } from '../../files/durable-folder.ts';
import { writeManifest } from '../../files/manifest-file.ts';
import { ReportCollector } from '../import/report-collector.ts';
import { OuterFolders, sourcesWithSides, type Side, type SideSources } from '../import/sides.ts';
import { SkipFile } from '../import/skip-file.ts';
import { collectTargets } from '../import/targets.ts';
import { findSourceFiles, type SourceFile, type SourceOptions } from '../reading/source-files.ts';
import type { CsvQuote } from '../tables/csv-parser.ts';
import { numberedColumn } from '../tables/header.ts';
import { ExampleWriter } from './example-writer.ts';
import { readExamples, type ExampleColumns, type SequenceLabels } from './read-examples.ts';
import { TAGGED_FILES } from './read-tagged.ts';
import { readSequenceLabels, type SequenceLabelOptions } from './sequence-labels.ts';

export interface DatasetImportProgress {
  readonly phase: 'reading';
  /** Never falls, and ends with `done` equal to `total`. */
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes';
}

export interface ImportTextDatasetOptions {
  /** Tables, folders of tables, a folder with a folder of text files for each class, or sequences. */
  readonly sources: readonly string[];
  /** Sources of the sides of an official split, beside `sources`. */
  readonly sides?: SideSources | undefined;
  /** The dataset's folder, which must not exist yet. */
  readonly folder: string;
  readonly name: string;
  /** Reads every file as this; without it, the names decide. */
  readonly format?: Exclude<TextFormat, 'wikipedia'> | undefined;
  /** Of files without a mark; guessed without it. */
  readonly encoding?: TextEncoding | undefined;
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** False for CSV and TSV files that begin with a row of data: their columns are called column1, column2 and so on. */
  readonly header?: boolean | undefined;
  /** What quotes in CSV and TSV mean; told by each file without it. */
  readonly quote?: CsvQuote | undefined;
  /** 'text' without it; the first column without a header. */
  readonly textColumn?: string | undefined;
  /** 'label' without it; the second column without a header. */
  readonly labelColumn?: string | undefined;
  /** What labels say; one class each without it. */
  readonly labels?: LabelFormat | undefined;
  /** A second text, for tasks on pairs. */
  readonly pairColumn?: string | undefined;
  /** Examples with the same value here stay on one side of a split: speaker, patient, author. */
  readonly groupColumn?: string | undefined;
  /** The side of an official split: train, validation or test. */
  readonly splitColumn?: string | undefined;
  /** Of FASTA, FASTQ and GenBank; `label=` in the headers without it. */
  readonly sequences?: SequenceLabelOptions | undefined;
  /** Merges classes whose names look alike into the most frequent one. */
  readonly mergeLabels?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DatasetImportProgress) => void) | undefined;
}

const PROGRESS_BYTES = 1_000_000;

/**
 * @returns the manifest of the new dataset
 * @throws LabError `conflict` if the folder exists, `bad-input` if there is nothing to import, only one class, or a named file
 *   lacks a column; `not-found`, `aborted`, `disk-full`
 */
export async function importTextDataset(options: ImportTextDatasetOptions): Promise<TextDatasetManifest> {
  const sideOfSource = sourcesWithSides(options.sides);
  const sources = [...options.sources, ...sideOfSource.keys()];
  if (sources.length === 0) throw new LabError('bad-spec', 'An import needs at least one file or folder.');
  const columns: ExampleColumns = {
    text: options.textColumn ?? (options.header === false ? numberedColumn(1) : 'text'),
    label: options.labelColumn ?? (options.header === false ? numberedColumn(2) : 'label'),
    asked: { text: options.textColumn, label: options.labelColumn },
    labels: options.labels ?? { kind: 'classes' },
    pair: options.pairColumn ?? (options.labels?.kind === 'alignments' ? 'pair' : null),
    group: options.groupColumn ?? null,
    split: options.splitColumn ?? null,
  };
  const signal = options.signal ?? new AbortController().signal;
  const { format, encoding, header, quote, include, exclude } = options;
  const alsoText = columns.labels.kind === 'tags' ? TAGGED_FILES : undefined;
  const source: SourceOptions = { sources, format, encoding, header, quote, include, exclude, alsoText, signal };
  return createFolder(options.folder, signal, async (folder) => {
    const report = new ReportCollector();
    const targets = collectTargets(columns.labels, columns.label);
    const writer = await ExampleWriter.create(folder, report, targets);
    try {
      const labels = await readSequenceLabels(options.sequences ?? {}, columns.label, report, signal);
      await readSources({ source, columns, labels, report, writer, sideOfSource, onProgress: options.onProgress });
      if (writer.size === 0) throw report.nothingUsable('labelled text', sources);
      const stored = await writer.finish({ mergeLabels: options.mergeLabels ?? false, labelColumn: columns.label });
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
          ...(options.labels && { labels: options.labels }),
          ...(columns.group !== null && { groupColumn: columns.group }),
          ...(columns.split !== null && { splitColumn: columns.split }),
          ...(encoding !== undefined && { encoding }),
          ...(header !== undefined && { header }),
          ...(quote !== undefined && { quote }),
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

interface Reading {
  readonly source: SourceOptions;
  readonly columns: ExampleColumns;
  readonly labels: SequenceLabels | undefined;
  readonly report: ReportCollector;
  readonly writer: ExampleWriter;
  readonly sideOfSource: ReadonlyMap<string, Side>;
  readonly onProgress: ImportTextDatasetOptions['onProgress'];
}

async function readSources(reading: Reading): Promise<void> {
  const { source, report, onProgress } = reading;
  let total = 0;
  const folders = new OuterFolders();
  for await (const file of findSourceFiles(source)) {
    if (!('size' in file)) continue;
    total += file.size;
    folders.add(file.relative);
  }
  let done = 0;
  let reported = 0;
  const onBytes = (count: number): void => {
    done += count;
    if (done - reported < PROGRESS_BYTES) return;
    reported = done;
    onProgress?.({ phase: 'reading', done: Math.min(done, total), total, unit: 'bytes' });
  };
  const foldersAreSides = folders.areSides;
  for await (const file of findSourceFiles(source)) {
    if ('ignoredExtension' in file) report.ignore(file.ignoredExtension);
    else if ('unusable' in file) report.skip(file.path, { line: null, reason: file.reason, message: file.unusable });
    else await readOneFile(file, reading, { onBytes, foldersAreSides });
  }
  onProgress?.({ phase: 'reading', done: total, total, unit: 'bytes' });
}

async function readOneFile(
  file: SourceFile,
  { source, columns, labels, report, writer, sideOfSource }: Reading,
  rest: { readonly onBytes: (count: number) => void; readonly foldersAreSides: boolean },
): Promise<void> {
  report.files += 1;
  report.bytes += file.size;
  const before = writer.size;
  const { signal, sources } = source;
  const side = sideOfSource.get(file.source);
  const request = { file, columns, labels, report, signal, side, hasSeveralFiles: sources.length > 1, ...rest };
  try {
    for await (const batch of readExamples(request)) {
      for (const item of batch) {
        if ('reason' in item) report.skip(file.path, item);
        else await writer.append(file.path, item);
      }
    }
  } catch (error) {
    if (!(error instanceof SkipFile)) throw error;
    if (error.reason === 'missing-column' && file.named) {
      const details = { path: file.path, columns, reason: error.reason };
      throw new LabError('bad-input', `${file.path} ${error.message}.`, details, error);
    }
    const used = writer.size - before;
    if (used === 0) report.skip(file.path, { line: error.line, reason: error.reason, message: error.message });
    else {
      report.note(
        file.path,
        error.line,
        `${error.message}; ${used === 1 ? 'the one row before that was' : `the ${used} rows before that were`} used`,
      );
    }
  }
}
