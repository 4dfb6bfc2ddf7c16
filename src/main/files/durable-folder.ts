/**
 * Folders that are there whole or not at all: written under a temporary name, forced to the disk, renamed. A process that
 * is killed in between leaves a temporary folder, which the next one removes.
 */
import { randomUUID } from 'node:crypto';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode, isLabError, LabError } from '../../shared/errors.ts';
import { asDiskFull, syncFolder } from './durable-file.ts';
import { namesIn } from './file-exists.ts';

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

/**
 * Calls `fill` with an empty temporary folder and makes it `destination`, which must not be there yet; when anything fails the
 * temporary folder is removed. Throws `LabError`: `conflict` if the destination exists, `aborted` if the signal fired,
 * `disk-full` when there is no room.
 */
export async function createFolder<Result>(
  destination: string,
  signal: AbortSignal,
  fill: (folder: string) => Promise<Result>,
): Promise<Result> {
  const target = resolve(destination);
  const parent = dirname(target);
  await access(target).then(
    () => {
      throw alreadyThere(target);
    },
    () => undefined,
  );
  await mkdir(parent, { recursive: true });
  const temporary = join(parent, `.${basename(target)}.${randomUUID()}${temporaryMark}`);
  await mkdir(temporary);
  try {
    const result = await fill(temporary);
    signal.throwIfAborted();
    await syncFolder(temporary);
    await rename(temporary, target).catch((error: unknown) => {
      const code = errorCode(error);
      throw code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EPERM' ? alreadyThere(target, error) : error;
    });
    await syncFolder(parent);
    return result;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (signal.aborted && !isLabError(error)) {
      const message = `The import into ${target} was stopped; nothing was kept.`;
      throw new LabError('aborted', message, { destination: target }, error);
    }
    throw asDiskFull(error, target) ?? error;
  }
}

function alreadyThere(destination: string, cause?: unknown): LabError {
  const message = `${destination} exists already. Choose another name, or delete it first.`;
  return new LabError('conflict', message, { destination }, cause);
}

/** Removes what killed processes have left. */
export async function removeTemporaries(parent: string): Promise<void> {
  const names = await namesIn(parent);
  for (const name of names.filter((entry) => entry.endsWith(temporaryMark))) {
    await rm(join(parent, name), { recursive: true, force: true });
  }
}
