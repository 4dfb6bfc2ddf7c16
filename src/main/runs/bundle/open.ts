/**
 * Opens a bundle in a workspace: its runs, material, models and study appear there, each whole, or nothing does. What is there
 * already as it is in the bundle stays; material that only has the same name comes in under another one.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LabError, isLabError } from '../../../shared/errors.ts';
import { checksumsName } from '../../files/checksums.ts';
import { isFolder, makeFolder, syncFolder, syncFolders } from '../../files/durable-file.ts';
import { fileExists, textOf } from '../../files/file-exists.ts';
import { sweep, temporaryMark } from '../../files/sweep.ts';
import { findMaterial } from '../../workspace/catalogue.ts';
import { findModel } from '../../workspace/models.ts';
import { runFolder } from '../../workspace/run-folder.ts';
import { readRun } from '../../workspace/runs.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { openWorkspace } from '../../workspace/workspace.ts';
import { openArchive } from './archive.ts';
import type { BundleManifest } from './manifest.ts';
import { renameMaterial } from './rename-material.ts';

export interface OpenBundleOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly phase: string; readonly done: number; readonly total: number }) => void;
}

export interface OpenedBundle {
  readonly subject: BundleManifest['subject'];
  /** Paths in the workspace that are new. */
  readonly added: readonly string[];
  /** What was here already, the same. */
  readonly known: readonly string[];
  /** Material that another name was free for. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** What the bundle itself does not have. */
  readonly missing: readonly string[];
}

/** Throws what `openArchive` does, and `LabError('conflict')` for another run or study of the same name. */
export async function openBundle(
  workspace: Workspace,
  file: string,
  { signal, onProgress }: OpenBundleOptions,
): Promise<OpenedBundle> {
  using archive = await openArchive(file);
  const { manifest } = archive;
  await sweep(workspace.folder); // what a process left that was killed
  const staging = join(workspace.folder, `.bundle-${randomUUID()}${temporaryMark}`);
  await mkdir(staging);
  try {
    await archive.unpack(staging, signal, (done, total) => {
      onProgress({ phase: 'Unpacking', done, total });
    });
    const inside = await openWorkspace(staging);
    const renamed = await findNames(workspace, inside, manifest);
    for (const { group, from, to } of renamed) await renameMaterial(inside, manifest, group, from, to);
    const { fresh: added, known } = await sortParts(workspace, inside, manifest, renamed);
    await place(workspace, inside, added);
    return {
      subject: manifest.subject,
      added,
      known,
      renamed: renamed.map(({ from, to }) => ({ from, to })),
      missing: missingOf(manifest),
    };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** What a bundle does not have, for a person. */
export function missingOf({ materials, missing }: BundleManifest): string[] {
  const left = materials.flatMap(({ group, name, included }) => (included ? [] : [`the ${group} '${name}'`]));
  return [...left, ...missing];
}

interface Renamed {
  readonly group: 'corpus' | 'dataset';
  readonly from: string;
  readonly to: string;
}

/** Names for material whose own is taken by other contents. */
async function findNames(workspace: Workspace, inside: Workspace, { materials }: BundleManifest): Promise<Renamed[]> {
  const renamed: Renamed[] = [];
  for (const { group, name, contentHash, included } of materials) {
    if (!included) continue;
    const unpacked = await findMaterial(inside, group, name);
    if (unpacked.contentHash !== contentHash) {
      throw new LabError(
        'corrupt',
        `The ${group} '${name}' of the bundle is not the one that its runs were trained on`,
        { name },
      );
    }
    const there = await contentOf(workspace, group, name);
    if (there === undefined || there === contentHash) continue;
    let number = 2;
    for (
      let other = await contentOf(workspace, group, `${name}-${number}`);
      other !== undefined && other !== contentHash;
    ) {
      number += 1;
      other = await contentOf(workspace, group, `${name}-${number}`);
    }
    renamed.push({ group, from: name, to: `${name}-${number}` });
  }
  return renamed;
}

async function contentOf(workspace: Workspace, group: 'corpus' | 'dataset', name: string): Promise<string | undefined> {
  try {
    return (await findMaterial(workspace, group, name)).contentHash;
  } catch (error) {
    if (isLabError(error, 'not-found')) return undefined;
    throw error;
  }
}

/** Paths of a workspace that appear as one: folders of material, models and runs, and files of studies. Foundations come first. */
async function sortParts(
  workspace: Workspace,
  inside: Workspace,
  { materials, models, runs, files }: BundleManifest,
  renamed: readonly Renamed[],
): Promise<{ readonly fresh: readonly string[]; readonly known: readonly string[] }> {
  const fresh: string[] = [];
  const known: string[] = [];
  const sort = async (path: string, isSame: () => Promise<boolean>): Promise<void> => {
    if (!(await fileExists(join(workspace.folder, path)))) fresh.push(path);
    else if (await isSame()) known.push(path);
    else {
      const message = `The workspace has another ${path} already. Delete or rename it, or open the bundle in another workspace`;
      throw new LabError('conflict', message, { path });
    }
  };
  for (const { group, name, contentHash, included } of materials) {
    if (!included) continue;
    const { to = name } = renamed.find((one) => one.group === group && one.from === name) ?? {};
    const path = `${group === 'corpus' ? 'corpora' : 'datasets'}/${to}`;
    await sort(path, async () => (await contentOf(workspace, group, to)) === contentHash);
  }
  for (const name of models) {
    await findModel(inside, name); // throws for what is no model
    await sort(`models/${name}`, () => isSameFile(workspace, inside, `models/${name}/${checksumsName}`));
  }
  for (const { id } of runs) {
    await readRun(runFolder(join(inside.runs, id))); // throws for what is no run
    await sort(`runs/${id}`, () => isSameFile(workspace, inside, `runs/${id}/artifacts/origin.json`));
  }
  for (const path of Object.keys(files)) {
    if (path.startsWith('studies/')) await sort(path, () => isSameFile(workspace, inside, path));
  }
  return { fresh, known };
}

async function isSameFile(a: Workspace, b: Workspace, path: string): Promise<boolean> {
  return (await textOf(join(a.folder, path))) === (await readFile(join(b.folder, path), 'utf8').catch(() => undefined));
}

/** Moves the parts; takes back those that have been moved where one cannot be. */
async function place(workspace: Workspace, inside: Workspace, parts: readonly string[]): Promise<void> {
  const placed: string[] = [];
  try {
    for (const path of parts) {
      const target = join(workspace.folder, path);
      await makeFolder(dirname(target));
      if (await fileExists(target)) {
        throw new LabError('conflict', `${target} has appeared meanwhile. Try again`, { path });
      }
      const unpacked = join(inside.folder, path);
      if (await isFolder(unpacked)) await syncFolders(unpacked);
      await rename(unpacked, target);
      placed.push(target);
      await syncFolder(dirname(target));
    }
  } catch (error) {
    for (const target of placed) await rm(target, { recursive: true, force: true });
    throw error;
  }
}
