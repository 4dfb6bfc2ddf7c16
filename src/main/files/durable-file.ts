/** Files that are on the disk, whole, when a function returns: what would be lost with the power is not told as written. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, LabError } from '../../shared/errors.ts';
import { uniqueName } from './unique-name.ts';

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

/** Of this process, the last replacement of each file that is still under way. */
const replacing = new Map<string, Promise<void>>();

/** No two writers, of one process or of several, on one computer or on several, have the same one. */
function temporaryName(file: string): string {
  return `${file}.${uniqueName()}.partial`;
}

/**
 * Replaces a file by one that is there whole or not at all. Replacements of one file happen in the order in which they were asked
 * for. Throws `LabError('disk-full')`.
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  const before = replacing.get(file) ?? Promise.resolve();
  const next = before.catch(() => undefined).then(() => replaceNow(file, text));
  replacing.set(file, next);
  try {
    await next;
  } finally {
    if (replacing.get(file) === next) replacing.delete(file);
  }
}

async function replaceNow(file: string, text: string): Promise<void> {
  const temporary = temporaryName(file);
  try {
    await writeFileDurably(temporary, text);
    await rename(temporary, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(temporary, { force: true });
    throw asDiskFull(error, file) ?? error;
  }
}

/** As `replaceFile`, for small files whose writer has to answer at once. Everything is on the disk when it returns. */
export function replaceFileSync(file: string, text: string): void {
  const temporary = temporaryName(file);
  try {
    const handle = openSync(temporary, 'w');
    try {
      writeFileSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
    if (process.platform !== 'win32') {
      const folder = openSync(dirname(file), 'r');
      try {
        fsyncSync(folder);
      } finally {
        closeSync(folder);
      }
    }
  } catch (error) {
    rmSync(temporary, { force: true });
    throw asDiskFull(error, file) ?? error;
  }
}

/** Forces what was appended to a file to the disk. */
export function syncFileSync(file: string): void {
  const handle = openSync(file, 'r+'); // Windows syncs only what may be written
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
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

/**
 * Makes a folder, with those that it is in, where they are not there yet; their names are on the disk then. Node's recursive `mkdir`
 * goes up when the system says ENOENT and down again when what is above exists, without an end in places such as /proc, where it is
 * the answer for whatever is made.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST' && (await isFolder(folder))) return;
    const above = dirname(folder);
    // A folder whose parent is there and that still cannot be made is the system's last word.
    if (code !== 'ENOENT' || above === folder || (await isFolder(above))) throw error;
    await makeFolder(above);
    await makeFolder(folder);
    return;
  }
  await syncFolder(dirname(folder)).catch((error: unknown) => {
    if (errorCode(error) !== 'EACCES') throw error; // a folder in which things may be made, and not be looked at
  });
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
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

/** As `syncFolder`, with all folders in it. */
export async function syncFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await syncFolder(join(entry.parentPath, entry.name));
  await syncFolder(folder);
}
