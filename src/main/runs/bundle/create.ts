/** Writes a bundle: under another name until it is whole. */
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import yazl from 'yazl';
import { LabError, errorCode, isLabError, reasonOf } from '../../../shared/errors.ts';
import { checksumOf, sha256Of, verifyFile } from '../../files/checksums.ts';
import { asDiskFull, syncFolder } from '../../files/durable-file.ts';
import { fileExists } from '../../files/file-exists.ts';
import { temporaryMark } from '../../files/sweep.ts';
import { uniqueName } from '../../files/unique-name.ts';
import { labVersion } from '../../files/version.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { describeMachine } from '../energy.ts';
import type { BundleContent } from './collect.ts';
import { collectContent, filesBelow } from './collect.ts';
import type { BundleManifest } from './manifest.ts';
import { isSafePath, manifestName, versionOfKind } from './manifest.ts';
import { engineVersion } from './versions.ts';

export interface CreateOptions {
  /** A .zip file that is not there yet. */
  readonly output: string;
  /** Whether the material is in it, or only what tells whether it is the same. */
  readonly data: 'include' | 'hashes';
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly phase: string; readonly done: number; readonly total: number }) => void;
}

export interface CreatedBundle {
  readonly file: string;
  readonly bytes: number;
  readonly manifest: BundleManifest;
}

/** Numbers that look like noise, and pictures, do not shrink. */
const incompressible: ReadonlySet<string> = new Set(['.safetensors', '.bin', '.png', '.webp', '.jpg', '.zip']);

/** The same content has the same bytes, whenever it is written. */
const noTime = new Date(1980, 0, 1);

/**
 * @param reference what people call it, or which of a run, a study and a model of that name it is
 *
 * Throws `LabError`: `conflict` for a file that is there or a run at work, `not-found`, `bad-input`, `disk-full`, `aborted`.
 */
export async function createBundle(
  workspace: Workspace,
  reference: string | BundleManifest['subject'],
  { output, data, signal, onProgress }: CreateOptions,
): Promise<CreatedBundle> {
  const file = resolve(output);
  if (extname(file).toLowerCase() !== '.zip') {
    throw new LabError('bad-input', `${output}: name a .zip file for the bundle`);
  }
  await requireFree(file);
  const content = await collectContent(workspace, reference);
  const paths = [...content.files, ...(data === 'include' ? await filesOfMaterials(content) : [])].sort();
  const unsafe = paths.find((path) => !isSafePath(path));
  if (unsafe !== undefined) {
    throw new LabError(
      'bad-input',
      `${unsafe} has a name that not every system takes: rename it before it is bundled`,
      { unsafe },
    );
  }
  const temporary = `${file}.${uniqueName()}${temporaryMark}`;
  let manifest: BundleManifest;
  try {
    manifest = await describe(workspace, content, data, paths, signal, onProgress);
    await write(workspace, manifest, temporary, signal, onProgress);
    await requireFree(file);
    await rename(temporary, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // what failed is told
    if (signal.aborted) throw new LabError('aborted', `Stopped; nothing was written to ${output}`, {}, error);
    if (isLabError(error)) throw error;
    throw asDiskFull(error, file) ?? cannotWrite(file, error);
  }
  return { file, bytes: (await stat(file)).size, manifest };
}

async function filesOfMaterials({ materials }: BundleContent): Promise<string[]> {
  const files: string[] = [];
  for (const { group, name, folder } of materials) {
    if (folder !== undefined) {
      files.push(...(await filesBelow(folder, `${group === 'corpus' ? 'corpora' : 'datasets'}/${name}`)));
    }
  }
  return files;
}

/** What is damaged would get a checksum of its own, and be taken for what was meant wherever the bundle goes. */
async function requireWhole(file: string, sha256: string): Promise<void> {
  const expected = await checksumOf(file);
  if (expected === undefined || expected.split('|').includes(sha256)) return;
  await verifyFile(file).catch((error: unknown) => {
    if (!isLabError(error, 'corrupt')) throw error;
    const advice = "Bring it in or train it again; 'pretext check' lists all that is damaged. No bundle was written";
    throw new LabError('corrupt', `${error.message}. ${advice}`, { file }, error);
  });
}

async function describe(
  workspace: Workspace,
  { subject, runs, materials, models, missing }: BundleContent,
  data: CreateOptions['data'],
  paths: readonly string[],
  signal: AbortSignal,
  onProgress: CreateOptions['onProgress'],
): Promise<BundleManifest> {
  const files: BundleManifest['files'] = {};
  for (const [index, path] of paths.entries()) {
    signal.throwIfAborted();
    const file = join(workspace.folder, path);
    const sha256 = await sha256Of(file);
    await requireWhole(file, sha256);
    files[path] = { bytes: (await stat(file)).size, sha256 };
    onProgress({ phase: 'Checksums', done: index + 1, total: paths.length });
  }
  const { processor, cores, system, node } = describeMachine();
  return {
    format: 'pretext-bundle',
    formatVersion: versionOfKind[subject.kind],
    createdAt: new Date().toISOString(),
    subject,
    runs: runs.map(({ run, role }) => ({ id: run.id, role })),
    materials: materials.map(({ group, name, contentHash, folder }) => {
      return { group, name, contentHash, included: data === 'include' && folder !== undefined };
    }),
    models: [...models],
    missing: [...missing],
    madeWith: { lab: labVersion(), engine: engineVersion(), machine: { processor, cores, system, node } },
    files,
  };
}

async function write(
  workspace: Workspace,
  manifest: BundleManifest,
  file: string,
  signal: AbortSignal,
  onProgress: CreateOptions['onProgress'],
): Promise<void> {
  const total = Object.values(manifest.files).reduce((sum, { bytes }) => sum + bytes, 0);
  const zip = new yazl.ZipFile();
  const text = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
  zip.addBuffer(text, manifestName, { mtime: noTime });
  for (const path of Object.keys(manifest.files)) {
    zip.addFile(join(workspace.folder, path), path, {
      mtime: noTime,
      mode: 0o100644,
      compress: !incompressible.has(extname(path)),
    });
  }
  zip.end();
  let done = 0;
  zip.outputStream.on('data', (chunk: Buffer) => {
    done += chunk.length;
    onProgress({ phase: 'Writing', done: Math.min(done, total), total });
  });
  let failure: unknown;
  const stop = new AbortController();
  zip.on('error', (error) => {
    failure ??= error;
    stop.abort(); // a file cannot be read: the other end waits for what never comes
  });
  const either = AbortSignal.any([signal, stop.signal]);
  try {
    await pipeline(zip.outputStream, createWriteStream(file, { flags: 'wx', flush: true }), { signal: either });
  } catch (error) {
    throw failure ?? error;
  }
}

async function requireFree(file: string): Promise<void> {
  if (!(await fileExists(file))) return;
  throw new LabError('conflict', `${file} exists already. Choose another name, or delete it first`, { file });
}

function cannotWrite(file: string, error: unknown): LabError {
  const why = errorCode(error) === 'ENOENT' ? 'a file or folder on its way is not there' : reasonOf(error);
  return new LabError('bad-input', `${file} cannot be written: ${why}`, { file }, error);
}
