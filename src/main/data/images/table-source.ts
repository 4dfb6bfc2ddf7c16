/**
 * Files that a table lists, pictures or recordings, with a column of paths and, where they are wanted, columns of labels, groups
 * and sides of a split. A table may come from anywhere, so the files it names must lie inside one folder. Parquet and Arrow may
 * hold the files themselves, as the data sets of Hugging Face do.
 */
import { access } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { isLabError, LabError } from '../../../shared/errors.ts';
import { quoted } from '../../../shared/excerpt.ts';
import type { TextEncoding } from '../../../shared/spec/manifests/text-corpus.ts';
import { joinLabel, labelColumnsOf } from '../import/label-format.ts';
import type { LabelFormat } from '../../../shared/spec/label-format.ts';
import { ReportCollector } from '../import/report-collector.ts';
import { sideOf } from '../import/sides.ts';
import { SkipFile } from '../import/skip-file.ts';
import { openSource } from '../reading/open-source.ts';
import { formatOfName } from '../reading/source-files.ts';
import type { CsvQuote } from '../tables/csv-parser.ts';
import { isTableFormat, readTable, type TableFormat } from '../tables/read-table.ts';
import type { TableRow, UnusableRow } from '../tables/table-row.ts';
import { readImageFile } from './folder-source.ts';
import type { ImageEntry, ImageSource, UnusableEntry } from './source.ts';

export interface FileTableOptions {
  /** Column with the path of each file, or with the file itself; `path` by default, or the only column of files. */
  readonly pathColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
  /** What labels say; one class each without it. */
  readonly labels?: LabelFormat | undefined;
  /** Column whose equal values keep files on one side of a split: patient, film, place, speaker. */
  readonly groupColumn?: string | undefined;
  /** Column with the side of an official split. */
  readonly splitColumn?: string | undefined;
  /** Columns that entries bring along as they are. */
  readonly keep?: readonly string[] | undefined;
  /** Folder that paths must not leave, and start from unless they start from the table's; by default the table's own. */
  readonly root?: string | undefined;
  /** Of the table, without a mark; guessed without it. */
  readonly encoding?: TextEncoding | undefined;
  readonly header?: boolean | undefined;
  readonly quote?: CsvQuote | undefined;
}

const DEFAULT_PATH_COLUMN = 'path';

function tableFormat(path: string): TableFormat | undefined {
  const { format } = formatOfName(path);
  return format !== undefined && isTableFormat(format) ? format : undefined;
}

/** Whether a file is a table by its name. */
export function isTableName(path: string): boolean {
  return tableFormat(path) !== undefined;
}

interface Columns {
  readonly wanted: readonly string[];
  /** Of the path; where the files are in the table, of their names, which may be missing. */
  readonly path: string;
  readonly bytes: string | undefined;
}

