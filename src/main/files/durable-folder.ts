/**
 * Folders that are there whole or not at all: written under a temporary name, forced to the disk, renamed. A process that
 * is killed in between leaves a temporary folder, which the next one removes.
 */
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LabError } from '../../shared/errors.ts';

const temporaryMark = '.partial';

/**
 * Calls `fill` with an empty folder and makes it `folder`, in place of one that may be there. Throws
 * `LabError('disk-full')` when there is no room; what was there before is untouched then.
 */
export async function writeFolder(folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${folder}${temporaryMark}`;
  try {
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await syncFolder(temporary);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw asDiskFull(error, folder) ?? error;
  }
}

/** Writes a file, forced to the disk. */
export async function writeFileDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file by one that is there whole or not at all. Throws `LabError('disk-full')`. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = `${file}${temporaryMark}`;
  try {
    await writeFileDurably(temporary, text);
    await rename(temporary, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(temporary, { force: true });
    throw asDiskFull(error, file) ?? error;
  }
}

/** Removes what killed processes have left. */
export async function removeTemporaries(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((entry) => entry.endsWith(temporaryMark))) {
    await rm(join(parent, name), { recursive: true, force: true });
  }
}

/** `LabError('disk-full')` for the errors that mean it. */
export function asDiskFull(error: unknown, path: string): LabError | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  return new LabError(
    'disk-full',
    `There is no room on the disk for ${path}. Nothing that was there before has been lost: make room and go on.`,
    { path },
    error,
  );
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // folders cannot be opened there, and NTFS journals renames
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
