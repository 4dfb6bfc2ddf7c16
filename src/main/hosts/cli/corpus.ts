/** `pretext corpus`: unlabelled text and images. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { formatBytes, formatCount, plural } from '../../../shared/display.ts';
import type {
  DocumentBoundary,
  TextCorpusManifest,
  TextFormat,
  TrainedTokenizerOptions,
} from '../../../shared/spec/manifests/text-corpus.ts';
import { documentBoundary, textFormat, trainedTokenizerOptions } from '../../../shared/spec/manifests/text-corpus.ts';
import { importCorpus, importImages } from '../../work/import-material.ts';
import type { SideSources } from '../../data/import/sides.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { collect, globalsOf, workspaceOf } from './globals.ts';
import type { ImageOptions } from './image-options.ts';
import { addImageOptions, describeImageImport, imageImportOptionsOf, imageOptionNames } from './image-options.ts';
import { dryRun } from './dry-run.ts';
import { importWithProgress } from './import-progress.ts';
import { reportImages, reportRoundTrip, reportText } from './import-report.ts';
import { registerMaterialCommands } from './material.ts';
import { positiveNumber } from './numbers.ts';
import { refuseOutOfPlace } from './out-of-place.ts';
import { print, printJson } from './output.ts';
import type { TableOptions } from './table-options.ts';
import { addTableOptions, fileTableOptionNames, fileTableOptionsOf, textTableOptionsOf } from './table-options.ts';

interface ImportOptions extends ImageOptions, TableOptions {
  readonly dryRun?: boolean;
  readonly groupColumn?: string;
  readonly splitColumn?: string;
  readonly train?: readonly string[];
  readonly validation?: readonly string[];
  readonly test?: readonly string[];
  readonly images?: boolean;
  readonly format?: TextFormat;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly textColumn?: string;
  readonly language?: string;
  readonly documents?: DocumentBoundary;
  readonly vocabularySize?: number;
  readonly tokenizer?: string;
  readonly tokenizerKind?: TrainedTokenizerOptions['kind'];
  readonly k?: number;
  readonly lowercase: boolean;
  readonly stripAccents?: boolean;
}

/** How a vocabulary is learned. */
const vocabularyOptions = ['vocabularySize', 'tokenizerKind', 'k', 'lowercase', 'stripAccents'];
const textOptions = [
  'format',
  'include',
  'exclude',
  'textColumn',
  'language',
  'documents',
  'tokenizer',
  ...vocabularyOptions,
];

/** Of images alone, beside how they are prepared. */
const imageSetOptions = ['groupColumn', 'splitColumn', 'train', 'validation', 'test'];

