/** From a source file, whatever its format, to labelled texts, in batches. */
import { quoted } from '../../../shared/excerpt.ts';
import { joinLabel, labelColumnsOf, problemOfLabel } from '../import/label-format.ts';
import type { LabelFormat } from '../../../shared/spec/label-format.ts';
import { placeOf, sideOf, type Side } from '../import/sides.ts';
import { SkipFile } from '../import/skip-file.ts';
import { cleanText, type SkippedDocument } from '../reading/document.ts';
import { openSource, type OpenedSource } from '../reading/open-source.ts';
import { isSequences, readSequences, type SequenceFormat } from '../reading/read-sequences.ts';
import { isProse, readProse, type ProseFormat } from '../reading/prose/read-prose.ts';
import type { SourceFile } from '../reading/source-files.ts';
import type { ReportCollector } from '../import/report-collector.ts';
import { isTableFormat, readTable, type TableFormat } from '../tables/read-table.ts';
import { alignedPair } from './aligned-pair.ts';
import type { Example } from './example-writer.ts';
import { exampleOf, readAlignedRecords } from './read-alignments.ts';
import { readTagged } from './read-tagged.ts';

export interface ExampleColumns {
  readonly text: string;
  readonly label: string;
  /** Those that were asked for: of tagged words others are found. */
  readonly asked: { readonly text: string | undefined; readonly label: string | undefined };
  /** What labels say; of more columns than one, their further ones. */
  readonly labels: LabelFormat;
  readonly pair: string | null;
  /** Examples with the same value stay on one side of a split. */
  readonly group: string | null;
  /** Which side of a split the material puts a row on. */
  readonly split: string | null;
}

/** Where the labels of sequences are, if not after `label=` in their headers. */
export interface SequenceLabels {
  readonly pattern: RegExp | undefined;
  /** What a table says of the sequence with a name. */
  readonly ofName: ReadonlyMap<string, string> | undefined;
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
  readonly labels: SequenceLabels | undefined;
}

type ExampleOrSkipped = Example | SkippedDocument;
/** Of a table, the label is made of its columns already. */
type ReadExample = (Example & { readonly isJoined?: boolean }) | SkippedDocument;

/** Rows that cannot be used are among the results. @throws SkipFile */
export async function* readExamples(request: ReadRequest): AsyncGenerator<ExampleOrSkipped[]> {
  const { columns, side } = request;
  const { labels } = columns;
  for await (const batch of readFile(request)) {
    yield batch.map((item) => {
      if ('reason' in item) return item;
      const label =
        item.isJoined || labels.kind === 'alignments' ? item.label : joinLabel([item.label], [columns.label], labels);
      const example = { ...item, label, side: item.side ?? side };
      return findFault(example, columns) ?? example;
    });
  }
}

function readFile(request: ReadRequest): AsyncGenerator<ReadExample[]> {
  const { file } = request;
  const opened = openSource(file, request);
  if (request.columns.labels.kind === 'tags') return readSentences(request, opened);
  const { format } = file;
  if (isTableFormat(format)) return readRows(request, opened, format);
  if (isSequences(format)) {
    if (request.columns.labels.kind !== 'alignments') return readLabelledSequences(request, opened, format);
    return readAlignedRecords(readSequences(opened.source, format, request.labels?.pattern));
  }
  if (isProse(format)) return readClassFile(request, opened, format);
  throw new SkipFile('malformed', 'is not a table with labels');
}

/**
 * The label of a sequence: what a table says of its name, else what its header says after `label=` or where the pattern finds
 * it, else its class folder, else its file's name where there are several.
 */
async function* readLabelledSequences(
  { file, hasSeveralFiles, foldersAreSides, labels }: ReadRequest,
  { source }: OpenedSource,
  format: SequenceFormat,
): AsyncGenerator<ExampleOrSkipped[]> {
  const place = placeOf(file.relative, foldersAreSides);
  const ofFile = place.label ?? (hasSeveralFiles ? file.relative.replace(/(\.[a-z0-9]+){1,2}$/i, '') : undefined);
  for await (const records of readSequences(source, format, labels?.pattern)) {
    yield records.map((record) => {
      if ('reason' in record) return record;
      const { line, name } = record;
      const label = labels?.ofName === undefined ? (record.label ?? ofFile) : labels.ofName.get(name);
      if (label !== undefined) return { text: cleanText(record.text), pair: null, label, line, side: place.side };
      return { line, reason: 'missing-label' as const, message: describeUnlabelled(name, labels) };
    });
  }
}

