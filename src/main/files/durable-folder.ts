/**
 * Folders that are there whole or not at all: filled under a hidden name beside their place, forced to the disk with their
 * checksums, renamed. A process that is killed in between leaves a hidden folder, which is swept later.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode, isLabError, LabError } from '../../shared/errors.ts';
import { sealFolder } from './checksums.ts';
import { asDiskFull, makeFolder, syncFolder } from './durable-file.ts';
import { fileExists, namesIn } from './file-exists.ts';
import { takeLock } from './process-lock.ts';
import { leftoverLock, sweep, temporaryMark } from './sweep.ts';

/** A folder that is complete, and takes the place of one that has the same name without the mark. */
const replacementMark = '.replacement';

function temporaryBeside(target: string): string {
  return join(dirname(target), `.${basename(target)}.${randomUUID()}${temporaryMark}`);
}

/**
 * Calls `fill` with an empty folder and makes it `folder`, which must not be there yet. `unlisted` are the files that grow or
 * have a seal of their own. Throws `LabError('conflict' | 'disk-full')`; nothing is left then.
 */
export async function writeFolder(
  folder: string,
  fill: (temporary: string) => Promise<void>,
  unlisted?: ReadonlySet<string>,
): Promise<void> {
  const temporary = await prepareFolder(folder, fill, unlisted);
  await whole(folder, temporary, async () => {
    await renameToNew(temporary, folder);
    await syncFolder(dirname(folder));
  });
}

/** Fills a folder that is to become `folder`; its path. Throws `LabError('disk-full')`, and nothing is left then. */
export async function prepareFolder(
  folder: string,
  fill: (temporary: string) => Promise<void>,
  unlisted?: ReadonlySet<string>,
): Promise<string> {
  const temporary = temporaryBeside(folder);
  await whole(folder, temporary, async () => {
    await mkdir(temporary).catch(async (error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
      await makeFolder(dirname(temporary));
      await mkdir(temporary);
    });
    await fill(temporary);
    await sealFolder(temporary, unlisted);
  });
  return temporary;
}

/** Puts a folder that was prepared into the place of one that is there: at every moment, one of the two can be found. */
export async function replaceFolder(prepared: string, folder: string): Promise<void> {
  await whole(folder, prepared, async () => {
    if (await fileExists(folder)) {
      const replacement = `${folder}${replacementMark}`;
      await removeFolder(replacement);
      await rename(prepared, replacement);
      await syncFolder(dirname(folder));
      await finishReplacement(replacement, folder);
    } else {
      await rename(prepared, folder);
      await syncFolder(dirname(folder));
    }
  });
}

/** Goes on with what a process that was killed had begun to replace. */
export async function finishReplacements(parent: string): Promise<void> {
  for (const name of await namesIn(parent)) {
    if (!name.endsWith(replacementMark)) continue;
    await finishReplacement(join(parent, name), join(parent, name.slice(0, -replacementMark.length)));
  }
}

async function finishReplacement(replacement: string, folder: string): Promise<void> {
  await removeFolder(folder);
  await rename(replacement, folder);
  await syncFolder(dirname(folder));
}

/** Removes a folder so that no half of it is ever seen. */
export async function removeFolder(folder: string): Promise<void> {
  const temporary = temporaryBeside(folder);
  try {
    await rename(folder, temporary);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  await rm(temporary, { recursive: true, force: true });
}

/**
 * Calls `fill` with an empty temporary folder and makes it `destination`, which must not be there yet; when anything fails the
 * temporary folder is removed. It may take long: a lock says that someone is at work. Throws `LabError`: `conflict` if the
 * destination exists, `aborted` if the signal fired, `disk-full` when there is no room.
 */
export async function createFolder<Result>(
  destination: string,
  signal: AbortSignal,
  fill: (folder: string) => Promise<Result>,
): Promise<Result> {
  const target = resolve(destination);
  const parent = dirname(target);
  if (await fileExists(target)) throw alreadyThere(target);
  await makeFolder(parent);
  await sweep(parent);
  const temporary = temporaryBeside(target);
  await mkdir(temporary);
  let unlock: (() => Promise<void>) | undefined;
  try {
    unlock = await takeLock(leftoverLock(temporary), () => alreadyThere(target));
    const result = await fill(temporary);
    signal.throwIfAborted();
    await sealFolder(temporary);
    signal.throwIfAborted();
    await renameToNew(temporary, target);
    await syncFolder(parent);
    return result;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (signal.aborted && !isLabError(error)) {
      const message = `The import into ${target} was stopped; nothing was kept.`;
      throw new LabError('aborted', message, { destination: target }, error);
    }
    throw asDiskFull(error, target) ?? error;
  } finally {
    await unlock?.().catch(() => undefined); // of a process that is gone, it counts no more
  }
}

async function whole(folder: string, temporary: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined); // what failed is told
    throw asDiskFull(error, folder) ?? error;
  }
}

/** Throws `LabError('conflict')` where there is something already. An empty folder would be replaced by the system. */
async function renameToNew(temporary: string, target: string): Promise<void> {
  if (await fileExists(target)) throw alreadyThere(target);
  await rename(temporary, target).catch((error: unknown) => {
    const code = errorCode(error);
    throw code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EPERM' ? alreadyThere(target, error) : error;
  });
}

function alreadyThere(destination: string, cause?: unknown): LabError {
  const message = `${destination} exists already. Choose another name, or delete it first.`;
  return new LabError('conflict', message, { destination }, cause);
}
