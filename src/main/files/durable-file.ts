/** Files that are on the disk, whole, when a function returns: what would be lost with the power is not told as written. */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, LabError } from '../../shared/errors.ts';

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
  const temporary = `${file}.partial`;
  try {
    await writeFileDurably(temporary, text);
    await rename(temporary, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(temporary, { force: true });
    throw asDiskFull(error, file) ?? error;
  }
}

/** `LabError('disk-full')` for the errors that mean it. */
export function asDiskFull(error: unknown, path: string): LabError | undefined {
  const code = errorCode(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  return new LabError(
    'disk-full',
    `There is no room on the disk for ${path}. Nothing that was there before has been lost: make room and go on.`,
    { path },
    error,
  );
}

/** Forces the names in a folder to the disk. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // folders cannot be opened there, and NTFS journals renames
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
