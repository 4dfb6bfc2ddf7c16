/** What an import would find, without importing: what the window shows before an import, from the same function, as text. */
import type { LabelFormat } from '../../../shared/spec/label-format.ts';
import { groupOfKind } from '../../../shared/spec/data-kind.ts';
import { formatBytes, formatCount, plural } from '../../../shared/display.ts';
import { inspectSources } from '../../work/inspect.ts';
import { formatTitle } from '../../../shared/format-titles.ts';
import { missingColumnMessage } from '../../data/tables/table-row.ts';
import { fileExists } from '../../files/file-exists.ts';
import { interruptible } from './interrupt.ts';
import { pairs, print, printJson, table } from './output.ts';
import type { TableOptions } from './table-options.ts';

const shownRows = 5;
const shownCharacters = 40;
const shownClasses = 20;

interface DryRunColumns {
  readonly textColumn?: string;
  readonly labelColumn?: string;
  readonly splitColumn?: string;
  readonly headerPattern?: string;
  readonly labels?: LabelFormat | undefined;
}

/** What only the import itself goes by: whether it fits what was found. */
interface Asked {
  readonly kind: NonNullable<Inspection['suggestion']>['kind'];
  readonly groupColumn?: string | undefined;
  readonly labelTable?: string | undefined;
  readonly labels?: LabelFormat | undefined;
}

/** Looks at the sources and prints what was found; the first rows stand for the others. */
export async function dryRun(
  paths: readonly string[],
  { header, ...options }: TableOptions & DryRunColumns,
  asked: Asked,
  json: boolean,
): Promise<void> {
  const found = await interruptible('Stopping …', (signal) =>
    inspectSources(
      { signal },
      {
        ...{ paths: [...paths], rows: shownRows, pictures: 1, header },
        ...given(options),
      },
    ),
  );
  const problems = [...found.problems, ...(await misfits(found, asked))];
  if (json) printJson({ ...found, problems });
  else for (const part of describeInspection({ ...found, problems })) print(`${part}\n`);
}

const kindWords: Readonly<Record<Asked['kind'], string>> = {
  'text-corpus': 'unlabelled text',
  'text-dataset': 'labelled text',
  'image-corpus': 'unlabelled images',
  'image-dataset': 'labelled images',
  'audio-dataset': 'labelled recordings',
};

async function misfits({ suggestion, table: first, tagged }: Inspection, asked: Asked): Promise<string[]> {
  const { kind, groupColumn, labelTable, labels } = asked;
  const isFit = suggestion === null || suggestion.kind === kind || groupOfKind(kind) === 'corpus';
  const columns = first?.columns.map(({ name }) => name) ?? [];
  const hasGroups = groupColumn === undefined || columns.length === 0 || columns.includes(groupColumn);
  return [
    ...(isFit ? [] : [`these look like ${kindWords[suggestion.kind]}, and are to be imported as ${kindWords[kind]}`]),
    ...(labels?.kind === 'tags' && (tagged?.sentences ?? 0) === 0
      ? ['there is no sentence with a tag for each word: CoNLL files and JSON lines have them']
      : []),
    ...(tagged && labels?.kind !== 'tags' && groupOfKind(kind) === 'dataset'
      ? ['words have tags here: import them with --labels tags']
      : []),
    ...(hasGroups ? [] : [`${first?.file ?? ''} ${missingColumnMessage(groupColumn, columns)}`]),
    ...(labelTable === undefined || (await fileExists(labelTable)) ? [] : [`there is no label table ${labelTable}`]),
  ];
}

/** Those options that were given, as a request has them. */
function given({
  encoding,
  quote,
  textColumn,
  labelColumn,
  splitColumn,
  pathColumn,
  root,
  headerPattern,
  labels,
}: Omit<TableOptions, 'header'> & DryRunColumns) {
  return {
    ...(encoding !== undefined && { encoding }),
    ...(quote !== undefined && { quote }),
    ...(textColumn !== undefined && { textColumn }),
    ...(labelColumn !== undefined && { labelColumn }),
    ...(splitColumn !== undefined && { splitColumn }),
    ...(pathColumn !== undefined && { pathColumn }),
    ...(root !== undefined && { root }),
    ...(headerPattern !== undefined && { headerPattern }),
    ...(labels !== undefined && { labels: labels.kind }),
  };
}

type Inspection = Awaited<ReturnType<typeof inspectSources>>;
type Table = NonNullable<Inspection['table']>;
type Tagged = NonNullable<Inspection['tagged']>;

function describeInspection({
  files,
  suggestion,
  table: first,
  text,
  tagged,
  images,
  sounds,
  problems,
}: Inspection): string[] {
  const kinds = Object.entries(files.byExtension).map(([kind, count]) => `${formatCount(count)} ${kind}`);
  const facts: [string, string][] = [
    ['files', `${formatCount(files.total)}, ${formatBytes(files.bytes)} (${kinds.join(', ')})`],
    ['would be passed over', formatCount(files.ignored)],
    ['fits', fitOf(suggestion)],
    ...(text ? [['text', `${text.file}, ${text.encoding}`] satisfies [string, string]] : []),
    ...(sounds ? [['recordings', formatCount(sounds.total)] satisfies [string, string]] : []),
  ];
  const classes =
    first?.columns.find(({ role }) => role === 'label')?.values ??
    images?.classes ??
    sounds?.classes ??
    text?.classes ??
    [];
  return [
    pairs(facts),
    ...(first ? describeTable(first) : []),
    ...(classes.length > 0 ? [describeClasses(classes, first)] : []),
    ...(first?.sides ? [describeSides(first)] : []),
    ...(tagged ? describeTagged(tagged) : []),
    ...(text ? [text.beginning.slice(0, 400).trim(), ...describeProblems(text.problems)] : []),
    ...(problems.length > 0 ? [problems.map((problem) => `Problem: ${problem}`).join('\n')] : []),
  ];
}

