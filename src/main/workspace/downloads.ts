/** Downloads of models that are under way or were broken off: what has come stays for a while, so that the next attempt goes on from it. */
import { rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LabError, isLabError } from '../../shared/errors.ts';
import { namesIn, unlessAbsent } from '../files/file-exists.ts';
import { takeLock } from '../files/process-lock.ts';
import type { Workspace } from './workspace.ts';

const lockEnding = '.lock';
/** What nobody has gone on with for so long is given up. */
const patienceMilliseconds = 30 * 24 * 3600_000;

const downloadsOf = ({ folder }: Pick<Workspace, 'folder'>): string => join(folder, '.downloads');

/** Of one state of a repository: what was loaded of another one is no use. */
export function downloadFolder(workspace: Pick<Workspace, 'folder'>, model: string, commit: string): string {
  return join(downloadsOf(workspace), `${model.replace('/', '--')}@${commit.slice(0, 12)}`);
}

/** Throws `LabError('conflict')` where another process, or another task of this one, is at it. */
export function lockDownload(folder: string): Promise<() => Promise<void>> {
  return takeLock(`${folder}${lockEnding}`, () => {
    const model = (basename(folder).split('@')[0] ?? '').replace('--', '/');
    return new LabError('conflict', `${model} is being downloaded already. Wait for it, or stop it`, { folder });
  });
}

/** Removes what is given up, and the locks of processes that are gone. With `current`, also other states of its repository. */
export async function sweepDownloads(
  workspace: Pick<Workspace, 'folder'>,
  current?: string,
  now = Date.now(),
): Promise<void> {
  const names = await namesIn(downloadsOf(workspace));
  const model = (name: string): string => name.slice(0, name.lastIndexOf('@'));
  const folders = new Set(names.map((name) => (name.endsWith(lockEnding) ? name.slice(0, -lockEnding.length) : name)));
  for (const name of folders) {
    const folder = join(downloadsOf(workspace), name);
    if (folder === current) continue;
    const isOther = current !== undefined && model(name) === model(basename(current));
    if (!isOther && names.includes(name) && now - (await lastTouched(folder)) < patienceMilliseconds) continue;
    try {
      const unlock = await lockDownload(folder);
      await rm(folder, { recursive: true, force: true });
      await unlock();
    } catch (error) {
      if (!isLabError(error, 'conflict')) throw error; // somebody is at it
    }
  }
}

/** A file that grows does not touch its folder. */
async function lastTouched(folder: string): Promise<number> {
  const places = [folder, ...(await namesIn(folder)).map((name) => join(folder, name))];
  const times = await Promise.all(places.map(async (place) => (await unlessAbsent(stat(place)))?.mtimeMs ?? 0));
  return Math.max(0, ...times);
}
