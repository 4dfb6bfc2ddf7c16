/**
 * Where tests keep what they write, and the code that their processes have compiled.
 *
 * Most tests make workspaces, and the lab forces what counts to the disk, file by file: that takes milliseconds each time, on a busy disk
 * many. Where the system has a disk in memory with room, temporary folders are there instead. `TMPDIR=/tmp` has them on the disk.
 */
import { mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';

const disk = '/dev/shm';
const name = 'pretext-tests-';
/** `f_type` of statfs(2). */
const inMemory = 0x01021994;
const leastRoom = 4 * 1024 ** 3;

/** The folder in memory for the temporary files of this process and those that it starts; undefined where there is none. */
function folderInMemory(): string | undefined {
  if (process.platform !== 'linux' || process.env.TMPDIR !== undefined) return undefined;
  try {
    const { type, bavail, bsize } = statfsSync(disk);
    const room = Math.min(bavail * bsize, process.availableMemory());
    return type === inMemory && room > leastRoom ? join(disk, `${name}${process.pid}`) : undefined;
  } catch {
    return undefined;
  }
}

const folder = folderInMemory();

/** For the environment of the tests, and of all that they start. The folders are there from `openTestPlaces` on. */
export const testPlaces: Readonly<Record<string, string>> = {
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? resolve(import.meta.dirname, '../node_modules/.cache/compiled'),
  ...(folder !== undefined && { TMPDIR: folder }),
};

/** Once or several times before the tests; the function that is returned removes what they have left. */
export function openTestPlaces(): () => void {
  if (folder === undefined) return () => undefined;
  for (const left of readdirSync(disk)) {
    if (left.startsWith(name) && !isAlive(Number(left.slice(name.length)))) removeFolder(join(disk, left));
  }
  mkdirSync(folder, { recursive: true });
  return () => {
    removeFolder(folder);
  };
}

function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
