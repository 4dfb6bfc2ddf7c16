/**
 * What processes that were killed leave behind: files and folders under temporary names, which nothing shows. Each is removed once
 * it is certain that nobody is at work on it any more.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn, unlessAbsent } from './file-exists.ts';
import { ownerOfLock } from './process-lock.ts';

export const temporaryMark = '.partial';

/** Held by whoever fills a temporary folder for longer than a moment. */
export function leftoverLock(temporary: string): string {
  return `${temporary}.lock`;
}

/** Without a lock, what was not touched for so long is given up; the work behind it takes seconds. */
const patienceMilliseconds = 3600_000;

/** Removes leftovers in a folder that have no owner. Returns how many there were. */
export async function sweep(folder: string, now = Date.now()): Promise<number> {
  const names = new Set(await namesIn(folder));
  let swept = 0;
  for (const name of names) {
    const path = join(folder, name);
    if (name.endsWith(temporaryMark)) {
      if (!(await isAbandoned(path, names.has(leftoverLock(name)), now))) continue;
      await rm(path, { recursive: true, force: true });
      await rm(leftoverLock(path), { force: true });
      swept += 1;
    } else if (name.endsWith(leftoverLock(temporaryMark)) && !names.has(name.slice(0, -leftoverLock('').length))) {
      if ((await ownerOfLock(path)) === undefined) await rm(path, { force: true });
    }
  }
  return swept;
}

/** Removes all leftovers in a folder that nobody else may write into, such as that of a run by its trainer. */
export async function sweepOwn(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    if (name.endsWith(temporaryMark)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function isAbandoned(path: string, isLocked: boolean, now: number): Promise<boolean> {
  if (isLocked) return (await ownerOfLock(leftoverLock(path))) === undefined;
  const found = await unlessAbsent(stat(path));
  return found !== undefined && now - found.mtimeMs > patienceMilliseconds;
}
