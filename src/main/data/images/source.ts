/**
 * What an importer needs of a place that holds images: how many there are, and one entry after the other in an order that is
 * the same every time. Folders, archives, tables and samples each make a source; the importer does not know which.
 */
import type { Buffer } from 'node:buffer';
import type { TextImportReport } from '../../../shared/spec/manifests/text-import-report.ts';
import { cleanLabel } from '../import/labels.ts';
import { placeOf, type Side } from '../import/sides.ts';

/** Pixels that are already decoded: height × width × channels bytes, row-major, channels interleaved. */
export interface RawImage {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

export interface ImageEntry {
  /** Where the image comes from, relative to the source, with forward slashes. */
  readonly path: string;
  /** Name of the class, in labelled material. */
  readonly label?: string;
  /** Images of the same group (a patient, a film, a sheet) always stay on one side of a split. */
  readonly group?: string;
  /** The side of a split that came with the material. */
  readonly side?: Side;
  /** The row of a table that names it, where its columns are kept. */
  readonly row?: KeptRow;
  /** The file's bytes, or pixels. Rejects with a `LabError` that says why the image cannot be read. */
  readonly read: () => Promise<Buffer | RawImage>;
}

/** Something that looked like an image's entry but cannot be used, whatever its bytes are. */
export interface UnusableEntry {
  readonly path: string;
  readonly unusable: { readonly reason: SkipReason; readonly message: string };
  readonly row?: KeptRow;
}

export interface KeptRow {
  readonly line: number;
  /** Of the columns that are kept. */
  readonly values: readonly (string | null)[];
}

/** Why an image was left out; the message beside it has the particulars. */
export type SkipReason =
  | 'unreadable' // could not be opened or read: missing, no permission, damaged archive entry
  | 'unsupported' // not an image, or a format the lab does not decode
  | 'damaged' // truncated or corrupt
  | 'too-small'
  | 'too-large'
  | 'unsafe-path' // leads out of the folder or archive it belongs to
  | 'no-label'
  | 'duplicate';

export interface ImageSource {
  readonly kind: 'folder' | 'class-folders' | 'table' | 'zip' | 'tar' | 'sample';
  /** What the user named. */
  readonly path: string;
  /** How many entries `entries` will yield; walks the source once without reading any image. */
  readonly count: (signal: AbortSignal) => Promise<number>;
  readonly entries: (signal: AbortSignal) => AsyncIterable<ImageEntry | UnusableEntry>;
  /** Files that were passed over because nothing about their name says image, by lower-case extension; after `entries`. */
  readonly ignored: () => ReadonlyMap<string, number>;
  /** Of a table: how it was read, and what is odd about it; after `entries`. */
  readonly facts?: () => Pick<TextImportReport, 'readAs' | 'notes'>;
}

/** Largest file that is read into memory. */
export const MAXIMUM_FILE_BYTES = 256 * 1024 * 1024;

/** File extensions that say image. Those the lab does not decode are here too, so that they are reported and not passed over. */
const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(
  [
    'jpg',
    'jpeg',
    'jpe',
    'jfif',
    'png',
    'webp',
    'tif',
    'tiff',
    'gif',
    'avif',
    'bmp',
    'dib',
    'pnm',
    'ppm',
    'pgm',
    'pbm',
    'dcm',
    'dicom',
  ].concat(['heic', 'heif', 'jp2', 'jxl', 'svg', 'psd', 'dng', 'cr2', 'nef', 'arw']),
);

/** The extension in lower case without its dot; empty if there is none. */
export function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot + 1).toLowerCase();
}

export function hasImageExtension(path: string): boolean {
  return IMAGE_EXTENSIONS.has(extensionOf(path));
}

/** True for what operating systems leave beside images: hidden files, resource forks, thumbnail caches. */
export function isSystemName(name: string): boolean {
  return name.startsWith('.') || name === '__MACOSX' || name === 'Thumbs.db' || name === 'desktop.ini';
}

/** An entry whose class is the first folder of its path, or the second where the first is a side; unusable if there is none. */
export function labelledByFolder(entry: ImageEntry, hasSides: boolean): ImageEntry | UnusableEntry {
  const { label, side } = placeOf(entry.path, hasSides);
  if (label !== undefined) return { ...entry, label: cleanLabel(label), ...(side !== undefined && { side }) };
  const message = 'lies beside the class folders; move it into the folder of its class';
  return { path: entry.path, unusable: { reason: 'no-label', message } };
}

/** The folder, with its slash, that the two paths share at the start. */
export function commonFolder(folder: string | undefined, name: string): string {
  if (folder === undefined) return name.slice(0, name.lastIndexOf('/') + 1);
  let common = folder;
  while (!name.startsWith(common)) common = common.slice(0, common.lastIndexOf('/', common.length - 2) + 1);
  return common;
}
