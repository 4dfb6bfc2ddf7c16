/** `pretext dataset`: labelled text and images. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { formatCount, plural } from '../../../shared/display.ts';
import { textFormat } from '../../../shared/spec/manifests/text-corpus.ts';
import { importAudio, importDataset, importImages } from '../../work/import-material.ts';
import type { SideSources } from '../../data/import/sides.ts';
import type { ImportTextDatasetOptions } from '../../data/text/import-dataset.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { collect, globalsOf, workspaceOf } from './globals.ts';
import type { ImageOptions } from './image-options.ts';
import type { SoundOptions } from './sound-options.ts';
import { addSoundOptions, frameOptionsOf, soundOptionNames } from './sound-options.ts';
import { addImageOptions, describeImageImport, imageImportOptionsOf, imageOptionNames } from './image-options.ts';
import { registerDatasetEdit } from './dataset-edit.ts';
import { registerDatasetNext } from './dataset-next.ts';
import { registerDatasetSimulate } from './dataset-simulate.ts';
import { dryRun } from './dry-run.ts';
import { importWithProgress } from './import-progress.ts';
import { reportImages, reportText } from './import-report.ts';
import type { LabelOptions } from './label-options.ts';
import { addLabelOptions, describeTargets, labelsOf } from './label-options.ts';
import { registerMaterialCommands } from './material.ts';
import { refuseOutOfPlace } from './out-of-place.ts';
import { print, printJson, say } from './output.ts';
import type { TableOptions } from './table-options.ts';
import { addTableOptions, fileTableOptionNames, fileTableOptionsOf, textTableOptionsOf } from './table-options.ts';

interface GivenOptions extends ImageOptions, SoundOptions, TableOptions, LabelOptions {
  readonly dryRun?: boolean;
  readonly images?: boolean;
  readonly audio?: boolean;
  readonly format?: ImportTextDatasetOptions['format'];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly textColumn?: string;
  readonly pairColumn?: string;
  readonly groupColumn?: string;
  readonly splitColumn?: string;
  readonly train?: readonly string[];
  readonly validation?: readonly string[];
  readonly test?: readonly string[];
  readonly mergeLabels?: boolean;
  readonly headerPattern?: string;
  readonly labelTable?: string;
  readonly idColumn?: string;
}

/** With what is known of the labels. */
type ImportOptions = Omit<GivenOptions, keyof LabelOptions> & ReturnType<typeof labelsOf>;

/** By which nothing but text is read. */
const textOptions = [
  ...['format', 'include', 'exclude', 'textColumn', 'pairColumn'],
  ...['headerPattern', 'labelTable', 'idColumn'],
];

export function registerDataset(dataset: Command): void {
  const formats = textFormat.options.filter((format) => format !== 'wikipedia');
  const add = dataset
    .command('import')
    .description('import a table with texts (or paths of images) and labels, a folder for each class, or sequences')
    .argument('<name>', 'what to call it')
    .argument(
      '[sources...]',
      'files and folders; for images and sound tables, or folders (or .zip) with a folder for each class',
    )
    .option('--images', 'the sources are images')
    .option('--audio', 'the sources are recordings: a table with their paths and labels, or a folder for each class')
    .addOption(
      new Option('--format <format>', 'read every file as this; by default their names decide').choices(formats),
    )
    .option('--include <glob>', 'only files that match, relative to a source folder (may be repeated)', collect)
    .option('--exclude <glob>', 'no files that match (may be repeated)', collect)
    .option('--text-column <name>', "column with the text (default: 'text', or the first one)")
    .option(
      '--header-pattern <regex>',
      'for sequences: where the label stands in a header; its group “label”, or its first one (default: after label=)',
    )
    .option('--label-table <file>', 'for sequences: a table with their names (--id-column) and labels (--label-column)')
    .option('--id-column <name>', "of that table: column with the first words of the headers (default: 'id')")
    .option('--pair-column <name>', 'column with a second text, for tasks on pairs')
    .option('--group-column <name>', 'examples with the same value here stay on one side of a split: speaker, author')
    .option('--split-column <name>', 'column with the side of an official split: train, validation or test')
    .option('--train <source>', 'source of the training side of an official split (may be repeated)', collect)
    .option('--validation <source>', 'source of its validation side (may be repeated)', collect)
    .option('--test <source>', 'source of its test side (may be repeated)', collect)
    .option(
      '--merge-labels',
      'make one class of those whose names differ by case, accents, blanks or how a number is written',
    );
  addTableOptions(addImageOptions(addSoundOptions(addLabelOptions(add))));
  add.option('--dry-run', 'only look: encoding, dialect, columns, classes, first rows, what would be left out');
  add.action(async (name: string, sources: string[], given: GivenOptions, command: Command) => {
    const { labels: _kind, labelColumn: _columns, labelSeparator: _separator, ...rest } = given;
    const options: ImportOptions = { ...rest, ...labelsOf(given, command) };
    if (options.audio && options.images) refuseOutOfPlace(command, ['images'], 'with --audio');
    if (options.audio ?? options.images) {
      const medium = options.audio ? 'audio' : 'images';
      refuseOutOfPlace(command, textOptions, `with --${medium}`);
      const { kind } = options.labels ?? {};
      if (kind === 'tags' || kind === 'alignments') {
        command.error(`error: --labels ${kind} are of texts: it has no use with --${medium}`);
      }
    } else refuseOutOfPlace(command, fileTableOptionNames, 'without --images or --audio');
    if (!options.images) refuseOutOfPlace(command, imageOptionNames, 'without --images');
    if (!options.audio) refuseOutOfPlace(command, soundOptionNames, 'without --audio');
    if (options.labelTable === undefined) refuseOutOfPlace(command, ['idColumn'], 'without --label-table');
    const from = { sources, sides: { training: options.train, validation: options.validation, test: options.test } };
    if ([sources, ...Object.values(from.sides)].every((some) => (some?.length ?? 0) === 0)) {
      command.error('error: name a source, or those of the sides with --train, --validation and --test');
    }
    const json = globalsOf(command).json ?? false;
    if (options.dryRun) {
      const all = [...sources, ...Object.values(from.sides).flatMap((some) => some ?? [])];
      const kind = options.audio ? 'audio-dataset' : options.images ? 'image-dataset' : 'text-dataset';
      await dryRun(
        all,
        options,
        { kind, groupColumn: options.groupColumn, labelTable: options.labelTable, labels: options.labels },
        json,
      );
      return;
    }
    const workspace = await workspaceOf(command);
    if (options.audio) await addAudio(workspace, name, from, options, json);
    else if (options.images) await addImages(workspace, name, from, options, json);
    else await addText(workspace, name, from, options, json);
  });
  registerDatasetEdit(dataset);
  registerDatasetNext(dataset);
  registerDatasetSimulate(dataset);
  registerMaterialCommands(dataset, 'dataset');
}

