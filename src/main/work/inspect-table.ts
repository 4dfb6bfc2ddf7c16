/** The columns of a table and its first rows, read with the import's own readers. */
import type { Inspection } from '../../shared/contract/materials.ts';
import { LabError } from '../../shared/errors.ts';
import type { LabelFormat } from '../../shared/spec/label-format.ts';
import type { TextEncoding } from '../../shared/spec/manifests/text-corpus.ts';
import { excerpt, quoted } from '../../shared/excerpt.ts';
import { isNothing, problemOfLabel } from '../data/import/label-format.ts';
import { classNotes } from '../data/import/class-notes.ts';
import { cleanLabel, similarLabels } from '../data/import/labels.ts';
import { areSides, sideOf, type Side } from '../data/import/sides.ts';
import type { EncodingFound } from '../data/reading/encoding.ts';
import type { ByteSource } from '../data/reading/read-bytes.ts';
import type { SourceFile } from '../data/reading/source-files.ts';
import type { CsvQuote } from '../data/tables/csv-parser.ts';
import { headerDoubt } from '../data/tables/header.ts';
import { isTableFormat, readTable } from '../data/tables/read-table.ts';
import { missingColumnMessage, type TableFacts, type TableOptions } from '../data/tables/table-row.ts';

type Table = NonNullable<Inspection['table']>;

/** Rows that counts are made of. */
const mostRows = 2000;
/** Few values in many rows: a column of classes. */
const mostClasses = 50;
const LONGEST_LABEL = 200;

interface Options {
  /** Rows in the answer. */
  readonly shown: number;
  /** Guessed without it. */
  readonly encoding: TextEncoding | undefined;
  /** Whether the first row of CSV and TSV files holds the names of the columns. */
  readonly header: boolean;
  /** Told by the file without it. */
  readonly quote: CsvQuote | undefined;
  /** Told by their values without them. */
  readonly textColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
  readonly splitColumn?: string | undefined;
  /** What labels say; one class each without it. */
  readonly labels?: LabelFormat['kind'] | undefined;
  readonly signal: AbortSignal;
}

/** @throws LabError `bad-input` for what is no table; `SkipFile` for a file that cannot be read */
export async function inspectTable(
  file: SourceFile,
  { shown, encoding, header, quote, textColumn, labelColumn, splitColumn, labels = 'classes', signal }: Options,
): Promise<Table> {
  const { format, path, compression } = file;
  if (!isTableFormat(format)) {
    throw new LabError('internal', 'not a table');
  }
  let facts: TableFacts | undefined;
  let found: EncodingFound | undefined;
  const source: ByteSource = {
    ...{ path, compression, encoding, signal },
    onEncoding: (now) => {
      found = now;
    },
  };
  const rows: (string | null)[][] = [];
  const lines: number[] = [];
  const problems: Table['problems'] = [];
  const notes: Table['notes'] = [];
  let complete = true;
  const options: TableOptions = {
    header,
    quote,
    onOpen: (now) => {
      facts = now;
    },
    onNote: (note) => notes.push(note),
    ...(labels === 'several' && labelColumn !== undefined && { listColumns: [labelColumn] }),
  };
  reading: for await (const batch of readTable(source, format, null, options)) {
    for (const row of batch) {
      if (rows.length + problems.length >= mostRows) {
        complete = false;
        break reading;
      }
      if ('values' in row) {
        rows.push([...row.values]);
        lines.push(row.line);
      } else problems.push({ line: row.line, message: row.message });
    }
  }
  if (facts === undefined) throw new LabError('bad-input', 'is empty', { path });
  const { columns: names, delimiter } = facts;
  const hasFields = delimiter !== null;
  const valuesOf = (column: number): (string | null)[] => rows.map((row) => row[column] ?? null);
  for (const wanted of [textColumn, labelColumn, splitColumn]) {
    if (wanted !== undefined && !names.includes(wanted)) {
      problems.push({ line: null, message: missingColumnMessage(wanted, names) });
    }
  }
  const described = names.map((name, index) => describeColumn(name, valuesOf(index)));
  const columns = withRoles(described, { textColumn, labelColumn });
  const label = columns.find(({ role }) => role === 'label')?.name;
  const text = columns.find(({ role }) => role === 'text')?.name;
  if (label !== undefined && text !== undefined) {
    problems.push(...incompleteRows(names, rows, lines, { text, label, labels }));
    const counts = columns.find(({ name }) => name === label)?.values ?? [];
    if (labels === 'classes') {
      const messages = classNotes(new Map(counts.map(({ name, count }) => [name, count])));
      notes.push(...messages.map((message) => ({ line: null, message })));
    }
  }
  const split =
    splitColumn ??
    columns.find(({ name, values }) => name !== label && areSides(values.map((value) => value.name)))?.name;
  return {
    file: path,
    format,
    encoding: found?.encoding ?? null,
    delimiter,
    quote: facts.quote,
    header: facts.header,
    headerDoubt: hasFields && header ? headerDoubt(names, valuesOf) : null,
    columns,
    sides: label === undefined || split === undefined ? null : countSides(names, rows, label, split),
    rows: rows
      .slice(0, shown)
      .map((row) => row.map((value) => (value !== null && value.length > 500 ? `${value.slice(0, 500)}…` : value))),
    read: rows.length,
    complete,
    problems: problems.slice(0, 20),
    notes: notes.slice(0, 20),
  };
}

