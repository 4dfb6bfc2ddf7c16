/** The files of datasets of all kinds that edits rewrite, as they were imported. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../../../shared/errors.ts';
import { AUDIO_DATASET_VERSION, audioDatasetManifest } from '../../../shared/spec/manifests/audio-dataset.ts';
import type { AudioDatasetManifest } from '../../../shared/spec/manifests/audio-dataset.ts';
import { IMAGE_MANIFEST_VERSION } from '../../../shared/spec/manifests/image-corpus.ts';
import { imageDatasetManifest, type ImageDatasetManifest } from '../../../shared/spec/manifests/image-dataset.ts';
import {
  TEXT_DATASET_VERSION,
  textDatasetManifest,
  type TextDatasetManifest,
} from '../../../shared/spec/manifests/text-dataset.ts';
import { fileExists } from '../../files/file-exists.ts';
import { readManifest } from '../../files/manifest-file.ts';
import { countSides } from '../import/sides.ts';
import type { LabelState } from './apply-edits.ts';

export type DatasetManifest = TextDatasetManifest | ImageDatasetManifest | AudioDatasetManifest;

/** Bytes of an example in each of the files that are numbered by example; all are little endian. */
export const REWRITTEN = { 'labels.bin': 4, 'groups.bin': 4, 'sides.bin': 1, 'perceptual-hashes.bin': 8 } as const;
export type RewrittenFile = keyof typeof REWRITTEN;

export interface ImportedDataset {
  readonly manifest: DatasetManifest;
  readonly state: LabelState;
  /** Those that the dataset has. */
  readonly files: ReadonlyMap<RewrittenFile, Buffer>;
}

/** @throws LabError `bad-input` for what is no labelled dataset, `corrupt` */
export function readDatasetManifest(folder: string, kind: string): DatasetManifest {
  switch (kind) {
    case 'text-dataset':
      return readManifest(folder, kind, TEXT_DATASET_VERSION, textDatasetManifest);
    case 'image-dataset':
      return readManifest(folder, kind, IMAGE_MANIFEST_VERSION, imageDatasetManifest);
    case 'audio-dataset':
      return readManifest(folder, kind, AUDIO_DATASET_VERSION, audioDatasetManifest);
    default:
      throw new LabError('bad-input', `${folder} has no classes that could be changed: it is a ${kind}`, { folder });
  }
}

/** @param folder of the manifest and the files as they were imported */
export async function readImported(folder: string, kind: string): Promise<ImportedDataset> {
  const manifest = readDatasetManifest(folder, kind);
  const size = sizeOf(manifest);
  const files = new Map<RewrittenFile, Buffer>();
  // The keys are those of the constant.
  for (const name of Object.keys(REWRITTEN) as RewrittenFile[]) {
    const path = join(folder, name);
    if (!(await fileExists(path))) continue;
    const bytes = readFileSync(path);
    if (bytes.length !== size * REWRITTEN[name]) {
      throw new LabError('corrupt', `${path} does not fit the manifest. Import again.`, { path });
    }
    files.set(name, bytes);
  }
  const labels = files.get('labels.bin');
  if (labels === undefined) throw new LabError('corrupt', `${folder} has no labels.bin. Import again.`, { folder });
  const classes = manifest.classes.map(({ name }) => name);
  return {
    manifest,
    files,
    state: { classes, labels: Int32Array.from({ length: size }, (_, at) => labels.readInt32LE(at * 4)) },
  };
}

export function sizeOf(manifest: DatasetManifest): number {
  if (manifest.kind === 'text-dataset') return manifest.examples;
  return manifest.kind === 'image-dataset' ? manifest.images : manifest.recordings;
}

/** What an edited dataset has in its manifest besides its classes. */
export interface EditedFacts {
  readonly contentHash: string;
  readonly edits: number;
  readonly sides: Uint8Array | undefined;
}

/** The manifest of a dataset with these labels; −1 stands for examples that were dropped. */
export function editedManifest(
  imported: DatasetManifest,
  { classes, labels }: LabelState,
  { contentHash, edits, sides }: EditedFacts,
): DatasetManifest {
  const counts = new Uint32Array(classes.length);
  let size = 0;
  for (const label of labels) {
    if (label < 0) continue;
    counts[label]! += 1;
    size += 1;
  }
  const rest = {
    contentHash,
    ...(sides !== undefined && { officialSplit: countSides(sides) }),
    edited: { edits, originalHash: imported.contentHash, stored: labels.length },
  };
  const counted = <Key extends string>(key: Key) =>
    classes.map((name, index) => ({ name, [key]: counts[index]! }) as { name: string } & Record<Key, number>); // computed keys have type string
  switch (imported.kind) {
    case 'text-dataset':
      return { ...imported, ...rest, examples: size, classes: counted('examples') };
    case 'image-dataset':
      return { ...imported, ...rest, images: size, classes: counted('images') };
    case 'audio-dataset':
      return { ...imported, ...rest, recordings: size, classes: counted('recordings') };
  }
}
