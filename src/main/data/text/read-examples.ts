/** From a source file, whatever its format, to labelled texts, in batches. */
import { cleanLabel } from '../import/labels.ts';
import { placeOf, sideOf, type Side } from '../import/sides.ts';
import { SkipFile } from '../import/skip-file.ts';
import { cleanText, type SkippedDocument } from '../reading/document.ts';
import { openSource, type OpenedSource } from '../reading/open-source.ts';
import { readFasta } from '../reading/read-fasta.ts';
import { readTextDocuments } from '../reading/read-documents.ts';
import type { SourceFile } from '../reading/source-files.ts';
import type { ReportCollector } from '../import/report-collector.ts';
import { readTable } from '../tables/read-table.ts';
import type { Example } from './example-writer.ts';

export interface ExampleColumns {
  readonly text: string;
  readonly label: string;
  readonly pair: string | null;
  /** Examples with the same value stay on one side of a split. */
  readonly group: string | null;
  /** Which side of a split the material puts a row on. */
  readonly split: string | null;
}

export interface ReadRequest {
  readonly file: SourceFile;
  readonly columns: ExampleColumns;
  readonly report: ReportCollector;
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
  /** Whether the outermost folders are sides of a split. */
  readonly foldersAreSides: boolean;
  /** Of a file that was named for a side. */
  readonly side: Side | undefined;
  readonly hasSeveralFiles: boolean;
}

type ExampleOrSkipped = Example | SkippedDocument;

/** Rows that cannot be used are among the results. @throws SkipFile */
export async function* readExamples(request: ReadRequest): AsyncGenerator<ExampleOrSkipped[]> {
  const { columns, side } = request;
  for await (const batch of readFile(request)) {
    yield batch.map((item) => {
      if ('reason' in item) return item;
      const example = { ...item, label: cleanLabel(item.label), side: item.side ?? side };
      return findFault(example, columns) ?? example;
    });
  }
}

function readFile(request: ReadRequest): AsyncGenerator<ExampleOrSkipped[]> {
  const { file } = request;
  const opened = openSource(file, request);
  if (file.format === 'text') return readClassFile(request, opened);
  if (file.format === 'fasta') return readSequences(request, opened);
  return readRows(request, opened);
}

/** The label of a sequence: what its header says after `label=`, else its class folder, else its file's name where there are several. */
async function* readSequences(
  { file, hasSeveralFiles, foldersAreSides }: ReadRequest,
  { source }: OpenedSource,
): AsyncGenerator<ExampleOrSkipped[]> {
  const place = placeOf(file.relative, foldersAreSides);
  const ofFile = place.label ?? (hasSeveralFiles ? file.relative.replace(/(\.[a-z0-9]+){1,2}$/i, '') : undefined);
  for await (const records of readFasta(source)) {
    yield records.map((record) => {
      if ('reason' in record) return record;
      const label = record.label ?? ofFile;
      const { line } = record;
      if (label !== undefined) return { text: cleanText(record.text), pair: null, label, line, side: place.side };
      const message = 'has no “label=…” in its header; write one, or name a file or a folder for each class';
      return { line, reason: 'missing-label' as const, message };
    });
  }
}

async function* readRows(
  { file, columns }: ReadRequest,
  { source, options }: OpenedSource,
): AsyncGenerator<ExampleOrSkipped[]> {
  if (file.format === 'text' || file.format === 'wikipedia' || file.format === 'fasta') {
    throw new SkipFile('malformed', 'is not a table with labels');
  }
  const { text, label, pair, group, split } = columns;
  const wanted = [text, label, pair, group, split].filter((name) => name !== null);
  for await (const rows of readTable(source, file.format, wanted, options)) {
    yield rows.map((row) => {
      if ('reason' in row) return row;
      const valueOf = (column: string | null): string =>
        column === null ? '' : (row.values[wanted.indexOf(column)] ?? '');
      const named = valueOf(split).trim();
      const side = sideOf(named);
      if (split !== null && side === undefined) {
        const message = `“${named.slice(0, 40)}” in “${split}” is no side of a split: write train, validation or test`;
        return { line: row.line, reason: 'malformed' as const, message };
      }
      const ofGroup = valueOf(group).trim();
      return {
        text: cleanText(valueOf(text)),
        label: valueOf(label),
        pair: pair === null ? null : cleanText(valueOf(pair)),
        line: row.line,
        ...(ofGroup !== '' && { group: ofGroup }),
        ...(side !== undefined && { side }),
      };
    });
  }
}

/** A file in the folder of its class: one example, whatever its lines are. */
async function* readClassFile(
  { file, foldersAreSides }: ReadRequest,
  { source }: OpenedSource,
): AsyncGenerator<ExampleOrSkipped[]> {
  const { label, side } = placeOf(file.relative, foldersAreSides);
  if (label === undefined) {
    const message = file.named
      ? 'is a text file without labels; name a table, or a folder with a folder for each class'
      : 'lies beside the class folders; move it into the folder of its class';
    yield [{ line: null, reason: 'missing-label', message }];
    return;
  }
  for await (const [item] of readTextDocuments(source, 'file')) {
    if (item === undefined) continue;
    if ('reason' in item) yield [item];
    else yield [{ text: cleanText(item.text), pair: null, label, side, line: null }];
    return; // a text that is too long to be held at once counts by its beginning
  }
  yield [{ line: null, reason: 'empty', message: 'has no text' }];
}

function findFault(example: Example, columns: ExampleColumns): SkippedDocument | null {
  const { line } = example;
  if (example.label === '') return { line, reason: 'missing-label', message: 'has no label' };
  if (example.text === '') return { line, reason: 'empty', message: 'has no text' };
  if (columns.pair !== null && example.pair === '') return { line, reason: 'empty', message: 'has no second text' };
  return null;
}