/** Rows that a labelled set would leave out, as its import says it. */
function incompleteRows(
  names: readonly string[],
  rows: readonly (readonly (string | null)[])[],
  lines: readonly number[],
  { text, label, labels }: { readonly text: string; readonly label: string; readonly labels: LabelFormat['kind'] },
): Table['problems'] {
  const [textPlace, labelPlace] = [names.indexOf(text), names.indexOf(label)];
  const inside = names.flatMap((name, place) =>
    name.startsWith(`${label}.`) || name.startsWith(`${label}[`) ? [place] : [],
  );
  return rows.flatMap((row, index) => {
    const line = lines[index] ?? null;
    const found = (row[labelPlace] ?? '').trim();
    if (labels === 'numbers') {
      const message = problemOfLabel(found, { kind: labels }, [label]);
      if (message !== undefined) return [{ line, message }];
    }
    // An example may have none of several labels, and pairs of sequences are related where nothing is said.
    if (labels === 'classes' && found === '') {
      const deeper = inside.find((place) => row[place] !== null);
      const path = deeper === undefined ? undefined : names[deeper];
      const message =
        path === undefined ? 'has no label' : `has more than a value in ${quoted(label)}, such as ${quoted(path)}`;
      return [{ line, message }];
    }
    return (row[textPlace] ?? '').trim() === '' ? [{ line, message: 'has no text' }] : [];
  });
}

/** How many rows of each class the column of a split puts on each side. */
function countSides(
  names: readonly string[],
  rows: readonly (readonly (string | null)[])[],
  label: string,
  split: string,
): Table['sides'] {
  const [labelPlace, splitPlace] = [names.indexOf(label), names.indexOf(split)];
  if (labelPlace < 0 || splitPlace < 0) return null;
  const classes = new Map<string, Record<Side, number>>();
  for (const row of rows) {
    const side = sideOf(row[splitPlace] ?? '');
    const name = cleanLabel(row[labelPlace] ?? '');
    if (side === undefined || name === '') continue;
    const counts = classes.get(name) ?? { training: 0, validation: 0, test: 0 };
    counts[side] += 1;
    classes.set(name, counts);
  }
  const counted = [...classes].map(([name, counts]) => ({ name: excerpt(name, LONGEST_LABEL), ...counts }));
  return { labelColumn: label, splitColumn: split, classes: counted.slice(0, mostClasses) };
}

function describeColumn(name: string, values: readonly (string | null)[]): Omit<Table['columns'][number], 'role'> {
  const filled = values.filter((value) => value !== null && value !== '');
  const counts = new Map<string, number>();
  let length = 0;
  let isNumeric = filled.some((value) => value !== null && !isNothing(value));
  for (const value of filled) {
    if (value === null) continue;
    const name = value.length > LONGEST_LABEL ? value : cleanLabel(value);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    length += value.length;
    isNumeric &&= isNothing(value) || Number.isFinite(Number(value));
  }
  const common = counts.size <= mostClasses ? [...counts].sort(([, a], [, b]) => b - a) : [];
  return {
    name,
    filled: filled.length,
    distinct: counts.size,
    isNumeric,
    averageLength: filled.length === 0 ? 0 : length / filled.length,
    values: common.map(([value, count]) => ({ name: value.slice(0, 200), count })),
    similar: common.length === 0 ? [] : similarLabels(counts).map((group) => group.map((one) => ({ ...one }))),
  };
}

/** The longest column is the text; the shortest one with few values, or one that is called so, the label. */
function withRoles(
  columns: readonly Omit<Table['columns'][number], 'role'>[],
  { textColumn, labelColumn }: Pick<Options, 'textColumn' | 'labelColumn'>,
): Table['columns'] {
  const usual = (pattern: RegExp) => columns.find(({ name }) => pattern.test(name));
  const named = (wanted: string | undefined) => columns.find(({ name }) => name === wanted);
  const text =
    named(textColumn) ??
    usual(/^(text|sentence|content|review|body|document)$/i) ??
    columns.reduce<(typeof columns)[number] | undefined>(
      (longest, column) => (column.averageLength > (longest?.averageLength ?? 20) ? column : longest),
      undefined,
    );
  const fewValues = columns.filter(
    (column) =>
      column !== text &&
      column.distinct >= 2 &&
      column.distinct <= mostClasses &&
      column.filled >= 2 * column.distinct &&
      column.averageLength <= 60,
  );
  /** Such as prices, which may all differ. */
  const quantity = columns.find(
    ({ name, isNumeric }) => isNumeric && /^(score|rating|price|value|amount|y)$/i.test(name),
  );
  const label =
    named(labelColumn) ??
    usual(/^(labels?|class|category|target|sentiment)$/i) ??
    fewValues.sort((a, b) => a.distinct - b.distinct)[0] ??
    quantity;
  return columns.map((column) => ({
    ...column,
    role: column === text ? 'text' : column === label ? 'label' : 'other',
  }));
}
