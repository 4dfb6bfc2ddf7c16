/** `pretext dataset`: labelled text and images. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { formatCount } from '../../../shared/display.ts';
import type { TextEncoding } from '../../../shared/spec/manifests/text-corpus.ts';
import { textEncoding, textFormat } from '../../../shared/spec/manifests/text-corpus.ts';
import { importAudio, importDataset, importImages } from '../../work/import-material.ts';
import type { ImportTextDatasetOptions } from '../../data/text/import-dataset.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { collect, globalsOf, workspaceOf } from './globals.ts';
import type { ImageOptions } from './image-options.ts';
import { addImageOptions, describeImageImport, imageImportOptionsOf, imageOptionNames } from './image-options.ts';
import { importWithProgress, onlySource, reportText } from './import-progress.ts';
import { registerMaterialCommands } from './material.ts';
import { positiveNumber } from './numbers.ts';
import { refuseOutOfPlace } from './out-of-place.ts';
import { print, printJson, say } from './output.ts';

interface ImportOptions extends ImageOptions {
  readonly images?: boolean;
  readonly audio?: boolean;
  readonly maximumFrequency?: number;
  readonly format?: ImportTextDatasetOptions['format'];
  readonly encoding?: TextEncoding;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly header: boolean;
  readonly textColumn?: string;
  readonly labelColumn?: string;
  readonly pairColumn?: string;
}

/** By which nothing but text is read. */
const textOptions = ['format', 'encoding', 'include', 'exclude', 'header', 'textColumn', 'pairColumn'];

export function registerDataset(program: Command): void {
  const dataset = program
    .command('dataset')
    .description('labelled text or images, for measuring what pretraining bought');
  const formats = textFormat.options.filter((format) => format !== 'wikipedia');
  const add = dataset
    .command('import')
    .description('import a table with texts (or paths of images) and labels, a folder for each class, or FASTA')
    .argument('<name>', 'what to call it')
    .argument(
      '<sources...>',
      'files and folders; for images one table, or a folder or .zip with a folder for each class',
    )
    .option('--images', 'the sources are images')
    .option('--audio', 'the sources are WAV files: a table with their paths and labels, or a folder for each class')
    .option('--maximum-frequency <hertz>', 'for sound: where the highest band ends (default: 7600)', positiveNumber)
    .addOption(
      new Option('--format <format>', 'read every file as this; by default their names decide').choices(formats),
    )
    .addOption(
      new Option('--encoding <name>', 'of text files without a mark (default: utf-8)').choices(textEncoding.options),
    )
    .option('--include <glob>', 'only files that match, relative to a source folder (may be repeated)', collect)
    .option('--exclude <glob>', 'no files that match (may be repeated)', collect)
    .option('--no-header', 'CSV and TSV files begin with a row of data: their columns are column1, column2 and so on')
    .option('--text-column <name>', "column with the text (default: 'text', or the first one)")
    .option('--label-column <name>', "column with the label (default: 'label', or the second one)")
    .option('--pair-column <name>', 'column with a second text, for tasks on pairs');
  addImageOptions(add).action(async (name: string, sources: string[], options: ImportOptions, command: Command) => {
    if (options.audio && options.images) refuseOutOfPlace(command, ['images'], 'with --audio');
    if (options.audio ?? options.images) {
      refuseOutOfPlace(command, textOptions, `with --${options.audio ? 'audio' : 'images'}`);
    }
    if (!options.images) refuseOutOfPlace(command, imageOptionNames, 'without --images');
    if (!options.audio) refuseOutOfPlace(command, ['maximumFrequency'], 'without --audio');
    const workspace = await workspaceOf(command);
    const json = globalsOf(command).json ?? false;
    if (options.audio) await addAudio(workspace, name, sources, options, json);
    else if (options.images) await addImages(workspace, name, sources, options, json);
    else await addText(workspace, name, sources, options, json);
  });
  registerMaterialCommands(dataset, 'dataset');
}

async function addText(
  workspace: Workspace,
  name: string,
  sources: readonly string[],
  options: ImportOptions,
  json: boolean,
): Promise<void> {
  const manifest = await importWithProgress((signal, onProgress) =>
    importDataset(workspace, name, {
      sources,
      format: options.format,
      encoding: options.encoding,
      ...(!options.header && { header: false }),
      include: options.include,
      exclude: options.exclude,
      textColumn: options.textColumn,
      labelColumn: options.labelColumn,
      pairColumn: options.pairColumn,
      signal,
      onProgress,
    }),
  );
  if (json) {
    printJson(manifest);
    return;
  }
  reportText(manifest.report);
  const { conflicts, classes, examples } = manifest;
  if (conflicts.total > 0) say(`${conflicts.total} texts occur with more than one label (see the manifest)`);
  print(
    `${name}: ${formatCount(examples)} examples: ${classes.map((one) => `${formatCount(one.examples)} ${one.name}`).join(', ')}`,
  );
}

async function addAudio(
  workspace: Workspace,
  name: string,
  sources: readonly string[],
  { labelColumn, maximumFrequency }: ImportOptions,
  json: boolean,
): Promise<void> {
  const source = onlySource(sources, 'Sound comes from one table or folder');
  const manifest = await importWithProgress((signal, onProgress) =>
    importAudio(workspace, name, {
      source,
      labelColumn,
      ...(maximumFrequency !== undefined && { options: { maximumFrequency } }),
      signal,
      onProgress,
    }),
  );
  if (json) {
    printJson(manifest);
    return;
  }
  reportText(manifest.report);
  const { recordings, seconds, classes } = manifest;
  print(
    `${name}: ${formatCount(recordings)} recordings of ${formatCount(seconds)} s with ${formatCount(classes.length)} different labels`,
  );
}

async function addImages(
  workspace: Workspace,
  name: string,
  sources: readonly string[],
  options: ImportOptions,
  json: boolean,
): Promise<void> {
  const source = onlySource(sources, 'Images come from one table, folder or .zip');
  const { manifest, report } = await importWithProgress((signal, onProgress) =>
    importImages(workspace, 'dataset', name, {
      source,
      options: imageImportOptionsOf(options),
      labelColumn: options.labelColumn,
      pathColumn: options.pathColumn,
      groupColumn: options.groupColumn,
      signal,
      onProgress,
    }),
  );
  if (json) printJson({ manifest, report });
  else print(describeImageImport(report, manifest));
}