export function registerCorpus(corpus: Command): void {
  const add = corpus
    .command('import')
    .description(
      'import texts (also web pages, XML, notebooks, mail, subtitles, Wikipedia dumps), tables (CSV, TSV, JSON, Excel, Parquet, Arrow), sequences (FASTA, FASTQ, GenBank), or images',
    )
    .argument('<name>', 'what to call it')
    .argument('[sources...]', 'files and folders; for images folders, .zip archives or tables')
    .option('--images', 'the sources are images')
    .addOption(
      new Option('--format <format>', 'read every file as this; by default their names decide').choices(
        textFormat.options,
      ),
    )
    .option('--include <glob>', 'only files that match, relative to a source folder (may be repeated)', collect)
    .option('--exclude <glob>', 'no files that match (may be repeated)', collect)
    .option(
      '--text-column <name>',
      "column with the text, in tables and JSON lines (default: 'text', or the first one)",
    )
    .option('--language <tag>', "language of the text, for finding sentences (default: 'en')")
    .addOption(
      new Option('--documents <boundary>', 'what is a document in a text file (default: the file)').choices(
        documentBoundary.options,
      ),
    )
    .option('--vocabulary-size <tokens>', 'size of the vocabulary to learn (default: 8192)', positiveNumber)
    .addOption(
      new Option(
        '--tokenizer-kind <kind>',
        'kind of vocabulary to learn (default: word-piece; characters for FASTA)',
      ).choices(trainedTokenizerOptions.shape.kind.unwrap().options),
    )
    .option('--k <characters>', 'length of the k-mers, with that kind of vocabulary (default: 6)', positiveNumber)
    .option('--no-lowercase', 'keep upper case')
    .option('--strip-accents', 'strip the accents of Latin, Greek and Cyrillic letters (default: as lower case)')
    .option('--no-strip-accents', 'keep accents')
    .option('--tokenizer <file>', 'use this tokenizer.json instead of learning one');
  addTableOptions(addImageOptions(add));
  add.option('--dry-run', 'only look: encoding, dialect, columns, classes, first rows, what would be left out');
  add.option(
    '--group-column <name>',
    'for images that a table lists: those with the same value here stay on one side of a split',
  );
  add.option(
    '--split-column <name>',
    'for images that a table lists: column with the side of an official split: train, validation or test',
  );
  for (const [side, title] of [
    ['train', 'the training side'],
    ['validation', 'its validation side'],
    ['test', 'its test side'],
  ] as const) {
    add.option(`--${side} <source>`, `for images: source of ${title} of an official split (may be repeated)`, collect);
  }
  add.action(async (name: string, sources: string[], options: ImportOptions, command: Command) => {
    if (options.images) refuseOutOfPlace(command, textOptions, 'with --images');
    else {
      refuseOutOfPlace(command, [...imageOptionNames, ...fileTableOptionNames, ...imageSetOptions], 'without --images');
    }
    if (options.tokenizer !== undefined) refuseOutOfPlace(command, vocabularyOptions, 'with --tokenizer');
    if (options.tokenizerKind !== 'k-mers') refuseOutOfPlace(command, ['k'], 'without --tokenizer-kind k-mers');
    const { train: training, validation, test } = options;
    const given: Given = { sources, sides: { training, validation, test } };
    const all = [...sources, ...Object.values(given.sides).flatMap((some) => some ?? [])];
    if (all.length === 0) command.error('error: name a source');
    const json = globalsOf(command).json ?? false;
    if (options.dryRun) {
      await dryRun(all, options, { kind: options.images ? 'image-corpus' : 'text-corpus' }, json);
      return;
    }
    const workspace = await workspaceOf(command);
    if (options.images) await addImages(workspace, name, given, options, json);
    else await addText(workspace, name, sources, options, json);
  });
  registerMaterialCommands(corpus, 'corpus');
}

/** What is imported: sources whose split is drawn, and those of the sides of an official split. */
interface Given {
  readonly sources: readonly string[];
  readonly sides: SideSources;
}

async function addText(
  workspace: Workspace,
  name: string,
  sources: readonly string[],
  options: ImportOptions,
  json: boolean,
): Promise<void> {
  const manifest = await importWithProgress((signal, onProgress) =>
    importCorpus(workspace, name, {
      sources,
      format: options.format,
      ...textTableOptionsOf(options),
      include: options.include,
      exclude: options.exclude,
      textColumn: options.textColumn,
      language: options.language,
      documents: options.documents,
      tokenizer: tokenizerOf(options),
      signal,
      onProgress,
    }),
  );
  if (json) {
    printJson(manifest);
    return;
  }
  reportText(manifest.report, false);
  reportRoundTrip(manifest.roundTrip ?? []);
  print(describeCorpus(manifest));
}

function tokenizerOf({ tokenizer, tokenizerKind, k, vocabularySize, lowercase, stripAccents }: ImportOptions) {
  if (tokenizer !== undefined) return { file: tokenizer };
  return {
    ...(tokenizerKind !== undefined && { kind: tokenizerKind }),
    ...(k !== undefined && { k }),
    ...(vocabularySize !== undefined && { vocabularySize }),
    lowercase,
    ...(stripAccents !== undefined && { stripAccents }),
  };
}

function describeCorpus({
  name,
  documents,
  sentences,
  tokens,
  textBytes,
  vocabularySize,
  unknownTokens,
}: TextCorpusManifest): string {
  const unknown = `${((100 * unknownTokens) / tokens).toFixed(2)} % unknown`;
  return `${name}: ${plural(documents, 'document')}, ${plural(sentences, 'sentence')}, ${plural(tokens, 'token')} of ${formatCount(vocabularySize)} (${unknown}), ${formatBytes(textBytes)} of text`;
}

async function addImages(
  workspace: Workspace,
  name: string,
  given: Given,
  options: ImportOptions,
  json: boolean,
): Promise<void> {
  const { manifest, report } = await importWithProgress((signal, onProgress) =>
    importImages(workspace, 'corpus', name, {
      ...given,
      options: imageImportOptionsOf(options),
      table: fileTableOptionsOf(options),
      signal,
      onProgress,
    }),
  );
  if (json) {
    printJson({ manifest, report });
    return;
  }
  reportImages(report);
  print(describeImageImport(report, manifest));
}
