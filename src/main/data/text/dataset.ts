/** A labelled text dataset, opened for reading: examples by index through a table of offsets, labels and groups in memory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError, messageOf } from '../../../shared/errors.ts';
import {
  TEXT_DATASET_VERSION,
  textDatasetManifest,
  type TextDatasetManifest,
} from '../../../shared/spec/manifests/text-dataset.ts';
import { placesOf } from '../editing/kept-examples.ts';
import { readSides } from '../import/sides.ts';
import { readTargets, type Targets } from '../import/targets.ts';
import { readManifest } from '../../files/manifest-file.ts';
import { PagedFile } from '../../files/paged-file.ts';
import {
  EXAMPLES_FILE,
  GROUPS_FILE,
  LABELS_FILE,
  OFFSETS_FILE,
  storedExample,
  type StoredExample,
} from './dataset-files.ts';

export interface TextDataset {
  readonly manifest: TextDatasetManifest;
  /** Sorted; a label is an index into it. */
  readonly classes: readonly string[];
  readonly size: number;
  /** The class of every example. */
  readonly labels: Int32Array;
  /** What examples have instead of classes, of which there is one then. */
  readonly targets: Targets | undefined;
  /** Examples with the same text have the same number; a split keeps them on one side. */
  readonly groups: Uint32Array;
  /** The sides of the split that came with the material, if one did; see import/sides.ts. */
  readonly sides: Uint8Array | undefined;
  readonly contentHash: string;
  text(index: number): string;
  textPair(index: number): string | null;
  label(index: number): number;
  /** The label as it was written: of tagged words their tags, apart by blanks. */
  writtenLabel(index: number): string;
  /** File and line that the example came from. */
  source(index: number): { readonly path: string; readonly line: number | null };
  close(): void;
}

/** The manifest alone, which is quick. @throws LabError as `openTextDataset` */
export function readTextDatasetManifest(folder: string): TextDatasetManifest {
  return readManifest(folder, 'text-dataset', TEXT_DATASET_VERSION, textDatasetManifest);
}

function readWords(path: string, count: number): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new LabError(
      'corrupt',
      `${path} cannot be read: ${messageOf(error)}. Import the dataset again.`,
      { path },
      error,
    );
  }
  if (bytes.length === count * 4) return bytes;
  const message = `${path} has ${bytes.length} bytes and not ${count * 4}. Import the dataset again.`;
  throw new LabError('corrupt', message, { path });
}

/** @throws LabError `not-found`, `corrupt`, `format-version` */
export function openTextDataset(folder: string): TextDataset {
  const manifest = readTextDatasetManifest(folder);
  const size = manifest.examples;
  const labelBytes = readWords(join(folder, LABELS_FILE), size);
  const groupBytes = readWords(join(folder, GROUPS_FILE), size);
  const labels = Int32Array.from({ length: size }, (_, index) => labelBytes.readInt32LE(index * 4));
  const groups = Uint32Array.from({ length: size }, (_, index) => groupBytes.readUInt32LE(index * 4));
  if (labels.some((label) => label < 0 || label >= manifest.classes.length)) {
    const path = join(folder, LABELS_FILE);
    throw new LabError('corrupt', `${path} has classes that the manifest does not have. Import the dataset again.`, {
      path,
    });
  }
  const sides = manifest.officialSplit === undefined ? undefined : readSides(folder, size);
  const placeOf = placesOf(folder, manifest, size);
  const targets = manifest.targets && readTargets(folder, manifest.targets, size);
  using opened = new DisposableStack();
  const examples = opened.use(new PagedFile(join(folder, EXAMPLES_FILE)));
  const offsets = opened.use(new PagedFile(join(folder, OFFSETS_FILE)));
  const files = opened.move();
  let lastIndex = -1;
  let last: StoredExample | undefined;
  const example = (index: number): StoredExample => {
    if (index === lastIndex && last !== undefined) return last;
    if (!Number.isInteger(index) || index < 0 || index >= size) {
      throw new RangeError(`There is no example ${index}: the dataset has ${size}.`);
    }
    const place = placeOf(index);
    const start = offsets.readUint64(place * 8);
    const end = offsets.readUint64(place * 8 + 8);
    const line = examples.read(start, end - start).toString('utf8');
    try {
      last = storedExample.parse(JSON.parse(line));
    } catch (error) {
      const message = `Example ${index} in ${join(folder, EXAMPLES_FILE)} is damaged. Import the dataset again.`;
      throw new LabError('corrupt', message, { folder, index }, error);
    }
    lastIndex = index;
    return last;
  };
  return {
    manifest,
    classes: manifest.classes.map(({ name }) => name),
    size,
    labels,
    targets,
    groups,
    sides,
    contentHash: manifest.contentHash,
    text: (index) => example(index).text,
    textPair: (index) => example(index).pair ?? null,
    label: (index) => {
      const label = labels[index];
      if (label === undefined) throw new RangeError(`There is no example ${index}: the dataset has ${size}.`);
      return label;
    },
    writtenLabel: (index) => example(index).label,
    source: (index) => {
      const { path, line } = example(index);
      return { path, line };
    },
    close: () => {
      files.dispose();
    },
  };
}
