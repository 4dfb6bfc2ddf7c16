/**
 * A folder that appears whole or not at all: it is filled under a temporary name beside its destination and renamed when
 * everything in it is on the disk.
 */
import { randomUUID } from 'node:crypto';
import { access, mkdir, open, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isLabError, LabError, messageOf } from '../../shared/errors.ts';

function alreadyThere(destination: string, cause?: unknown): LabError {
  const message = `${destination} exists already. Choose another name, or delete it first.`;
  return new LabError('conflict', message, { destination }, cause);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // Windows cannot open folders; there the rename itself is durable enough.
  }
}

/** @throws LabError `disk-full` if the volume that will hold `folder` has less than `bytes` free. */
export async function requireFreeSpace(folder: string, bytes: number): Promise<void> {
  const volume = await statfs(folder);
  const free = volume.bavail * volume.bsize;
  if (free < bytes) {
    const megabytes = (count: number): string => `${Math.ceil(count / 1e6)} MB`;
    const message = `The import needs about ${megabytes(bytes)} and the disk of ${folder} has ${megabytes(free)} free. Free some space, or choose a smaller image size.`;
    throw new LabError('disk-full', message, { folder, bytes, free });
  }
}

/**
 * Calls `fill` with an empty temporary folder and makes it `destination`; when anything fails the temporary folder is removed.
 * @throws LabError `conflict` if the destination exists, `aborted` if the signal fired, `disk-full` if the disk is full.
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
  const temporary = join(parent, `.${basename(target)}.${randomUUID()}.partial`);
  await mkdir(temporary);
  try {
    const result = await fill(temporary);
    signal.throwIfAborted();
    await syncFolder(temporary);
    await rename(temporary, target).catch((error: unknown) => {
      const code = codeOf(error);
      throw code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EPERM' ? alreadyThere(target, error) : error;
    });
    await syncFolder(parent);
    return result;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (signal.aborted && !isLabError(error)) {
      throw new LabError(
        'aborted',
        `The import into ${target} was stopped; nothing was kept.`,
        { destination: target },
        error,
      );
    }
    if (codeOf(error) === 'ENOSPC') {
      const message = `The disk is full: ${messageOf(error)}. Free some space and import again; nothing was kept.`;
      throw new LabError('disk-full', message, { destination: target }, error);
    }
    throw error;
  }
}