/** Words with tags: a sentence is an example, and its tags are its label. Sentences of a document stay together. */
async function* readSentences({ file, columns }: ReadRequest, { source }: OpenedSource): AsyncGenerator<ReadExample[]> {
  const { labels, asked } = columns;
  const options = { words: asked.text, tags: asked.label, names: labels.kind === 'tags' ? labels.names : undefined };
  for await (const sentences of readTagged(source, options)) {
    yield sentences.map((item) => {
      if ('reason' in item) return item;
      const { words, tags, line, document } = item;
      const rest = {
        pair: null,
        line,
        isJoined: true,
        ...(document !== undefined && { groups: [`${file.path}#${document}`] }),
      };
      return { text: words.join(' '), label: tags.join(' '), ...rest };
    });
  }
}

function describeUnlabelled(name: string, labels: SequenceLabels | undefined): string {
  if (labels?.ofName !== undefined) return `is called ${quoted(name)}, which the table of labels does not have`;
  if (labels?.pattern !== undefined) return 'has nothing in its header that the pattern for labels finds';
  return 'has no “label=…” in its header; write one, say where it stands with a pattern, name a table of labels, or a file or a folder for each class';
}

async function* readRows(
  { columns }: ReadRequest,
  { source, options }: OpenedSource,
  format: TableFormat,
): AsyncGenerator<ReadExample[]> {
  const { text, label, labels, asked, pair, group, split } = columns;
  const isAligned = labels.kind === 'alignments';
  // Pairs are related where no column says anything else.
  const ofLabel = isAligned && asked.label === undefined ? [] : labelColumnsOf(label, labels);
  const wanted = [text, ...ofLabel, pair, group, split].filter((name) => name !== null);
  const listColumns = labels.kind === 'several' ? ofLabel : [];
  for await (const rows of readTable(source, format, wanted, { ...options, listColumns })) {
    yield rows.map((row) => {
      if ('reason' in row) return row;
      const valueOf = (column: string | null): string =>
        column === null ? '' : (row.values[wanted.indexOf(column)] ?? '');
      const named = valueOf(split).trim();
      const side = sideOf(named);
      if (split !== null && side === undefined) {
        const message = `${quoted(named)} in ${quoted(split)} is not a side of a split: write train, validation or test`;
        return { line: row.line, reason: 'malformed' as const, message };
      }
      const ofGroup = valueOf(group).trim();
      if (isAligned) {
        const read = alignedPair(valueOf(text), valueOf(pair), ofLabel.map(valueOf)[0] ?? '');
        if ('problem' in read) return { line: row.line, reason: 'malformed' as const, message: read.problem };
        const example = exampleOf(read, row.line, ofGroup === '' ? [] : [ofGroup]);
        return { ...example, isJoined: true, ...(side !== undefined && { side }) };
      }
      return {
        text: cleanText(valueOf(text)),
        label: joinLabel(ofLabel.map(valueOf), ofLabel, labels),
        isJoined: true,
        pair: pair === null ? null : cleanText(valueOf(pair)),
        line: row.line,
        ...(ofGroup !== '' && { groups: [ofGroup] }),
        ...(side !== undefined && { side }),
      };
    });
  }
}

/** A file in the folder of its class: one example, whatever its lines are; of a mailbox, one for each message. */
async function* readClassFile(
  { file, foldersAreSides }: ReadRequest,
  { source }: OpenedSource,
  format: ProseFormat,
): AsyncGenerator<ExampleOrSkipped[]> {
  const { label, side } = placeOf(file.relative, foldersAreSides);
  if (label === undefined) {
    const message = file.named
      ? 'has no labels; name a table, or a folder with a folder for each class'
      : 'lies beside the class folders; move it into the folder of its class';
    yield [{ line: null, reason: 'missing-label', message }];
    return;
  }
  let isEmpty = true;
  for await (const batch of readProse(source, format, 'file')) {
    for (const item of batch) {
      isEmpty = false;
      if ('reason' in item) yield [item];
      else yield [{ text: cleanText(item.text), pair: null, label, side, line: format === 'email' ? item.line : null }];
      if (format !== 'email') return; // a text that is too long to be held at once counts by its beginning
    }
  }
  if (isEmpty) yield [{ line: null, reason: 'empty', message: 'has no text' }];
}

function findFault(example: Example, columns: ExampleColumns): SkippedDocument | null {
  const { line } = example;
  const problem = problemOfLabel(example.label, columns.labels, labelColumnsOf(columns.label, columns.labels));
  if (problem !== undefined) return { line, reason: 'missing-label', message: problem };
  if (example.text === '') return { line, reason: 'empty', message: 'has no text' };
  if (columns.pair !== null && example.pair === '') return { line, reason: 'empty', message: 'has no second text' };
  return null;
}
