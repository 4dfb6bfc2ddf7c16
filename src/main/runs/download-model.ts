/**
 * A model of the Hugging Face hub becomes one of the workspace: first its size is told, then the files are brought into a hidden folder,
 * from which it is imported as any other. An interrupted download goes on when it is asked for again.
 */
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../../shared/display.ts';
import { LabError } from '../../shared/errors.ts';
import type { ModelManifest } from '../../shared/spec/manifests/model.ts';
import { requireSpace } from '../files/disk-space.ts';
import { fileExists, namesIn, unlessAbsent } from '../files/file-exists.ts';
import type { HubAccess } from '../models/hub/access.ts';
import type { DownloadOptions } from '../models/hub/download-file.ts';
import { downloadFile } from '../models/hub/download-file.ts';
import type { HubFile, HubListing } from '../models/hub/listing.ts';
import { chooseFiles, listRepository } from '../models/hub/listing.ts';
import { downloadFolder, lockDownload, sweepDownloads } from '../workspace/downloads.ts';
import { modelFolder } from '../workspace/models.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { requireName } from '../workspace/workspace.ts';
import { importModel, nameFor } from './import-model.ts';

/** What a download would bring. */
export interface DownloadPlan {
  readonly listing: HubListing;
  readonly files: readonly HubFile[];
  /** The file with the weights, or the index of several. */
  readonly weights: string;
  readonly bytes: number;
  readonly suggestedName: string;
}

export interface DownloadModelOptions extends Pick<DownloadOptions, 'patienceMilliseconds' | 'pauseMilliseconds'> {
  readonly signal: AbortSignal;
  readonly onProgress?: ((phase: string, done: number, total: number, unit: 'bytes' | 'tensors') => void) | undefined;
}

/** Asks the hub, and downloads nothing but an index of shards. Throws what the hub's client throws. */
export async function planDownload(
  access: HubAccess,
  model: string,
  revision: string,
  signal: AbortSignal,
): Promise<DownloadPlan> {
  const listing = await listRepository(access, model, revision, signal);
  const { files, weights } = await chooseFiles(access, listing, signal);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { listing, files, weights, bytes, suggestedName: nameFor(listing.name) };
}

/**
 * Throws `LabError('conflict')` for a name that is taken and for a download that another process is at, `LabError('disk-full')` before
 * anything is loaded, and what the hub's client and the import throw. What has been loaded stays for the next attempt, unless it is
 * damaged.
 */
export async function downloadModel(
  workspace: Workspace,
  access: HubAccess,
  plan: DownloadPlan,
  name: string,
  { signal, onProgress, ...attempts }: DownloadModelOptions,
): Promise<ModelManifest> {
  const { listing, files, weights, bytes } = plan;
  const destination = modelFolder(workspace, requireName(name));
  if (await fileExists(destination)) {
    throw new LabError('conflict', `There is a model '${name}' already. Choose another name, or delete it first`, {
      name,
    });
  }
  const folder = downloadFolder(workspace, listing.name, listing.commit);
  await sweepDownloads(workspace, folder);
  await mkdir(folder, { recursive: true });
  // The files, and the weights once more as they are imported.
  const needed = 2 * bytes - (await folderBytes(folder));
  await requireSpace(workspace.folder, needed, `${listing.name} has ${formatBytes(bytes)}: free some space and go on`);
  const unlock = await lockDownload(folder);
  try {
    let before = 0;
    for (const file of files) {
      await downloadFile(access, listing, file, folder, {
        ...attempts,
        signal,
        onBytes: (now) => onProgress?.('Download', before + now, bytes, 'bytes'),
      });
      before += file.bytes;
    }
    const url = `${access.endpoint}/${listing.name}`;
    const manifest = await importModel(workspace, name, weights.endsWith('.onnx') ? join(folder, weights) : folder, {
      signal,
      origin: { url, revision: listing.commit, licence: listing.licence },
      onProgress: (phase, done, total) => onProgress?.(phase, done, total, 'tensors'),
    });
    await rm(folder, { recursive: true, force: true });
    return manifest;
  } finally {
    await unlock();
  }
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await namesIn(folder)) bytes += (await unlessAbsent(stat(join(folder, name))))?.size ?? 0;
  return bytes;
}
