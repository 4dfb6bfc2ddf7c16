/** Labels of sequences: from their headers by a pattern, or from a table that has their names. */
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { cannotRead, LabError } from '../../../shared/errors.ts';
import { quoted } from '../../../shared/excerpt.ts';
import type { ReportCollector } from '../import/report-collector.ts';
import { SkipFile } from '../import/skip-file.ts';
import { headerPattern } from '../reading/fasta-header.ts';
import { openSource } from '../reading/open-source.ts';
import { formatOfName } from '../reading/source-files.ts';
import { isTableFormat, readTable } from '../tables/read-table.ts';
import type { SequenceLabels } from './read-examples.ts';

export interface SequenceLabelOptions {
  /** A regular expression for headers: its group `label`, its first group or all that it finds is the label. */
  readonly headerPattern?: string | undefined;
  /** A table with a row for each sequence. */
  readonly labelTable?: string | undefined;
  /** Its column with the first words of the headers; 'id' without it. */
  readonly idColumn?: string | undefined;
}

/** Every name takes some tens of bytes of memory. */
const MOST_NAMES = 20_000_000;

/**
 * @param labelColumn of the table
 * @throws LabError `bad-spec` for a pattern that is none, `not-found`, `bad-input` for a table that cannot be used
 */
export async function readSequenceLabels(
  { headerPattern: pattern, labelTable, idColumn = 'id' }: SequenceLabelOptions,
  labelColumn: string,
  report: ReportCollector,
  signal: AbortSignal,
): Promise<SequenceLabels | undefined> {
  if (pattern === undefined && labelTable === undefined) return undefined;
  return {
    pattern: pattern === undefined ? undefined : headerPattern(pattern),
    ofName:
      labelTable === undefined
        ? undefined
        : await readLabelTable(resolve(labelTable), [idColumn, labelColumn], report, signal),
  };
}

async function readLabelTable(
  path: string,
  columns: readonly [string, string],
  report: ReportCollector,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw cannotRead('file', path, error);
  });
  const { format, compression } = formatOfName(path);
  if (format === undefined || !isTableFormat(format)) {
    throw new LabError(
      'bad-input',
      `${path} is not a table. Name a .csv, .tsv, .jsonl, .xlsx, .parquet or .arrow file.`,
      { path },
    );
  }
  const rest = { encoding: undefined, header: undefined, quote: undefined, named: true, source: path };
  const file = { path, size, format, compression, relative: basename(path), ...rest };
  const opened = openSource(file, { report, signal, onBytes: () => undefined });
  const labels = new Map<string, string>();
  try {
    for await (const rows of readTable(opened.source, format, columns, opened.options)) {
      for (const row of rows) {
        if ('reason' in row) {
          report.skip(path, row);
          continue;
        }
        const [name, label] = row.values.map((value) => value?.trim() ?? '');
        if (name === undefined || label === undefined || name === '' || label === '') continue;
        const known = labels.get(name);
        if (known !== undefined && known !== label) {
          report.note(path, row.line, `gives ${quoted(name)} another label than before: ${quoted(known)} was taken`);
        } else labels.set(name, label);
      }
      if (labels.size > MOST_NAMES) {
        throw new LabError('bad-input', `${path} has more than ${MOST_NAMES} names.`, { path });
      }
    }
  } catch (error) {
    if (!(error instanceof SkipFile)) throw error;
    const { line, reason } = error;
    throw new LabError('bad-input', `${path} ${error.message}.`, { path, line, reason }, error);
  }
  return labels;
}
