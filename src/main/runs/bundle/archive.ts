/**
 * Reads a bundle's archive with distrust: nothing is written that its own list does not name, with the size and the checksum that
 * the list gives; names that lead out, links, encrypted entries, and archives that would unpack to far more than they are, are refused.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Entry, ZipFile } from 'yauzl';
import { openPromise } from 'yauzl';
import { formatBytes } from '../../../shared/display.ts';
import { LabError, cannotRead, errorCode, isLabError, messageOf } from '../../../shared/errors.ts';
import { asDiskFull } from '../../files/durable-file.ts';
import { requireSpace } from '../../files/disk-space.ts';
import type { BundleManifest } from './manifest.ts';
import { isSafePath, manifestName, parseManifest } from './manifest.ts';

const largestManifest = 64_000_000;
/** Text and JSON shrink to a tenth; what shrinks to less than this is made to fill disks. */
const largestRatio = 200;
/** Below this much, the ratio says nothing. */
const harmlessBytes = 64_000_000;

const symbolicLink = 0o120000;
const fileTypes = 0o170000;

export interface OpenedArchive extends Disposable {
  readonly file: string;
  readonly manifest: BundleManifest;
  /** Writes all files below `folder`. Throws `LabError('corrupt' | 'disk-full' | 'aborted')`; the folder is the caller's to remove. */
  unpack(folder: string, signal: AbortSignal, onProgress: (done: number, total: number) => void): Promise<void>;
}

/** Throws `LabError`: `not-found`, `corrupt` for what is damaged or unsafe, `format-version` for a newer bundle. */
export async function openArchive(file: string): Promise<OpenedArchive> {
  const found = await stat(file).catch((error: unknown) => {
    throw cannotRead('bundle', file, error);
  });
  if (found.isDirectory()) {
    throw new LabError('bad-input', `${file} is a folder. Name the .zip file of a bundle`, { file });
  }
  const zip = await openPromise(file, { autoClose: false, lazyEntries: true, validateEntrySizes: true }).catch(
    (error: unknown) => {
      throw damaged(file, messageOf(error), error);
    },
  );
  try {
    const entries = await readEntries(file, zip);
    const listed = entries.get(manifestName)!; // or it was refused
    entries.delete(manifestName);
    const manifest = parseManifest(await readText(file, zip, listed), file);
    requireSame(file, entries, manifest);
    requireHarmless(file, found.size, manifest);
    return {
      file,
      manifest,
      unpack: (folder, signal, onProgress) => unpackAll({ file, zip, entries, manifest, folder, signal, onProgress }),
      [Symbol.dispose]: () => {
        zip.close();
      },
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function readEntries(file: string, zip: ZipFile): Promise<Map<string, Entry>> {
  const found: Entry[] = [];
  const iterator = zip.eachEntry();
  for (;;) {
    const next = await iterator.next().catch((error: unknown) => {
      throw damaged(file, messageOf(error), error); // among others for names that are absolute or lead out of the archive
    });
    if (next.done) break;
    found.push(next.value);
  }
  if (!found.some(({ fileName }) => fileName === manifestName)) {
    throw new LabError('corrupt', `${file} is not a bundle: it has no ${manifestName}`, { file, isBundle: false });
  }
  const entries = new Map<string, Entry>();
  const folded = new Set<string>();
  for (const entry of found) {
    const { fileName } = entry;
    const refuse = (why: string): LabError => damaged(file, `the entry '${fileName.slice(0, 200)}' ${why}`);
    if (fileName !== manifestName && !isSafePath(fileName)) throw refuse('is not a path of a workspace');
    if (((entry.externalFileAttributes >>> 16) & fileTypes) === symbolicLink) throw refuse('is a link');
    if (entry.isEncrypted()) throw refuse('is encrypted');
    // Two names that some systems take for one would overwrite each other.
    const key = fileName.normalize('NFC').toLowerCase();
    if (folded.has(key)) throw refuse('is there twice');
    folded.add(key);
    entries.set(fileName, entry);
  }
  return entries;
}

async function readText(file: string, zip: ZipFile, entry: Entry): Promise<string> {
  if (entry.uncompressedSize > largestManifest) throw damaged(file, `${manifestName} is larger than any list of files`);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      chunks.push(chunk as Buffer); // yauzl's streams carry buffers; the stream type cannot say so
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    throw damaged(file, `${manifestName}: ${messageOf(error)}`, error);
  }
}

function requireSame(file: string, entries: ReadonlyMap<string, Entry>, { files }: BundleManifest): void {
  for (const [path, { bytes }] of Object.entries(files)) {
    const entry = entries.get(path);
    if (!entry) throw damaged(file, `${path} is listed and not there`);
    if (entry.uncompressedSize !== bytes) {
      throw damaged(file, `${path} has ${entry.uncompressedSize} bytes, and the list says ${bytes}`);
    }
  }
  for (const path of entries.keys()) {
    if (!Object.hasOwn(files, path)) throw damaged(file, `${path} is there and not listed`);
  }
}

function requireHarmless(file: string, size: number, manifest: BundleManifest): void {
  const total = totalBytes(manifest);
  if (total <= harmlessBytes || total <= largestRatio * size) return;
  const message = `${file} has ${formatBytes(size)} and would unpack to ${formatBytes(total)}: no bundle shrinks that much, so it is not unpacked`;
  throw new LabError('too-large', message, { file, size, total });
}

/** Bytes of all files of a bundle, unpacked. */
export function totalBytes({ files }: BundleManifest): number {
  return Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
}

interface Unpacking {
  readonly file: string;
  readonly zip: ZipFile;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly manifest: BundleManifest;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

async function unpackAll(unpacking: Unpacking): Promise<void> {
  const { file, zip, entries, manifest, folder, signal, onProgress } = unpacking;
  const total = totalBytes(manifest);
  await requireSpace(folder, total);
  let done = 0;
  for (const [path, { bytes, sha256 }] of Object.entries(manifest.files)) {
    const target = join(folder, ...path.split('/'));
    const hash = createHash('sha256');
    const counter = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        hash.update(chunk);
        onProgress((done += chunk.length), total);
        next(null, chunk);
      },
    });
    try {
      await mkdir(dirname(target), { recursive: true });
      const stream = await zip.openReadStreamPromise(entries.get(path)!); // as many as listed
      await pipeline(stream, counter, createWriteStream(target, { flags: 'wx', flush: true }), { signal });
    } catch (error) {
      if (signal.aborted) throw new LabError('aborted', 'Stopped; nothing was kept', { file }, error);
      if (isLabError(error)) throw error;
      const isOfSystem = errorCode(error)?.startsWith('E') && !errorCode(error)?.startsWith('ERR_');
      throw asDiskFull(error, target) ?? (isOfSystem ? error : damaged(file, `${path}: ${messageOf(error)}`, error));
    }
    const found = hash.digest('hex');
    if (found !== sha256) {
      throw damaged(file, `${path} is not what was bundled (its SHA-256 differs, of ${bytes} bytes)`);
    }
  }
}

function damaged(file: string, why: string, cause?: unknown): LabError {
  return new LabError(
    'corrupt',
    `${file} cannot be opened: ${why}. Copy it here again, or have it written anew`,
    { file },
    cause,
  );
}