/** The import that fits, as options of the command where they are needed. */
function fitOf(suggestion: Inspection['suggestion']): string {
  if (suggestion === null) return 'no import';
  const { kind } = suggestion;
  const labels = 'labels' in suggestion ? suggestion.labels : undefined;
  return labels === undefined ? kind : `${kind} with --labels ${labels.kind}`;
}

function describeTagged({ file, sentences, words, complete, tags, first, problems }: Tagged): string[] {
  const facts: [string, string][] = [
    ['tagged words', file],
    ['sentences', `${complete ? '' : 'the first '}${formatCount(sentences)}, ${plural(words, 'word')}`],
  ];
  const shown = tags.slice(0, shownClasses).map(({ name, count }) => [shortened(name), formatCount(count)]);
  const more = tags.length - shown.length;
  return [
    pairs(facts),
    ...(shown.length > 0 ? [table([{ title: 'tag' }, { title: 'words', align: 'right' }], shown)] : []),
    ...(more > 0 ? [`and ${formatCount(more)} more`] : []),
    ...(first.length > 0
      ? [first.map((one) => one.words.map((word, place) => `${word}/${one.tags[place] ?? ''}`).join(' ')).join('\n')]
      : []),
    ...describeProblems(problems),
  ];
}

function describeTable(found: Table): string[] {
  const { format, encoding, delimiter, quote, header, headerDoubt, columns, rows, read, complete } = found;
  const facts: [string, string][] = [
    ['table', found.file],
    ['format', formatTitle(format)],
    ...(encoding === null ? [] : [['encoding', encoding] satisfies [string, string]]),
    ...(delimiter === null ? [] : [['delimiter', JSON.stringify(delimiter)] satisfies [string, string]]),
    ...(quote === null
      ? []
      : [['quotes', quote === 'none' ? 'characters' : 'around fields'] satisfies [string, string]]),
    ...(header === null ? [] : [['first row', header ? 'names of the columns' : 'data'] satisfies [string, string]]),
    ...(headerDoubt === null ? [] : [['but', headerDoubt] satisfies [string, string]]),
    ['rows', `${complete ? '' : 'the first '}${formatCount(read)}`],
  ];
  const described = columns.map(({ name, role, filled, distinct, averageLength, values }) => [
    name,
    role,
    typeOf(
      values.map((value) => value.name),
      averageLength,
    ),
    formatCount(filled),
    formatCount(distinct),
    averageLength.toFixed(0),
  ]);
  const titles = ['column', 'looks like', 'type'].map((title) => ({ title }));
  const counts = ['filled', 'values', 'characters'].map((title) => ({ title, align: 'right' as const }));
  const oddities = [
    ...describeProblems(found.problems),
    ...found.notes.map(({ line, message }) => `Note: ${line === null ? '' : `line ${line}: `}${message}`),
    ...columns.flatMap(({ name, role, similar }) =>
      role !== 'label'
        ? []
        : similar.map((group) => {
            const names = group.map((one) => `“${one.name}” (${formatCount(one.count)})`);
            return `Nearly the same in ${name}: ${names.join(', ')}`;
          }),
    ),
  ];
  const cells = rows.map((row) => row.map((value) => shortened(value ?? '')));
  return [
    pairs(facts),
    table([...titles, ...counts], described),
    ...(cells.length > 0
      ? [
          table(
            columns.map(({ name }) => ({ title: shortened(name) })),
            cells,
          ),
        ]
      : []),
    ...(oddities.length > 0 ? [oddities.join('\n')] : []),
  ];
}

function describeProblems(problems: Table['problems']): string[] {
  return problems.map(({ line, message }) => `Would be left out: ${line === null ? '' : `line ${line}: `}${message}`);
}

/** Of the values of a column with few; of others it is not known. */
function typeOf(values: readonly string[], averageLength: number): string {
  if (values.length === 0 || averageLength > 20) return 'text';
  if (values.every((value) => /^[+-]?\d+$/u.test(value))) return 'whole numbers';
  if (values.every((value) => value !== '' && Number.isFinite(Number(value)))) return 'numbers';
  return 'classes';
}

/** What the counts are of: all rows, or the first ones. */
function rowsOf(found: Table | null): string {
  return found === null || found.complete ? 'rows' : `of the first ${plural(found.read, 'row')}`;
}

function describeSides(found: Table): string {
  const { splitColumn = '', classes = [] } = found.sides ?? {};
  const rows = classes.map(({ name, training, validation, test }) => [
    shortened(name),
    ...[training, validation, test].map(formatCount),
  ]);
  const sides = ['training', 'validation', 'test'].map((title) => ({ title, align: 'right' as const }));
  return table([{ title: `sides by ${splitColumn}, ${rowsOf(found)}` }, ...sides], rows);
}

function describeClasses(
  classes: readonly { readonly name: string; readonly count: number }[],
  first: Table | null,
): string {
  const shown = classes.slice(0, shownClasses);
  const more = classes.length - shown.length;
  const rows = shown.map(({ name, count }) => [shortened(name), formatCount(count)]);
  return [
    table([{ title: 'class' }, { title: rowsOf(first), align: 'right' }], rows),
    ...(more > 0 ? [`and ${formatCount(more)} more`] : []),
  ].join('\n');
}

function shortened(value: string): string {
  const line = value.replace(/\s+/gu, ' ');
  return line.length > shownCharacters ? `${line.slice(0, shownCharacters)}…` : line;
}