/** A source of the files that a table lists, in the table's order. */
export function tableSource(table: string, options: FileTableOptions = {}): ImageSource {
  const path = resolve(table);
  const format = tableFormat(path);
  if (format === undefined) {
    const message = `${path} is not a table that the lab reads. Name a .csv, .tsv, .jsonl, .json, .xlsx, .parquet or .arrow file.`;
    throw new LabError('bad-input', message, { path });
  }
  const labels = options.labels ?? { kind: 'classes' };
  const ofLabel = options.labelColumn === undefined ? [] : labelColumnsOf(options.labelColumn, labels);
  const paths = new PathResolver(path, options.root);
  let report = new ReportCollector();

  async function columnsOf(): Promise<Columns> {
    const { pathColumn, groupColumn, splitColumn, keep = [] } = options;
    const bytes =
      format === 'parquet' || format === 'arrow' ? await bytesColumnOf(path, format, pathColumn) : undefined;
    const names = bytes?.replace(/\.bytes$/u, '.path') ?? pathColumn ?? DEFAULT_PATH_COLUMN;
    const wanted = [names, ...ofLabel, groupColumn, splitColumn, ...keep].filter((name) => name !== undefined);
    return { wanted: [...new Set(wanted)], path: names, bytes };
  }

  async function* rows(signal: AbortSignal, columns: Columns, withBytes: boolean) {
    await access(path).catch((error: unknown) => {
      throw new LabError('not-found', `There is no file ${path}. Check the path.`, { path }, error);
    });
    const { encoding, header, quote } = options;
    const file = {
      ...{ path, size: 0, format: format!, compression: formatOfName(path).compression, encoding, header, quote },
      ...{ named: true, relative: basename(path), source: path },
    };
    const opened = openSource(file, { report, signal, onBytes: () => undefined });
    try {
      const kept = (options.keep ?? []).filter((name) => name !== columns.path);
      const rest =
        columns.bytes === undefined
          ? { optional: kept }
          : { optional: [...kept, columns.path], ...(withBytes && { bytesColumn: columns.bytes }) };
      const listColumns = labels.kind === 'several' ? ofLabel : [];
      const how = { ...opened.options, ...rest, listColumns };
      for await (const batch of readTable(opened.source, format!, columns.wanted, how)) {
        yield* batch;
      }
    } catch (error) {
      if (!(error instanceof SkipFile)) throw error;
      const place = error.line === null ? path : `${path}, line ${error.line},`;
      const { line, reason } = error;
      throw new LabError('bad-input', `${place} ${error.message}.`, { path, line, reason }, error);
    }
  }

  function toEntry(row: TableRow | UnusableRow, columns: Columns): ImageEntry | UnusableEntry {
    const values = options.keep?.map(
      (name) => ('reason' in row ? null : row.values[columns.wanted.indexOf(name)]) ?? null,
    );
    const kept = values && { row: { line: row.line, values } };
    const unusable = (where: string, reason: UnusableEntry['unusable']['reason'], message: string): UnusableEntry => ({
      path: where,
      unusable: { reason, message: `line ${row.line} of the table: ${message}` },
      ...kept,
    });
    if ('reason' in row) return unusable(path, 'unreadable', row.message);
    const valueOf = (column: string | undefined): string => {
      return (column === undefined ? null : row.values[columns.wanted.indexOf(column)])?.trim() ?? '';
    };
    const named = valueOf(columns.path);
    const label = ofLabel.length === 0 ? '' : joinLabel(ofLabel.map(valueOf), ofLabel, labels);
    const shown = named === '' ? `${basename(path)}, row ${row.line}` : named;
    if (options.labelColumn !== undefined && label === '' && labels.kind !== 'several') {
      return unusable(shown, 'no-label', `the column ${quoted(options.labelColumn)} is empty`);
    }
    const sideName = valueOf(options.splitColumn);
    const side = sideOf(sideName);
    if (options.splitColumn !== undefined && side === undefined) {
      const what = `${quoted(sideName)} in ${quoted(options.splitColumn)} is not a side of a split`;
      return unusable(shown, 'no-label', `${what}: write train, validation or test`);
    }
    const group = valueOf(options.groupColumn);
    const rest = {
      ...kept,
      ...(label === '' ? {} : { label }),
      ...(group === '' ? {} : { group }),
      ...(side === undefined ? {} : { side }),
    };
    if (columns.bytes !== undefined) {
      const { bytes } = row;
      if (bytes === undefined) return unusable(shown, 'unreadable', `the column ${quoted(columns.bytes)} is empty`);
      return { path: shown, ...rest, read: () => Promise.resolve(Buffer.from(bytes)) };
    }
    if (named === '') return unusable(path, 'unreadable', `the column ${quoted(columns.path)} is empty`);
    const found = paths.find(named);
    if (found === undefined) return unusable(named, 'unsafe-path', paths.refusal);
    return { path: found.shown, ...rest, read: () => readFirst(found.files, row.line) };
  }

  return {
    kind: 'table',
    path,
    async count(signal) {
      let entries = 0;
      for await (const _row of rows(signal, await columnsOf(), false)) entries += 1;
      return entries;
    },
    async *entries(signal) {
      report = new ReportCollector();
      const columns = await columnsOf();
      for await (const row of rows(signal, columns, true)) yield toEntry(row, columns);
    },
    ignored: () => new Map(),
    facts: () => {
      const { readAs, notes } = report.report();
      return { readAs, notes };
    },
  };
}

/** Where the files of a Parquet or Arrow table are in it: the column that was named, or the only one there is. */
async function bytesColumnOf(
  path: string,
  format: 'parquet' | 'arrow',
  named: string | undefined,
): Promise<string | undefined> {
  try {
    const columns = await fileColumns(path, format);
    if (named !== undefined) return columns.find((column) => column === named || column === `${named}.bytes`);
    return columns.length === 1 ? columns[0] : undefined;
  } catch (error) {
    if (!(error instanceof SkipFile)) throw error;
    throw new LabError('bad-input', `${path} ${error.message}.`, { path, reason: error.reason }, error);
  }
}

export async function fileColumns(path: string, format: 'parquet' | 'arrow'): Promise<readonly string[]> {
  // Each brings a library along that few need.
  if (format === 'parquet') return (await import('../tables/read-parquet.ts')).fileColumnsOf(path);
  return (await import('../tables/read-arrow.ts')).arrowFileColumns(path);
}

/** Reads the first of several places that has the file. */
async function readFirst(files: readonly string[], line: number): Promise<Buffer> {
  let failure: unknown;
  for (const file of files) {
    try {
      return await readImageFile(file);
    } catch (error) {
      failure ??= error;
    }
  }
  if (!isLabError(failure)) throw failure;
  throw new LabError(failure.code, `line ${line} of the table: ${failure.message}`, failure.details, failure);
}

class PathResolver {
  readonly refusal: string;
  private readonly root: string;
  private readonly starts: readonly string[];

  constructor(table: string, root: string | undefined) {
    const beside = dirname(table);
    this.root = resolve(root ?? beside);
    this.starts = [...new Set([this.root, beside])];
    this.refusal = `leads out of ${this.root}, where paths begin; name the folder that holds the files as the root`;
  }

  /** Where a path may lead, and how it is shown; undefined if it leaves the root. */
  find(named: string): { readonly files: readonly string[]; readonly shown: string } | undefined {
    // Tables are written on other systems, too.
    const path = sep === '/' && named.includes('\\') && !named.includes('/') ? named.replaceAll('\\', '/') : named;
    const inside = this.starts.flatMap((start) => {
      const file = resolve(start, path);
      const from = relative(this.root, file);
      const leaves = from === '' || from === '..' || from.startsWith(`..${sep}`) || isAbsolute(from);
      return leaves ? [] : [{ file, from }];
    });
    const [first] = inside;
    if (first === undefined) return undefined;
    return { files: [...new Set(inside.map(({ file }) => file))], shown: first.from.replaceAll(sep, '/') };
  }
}
