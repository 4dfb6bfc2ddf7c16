/** Brings corpora and datasets into the workspace: a name becomes a folder, the importers of `data/` do the rest. */
import { stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { LabError, cannotRead } from '../../shared/errors.ts';
import type { ImageImportOptionsInput } from '../../shared/spec/image-import.ts';
import type { ImageImportProgress, ImageImportResult } from '../data/images/import.ts';
import { importImageCorpus, importImageDataset } from '../data/images/import.ts';
import { folderSource } from '../data/images/folder-source.ts';
import type { AudioImport } from '../data/audio/import-audio.ts';
import { importAudioDataset } from '../data/audio/import-audio.ts';
import type { ImageSource } from '../data/images/source.ts';
import { joinSources } from '../data/images/joined-source.ts';
import { sourcesWithSides, type SideSources } from '../data/import/sides.ts';
import { checkedSource } from '../data/images/checked-source.ts';
import type { LabelFormat } from '../../shared/spec/label-format.ts';
import { isTableName, tableSource, type FileTableOptions } from '../data/images/table-source.ts';
import { isTarName, tarSource } from '../data/images/tar-source.ts';
import { zipSource } from '../data/images/zip-source.ts';
import type { ImportTextCorpusOptions } from '../data/text/import-corpus.ts';
import type { ImportTextDatasetOptions } from '../data/text/import-dataset.ts';
import { importTextDataset } from '../data/text/import-dataset.ts';
import { importTextCorpus } from '../data/text/import-corpus.ts';
import type { AudioDatasetManifest } from '../../shared/spec/manifests/audio-dataset.ts';
import type { ImageCorpusManifest } from '../../shared/spec/manifests/image-corpus.ts';
import type { ImageDatasetManifest } from '../../shared/spec/manifests/image-dataset.ts';
import type { TextCorpusManifest } from '../../shared/spec/manifests/text-corpus.ts';
import type { TextDatasetManifest } from '../../shared/spec/manifests/text-dataset.ts';
import { requireNoModel } from '../models/model-at.ts';
import type { MaterialGroup } from '../workspace/catalogue.ts';
import { materialFolder } from '../workspace/catalogue.ts';
import { fileExists } from '../files/file-exists.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { requireName } from '../workspace/workspace.ts';

/** Throws `LabError('conflict')` for a name that is taken, and what the importer throws; nothing half-done is left. */
export async function importCorpus(
  workspace: Workspace,
  name: string,
  options: Omit<ImportTextCorpusOptions, 'folder' | 'name'>,
): Promise<TextCorpusManifest> {
  const folder = await newFolder(workspace, 'corpus', name);
  const sources = options.sources.map((source) => resolve(source));
  if (!options.include && !options.format) await requireNoModel(sources); // who says what to read means it
  return importTextCorpus({ ...options, sources, folder, name });
}

/** As `importCorpus`. */
export async function importDataset(
  workspace: Workspace,
  name: string,
  options: Omit<ImportTextDatasetOptions, 'folder' | 'name'>,
): Promise<TextDatasetManifest> {
  const folder = await newFolder(workspace, 'dataset', name);
  const sources = options.sources.map((source) => resolve(source));
  if (!options.include && !options.format) await requireNoModel(sources);
  return importTextDataset({ ...options, sources, folder, name });
}

export interface ImageImportRequest {
  /** Folders, .zip archives, or tables whose column `path` names images beside them. */
  readonly sources: readonly string[];
  /** Sources of the sides of an official split, beside `sources`. */
  readonly sides?: SideSources | undefined;
  readonly options: ImageImportOptionsInput;
  /** Of a table; its column of labels is 'label' for a dataset without it. */
  readonly table?: FileTableOptions | undefined;
  /** What labels say; one class each without it. */
  readonly labels?: LabelFormat | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ImageImportProgress) => void;
}

/** As `importCorpus`: labelled recordings, from a table or a folder for each class. */
export async function importAudio(
  workspace: Workspace,
  name: string,
  job: Omit<AudioImport, 'destination' | 'name'>,
): Promise<AudioDatasetManifest> {
  const destination = await newFolder(workspace, 'dataset', name);
  await requireNoModel(job.sources);
  return importAudioDataset({ ...job, destination, name });
}

/** As `importCorpus`. Classes of a dataset are the folders directly under the source, or the labels of a table. */
export async function importImages(
  workspace: Workspace,
  group: 'corpus',
  name: string,
  request: ImageImportRequest,
): Promise<ImageImportResult<ImageCorpusManifest>>;
export async function importImages(
  workspace: Workspace,
  group: 'dataset',
  name: string,
  request: ImageImportRequest,
): Promise<ImageImportResult<ImageDatasetManifest>>;
export async function importImages(
  workspace: Workspace,
  group: MaterialGroup,
  name: string,
  request: ImageImportRequest,
): Promise<ImageImportResult<ImageCorpusManifest | ImageDatasetManifest>> {
  const { sources, sides, options, signal, onProgress } = request;
  const destination = await newFolder(workspace, group, name);
  await requireNoModel(sources.map((source) => resolve(source)));
  const parts = [...sources.map((source) => [resolve(source), undefined] as const), ...sourcesWithSides(sides)];
  for (const [path] of parts) {
    await stat(path).catch((error: unknown) => {
      throw cannotRead('file or folder', path, error);
    });
  }
  const joined = joinSources(
    parts.map(([path, side]) => ({ source: imageSourceOf(path, group === 'dataset', request), side })),
  );
  const format = request.labels ?? { kind: 'classes' };
  const column = request.table?.labelColumn ?? 'label';
  const labels = { format, column };
  const source = group === 'dataset' ? checkedSource(joined, format, column) : joined;
  const job = { source, labels, destination, name, options, signal, onProgress };
  return group === 'corpus' ? importImageCorpus(job) : importImageDataset(job);
}

function imageSourceOf(path: string, isLabelled: boolean, { table, labels }: ImageImportRequest): ImageSource {
  if (extname(path).toLowerCase() === '.zip') return zipSource(path, { classFolders: isLabelled });
  if (isTarName(path)) return tarSource(path, { labelled: isLabelled });
  if (!isTableName(path)) return folderSource(path, { classFolders: isLabelled });
  return tableSource(path, { ...table, labels, labelColumn: isLabelled ? (table?.labelColumn ?? 'label') : undefined });
}

async function newFolder(workspace: Workspace, group: MaterialGroup, name: string): Promise<string> {
  const folder = materialFolder(workspace, group, requireName(name));
  if (await fileExists(folder)) {
    throw new LabError(
      'conflict',
      `There is a ${group} '${name}' in ${workspace.folder} already. Choose another name, or delete ${folder}`,
      { name },
    );
  }
  return folder;
}
