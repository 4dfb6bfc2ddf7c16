/** Reading imported recordings back, synchronously, from any thread: frames by pages, labels and places from memory. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { LabError, messageOf } from '../../../shared/errors.ts';
import type { AudioDatasetManifest } from '../../../shared/spec/manifests/audio-dataset.ts';
import { AUDIO_DATASET_VERSION, audioDatasetManifest } from '../../../shared/spec/manifests/audio-dataset.ts';
import { readManifest } from '../../files/manifest-file.ts';
import { placesOf } from '../editing/kept-examples.ts';
import { readSides } from '../import/sides.ts';
import { readTargets, type Targets } from '../import/targets.ts';
import { PagedFile } from '../../files/paged-file.ts';

export const FRAMES_FILE = 'frames.bin';
export const OFFSETS_FILE = 'offsets.bin';
export const LABELS_FILE = 'labels.bin';
export const RECORDINGS_FILE = 'recordings.jsonl';
/** The first recording of each one's group: uint32, little endian; there only where the source names groups. */
export const GROUPS_FILE = 'groups.bin';

export interface AudioDataset {
  readonly manifest: AudioDatasetManifest;
  /** Number of recordings. */
  readonly length: number;
  readonly classes: readonly string[];
  /** The class of each recording, an index into `classes`. */
  readonly labels: Int32Array;
  /** What recordings have instead of classes, of which there is one then. */
  readonly targets: Targets | undefined;
  /** Recordings with the same number stay on one side of a split; undefined where each stands alone. */
  readonly groups: Uint32Array | undefined;
  /** The sides of the split that came with the material, if one did; see import/sides.ts. */
  readonly sides: Uint8Array | undefined;
  /** Where a recording came from, relative to the source. */
  path(index: number): string;
  /** [frames, bands]; a copy. */
  frames(index: number): Float32Array;
  close(): void;
}

/** @throws LabError `not-found`, `bad-input` (something else lies there), `format-version`, `corrupt` */
export function openAudioDataset(folder: string): AudioDataset {
  const root = resolve(folder);
  const manifest = readManifest(root, 'audio-dataset', AUDIO_DATASET_VERSION, audioDatasetManifest);
  const { recordings, options, classes } = manifest;
  const labels = readUint32(join(root, LABELS_FILE), recordings, classes.length - 1);
  const placeOf = placesOf(root, manifest, recordings);
  const stored = manifest.edited?.stored ?? recordings;
  const offsets = readUint32(join(root, OFFSETS_FILE), stored + 1, manifest.frames);
  const targets = manifest.targets && readTargets(root, manifest.targets, recordings);
  const groups =
    manifest.groups === undefined ? undefined : readUint32(join(root, GROUPS_FILE), recordings, recordings - 1);
  const sides = manifest.officialSplit === undefined ? undefined : readSides(root, recordings);
  const file = new PagedFile(join(root, FRAMES_FILE)); // the last that can fail: it stays open
  let paths: readonly string[] | undefined;
  return {
    manifest,
    length: recordings,
    classes: classes.map(({ name }) => name),
    labels: Int32Array.from(labels),
    targets,
    groups,
    sides,
    path(index) {
      paths ??= readPaths(join(root, RECORDINGS_FILE));
      return paths[placeOf(index)] ?? '';
    },
    frames(index) {
      if (!(index in labels)) throw new RangeError(`There is no recording ${index} among ${recordings}.`);
      const place = placeOf(index);
      const [start, end] = [offsets[place]!, offsets[place + 1]!]; // one more offset than recordings
      const bytes = file.read(start * options.bands * 4, (end - start) * options.bands * 4);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return Float32Array.from({ length: bytes.length / 4 }, (_, place) => view.getFloat32(place * 4, true));
    },
    close: () => {
      file.close();
    },
  };
}

const recordingLine = z.looseObject({ path: z.string() });

/** @throws LabError `corrupt` */
function readPaths(file: string): readonly string[] {
  try {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    return lines.map((line) => recordingLine.parse(JSON.parse(line)).path);
  } catch (error) {
    const message = `${file} is damaged: ${messageOf(error)}. Import again.`;
    throw new LabError('corrupt', message, { path: file }, error);
  }
}

function readUint32(path: string, length: number, largest: number): Uint32Array {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new LabError('corrupt', `${path} cannot be read (${messageOf(error)}). Import again.`, { path }, error);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = Uint32Array.from({ length: bytes.length >>> 2 }, (_, index) => view.getUint32(index * 4, true));
  if (bytes.length !== length * 4 || values.some((value) => value > largest)) {
    throw new LabError('corrupt', `${path} does not fit the manifest. Import again.`, { path });
  }
  return values;
}