/** What is imported: sources whose split is drawn, and those of the sides of an official split. */
interface Given {
  readonly sources: readonly string[];
  readonly sides: SideSources;
}

async function addText(
  workspace: Workspace,
  name: string,
  given: Given,
  options: ImportOptions,
  json: boolean,
): Promise<void> {
  const manifest = await importWithProgress((signal, onProgress) =>
    importDataset(workspace, name, {
      ...given,
      format: options.format,
      ...textTableOptionsOf(options),
      include: options.include,
      exclude: options.exclude,
      textColumn: options.textColumn,
      labelColumn: options.labelColumn,
      labels: options.labels,
      pairColumn: options.pairColumn,
      groupColumn: options.groupColumn,
      splitColumn: options.splitColumn,
      mergeLabels: options.mergeLabels,
      sequences: sequenceOptionsOf(options),
      signal,
      onProgress,
    }),
  );
  if (json) {
    printJson(manifest);
    return;
  }
  reportText(manifest.report, true);
  const { conflicts, classes, examples, targets } = manifest;
  if (conflicts.total > 0) say(conflictWords(conflicts));
  if (targets) {
    print(`${name}: ${plural(examples, 'example')}, ${describeTargets(targets)}`);
    return;
  }
  print(
    `${name}: ${plural(examples, 'example')}: ${classes.map((one) => `${formatCount(one.examples)} ${one.name}`).join(', ')}`,
  );
}

function conflictWords({ total }: { readonly total: number }): string {
  return `${plural(total, 'text')} with more than one label (see the manifest)`;
}

function sequenceOptionsOf({ headerPattern, labelTable, idColumn }: ImportOptions) {
  return { headerPattern, labelTable, idColumn };
}

async function addAudio(
  workspace: Workspace,
  name: string,
  given: Given,
  options: ImportOptions,
  json: boolean,
): Promise<void> {
  const frames = frameOptionsOf(options);
  const manifest = await importWithProgress((signal, onProgress) =>
    importAudio(workspace, name, {
      ...given,
      table: fileTableOptionsOf(options),
      labels: options.labels,
      mergeLabels: options.mergeLabels,
      ...(frames && { options: frames }),
      signal,
      onProgress,
    }),
  );
  if (json) {
    printJson(manifest);
    return;
  }
  reportText(manifest.report, true);
  const { recordings, seconds, classes, targets } = manifest;
  const labels = targets ? describeTargets(targets) : plural(classes.length, 'label');
  print(`${name}: ${plural(recordings, 'recording')} of ${formatCount(seconds)} s with ${labels}`);
}

async function addImages(
  workspace: Workspace,
  name: string,
  given: Given,
  options: ImportOptions,
  json: boolean,
): Promise<void> {
  const { manifest, report } = await importWithProgress((signal, onProgress) =>
    importImages(workspace, 'dataset', name, {
      ...given,
      options: { ...imageImportOptionsOf(options), ...(options.mergeLabels && { mergeLabels: true }) },
      table: fileTableOptionsOf(options),
      labels: options.labels,
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
  if (manifest.targets) print(describeTargets(manifest.targets));
}
