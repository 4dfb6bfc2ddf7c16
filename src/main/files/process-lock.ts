/**
 * Lock files of processes: who works on a run, who has a workspace open. A process that is killed leaves its lock behind, so a lock
 * counts only while its owner lives, and a number that the system has given to another process since is not taken for the owner.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, uptime } from 'node:os';
import { z } from 'zod';
import { errorCode, LabError, reasonOf } from '../../shared/errors.ts';
import { asDiskFull, replaceFile } from './durable-file.ts';
import { textOf } from './file-exists.ts';
import type { Heartbeat } from './heartbeat.ts';
import { isBeating, keepBeating } from './heartbeat.ts';
import { uniqueName } from './unique-name.ts';

const lockOwner = z.object({
  pid: z.int(),
  host: z.string(),
  /** When the process began, in a form of the system's own; absent where it does not tell. */
  born: z.string().optional(),
  /** Of the start of the system, and of the numbers of processes that the owner sees: containers have their own. */
  boot: z.string().optional(),
  space: z.string().optional(),
  /** Whether the owner gives signs of life (heartbeat.ts). */
  beats: z.boolean().optional(),
  /** A trainer that a lab started: it goes on without it, and another lab may take it over. */
  trainer: z.boolean().optional(),
  /** Where a lab answers that serves its workspace to browsers. */
  origin: z.string().optional(),
});
export type LockOwner = z.infer<typeof lockOwner>;

/** Locks of this process: its own number in a lock may be left over from another one. */
const held = new Map<string, Heartbeat>();

/**
 * Whether this process still holds a lock that it has taken. One that stood still for so long that others took it for dead has lost
 * what it held, and must write nothing more under it.
 */
export function holdsLock(file: string): boolean {
  return held.get(file)?.holds() ?? false;
}

/** Who has it; undefined where there is no lock, or one of a process that is gone. */
export async function ownerOfLock(file: string): Promise<LockOwner | undefined> {
  const owner = parseLock((await textOf(file)) ?? '');
  return owner && (await isLiving(owner, file)) ? owner : undefined;
}

/**
 * Takes the lock until the returned function is called. Throws what `taken` makes of its owner, and `LabError('disk-full' |
 * 'bad-input')` where the file cannot be written.
 */
export async function takeLock(
  file: string,
  taken: (owner: LockOwner | undefined) => LabError,
  about: Pick<LockOwner, 'trainer'> = {},
): Promise<() => Promise<void>> {
  const text = await textOf(file);
  const owner = text === undefined ? undefined : parseLock(text);
  if (owner && (await isLiving(owner, file))) throw taken(owner);
  const content = JSON.stringify({ ...thisProcess(), ...about });
  try {
    if (text === undefined) await createWhole(file, content);
    else await replaceStale(file, text, content);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw taken(await ownerOfLock(file));
    throw (
      asDiskFull(error, file) ?? new LabError('bad-input', `${file} cannot be written: ${reasonOf(error)}`, {}, error)
    );
  }
  const heartbeat = keepBeating(file, JSON.stringify(thisProcess()).slice(0, -1));
  held.set(file, heartbeat);
  return async () => {
    const isOurs = heartbeat.holds();
    heartbeat.end();
    held.delete(file);
    if (isOurs) await rm(file, { force: true });
  };
}

/** Errors of file systems without hard links, such as FAT and some that programs provide. */
const withoutLinks: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Creates a file that must not be there, in one step with what it says: on a shared folder a file that is created and then written is
 * seen empty by other computers, who would take it for one of a process that was killed. Throws `EEXIST`.
 */
async function createWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${uniqueName()}.partial`;
  try {
    await writeFile(temporary, text, { flag: 'wx' });
    await link(temporary, file);
  } catch (error) {
    if (withoutLinks.has(errorCode(error))) {
      await writeFile(file, text, { flag: 'wx' });
      return;
    }
    // The answer of a server may be lost and the question asked again: it was we who created it then (open(2), O_EXCL).
    const links = await stat(temporary).then(
      ({ nlink }) => nlink,
      () => 0,
    );
    if (errorCode(error) !== 'EEXIST' || links !== 2) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Says in a lock of ours where its lab answers. */
export async function publishOrigin(file: string, origin: string): Promise<void> {
  await replaceFile(file, JSON.stringify({ ...thisProcess(), origin }));
}

/** Whether there is a process of this number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM'; // alive, and someone else's
  }
}

function thisProcess(): LockOwner {
  const born = systemStatus('self')?.born;
  return { pid: process.pid, host: hostname(), ...(born !== undefined && { born }), ...thisPlace(), beats: true };
}

/** On Linux: which start of the system this is, and whose numbers of processes (random(4), pid_namespaces(7)). */
function thisPlace(): Pick<LockOwner, 'boot' | 'space'> {
  try {
    return {
      boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      space: readlinkSync('/proc/self/ns/pid'),
    };
  } catch {
    return {};
  }
}

/** Whether the number of the owner means the same here as there: then the system knows whether it lives. */
function isNear({ host, boot, space }: LockOwner): boolean {
  const here = thisPlace();
  if (boot === undefined || here.boot === undefined) return host === hostname();
  return boot === here.boot && space === here.space; // whatever the computer is called by now
}

function parseLock(text: string): LockOwner | undefined {
  try {
    return lockOwner.parse(JSON.parse(text));
  } catch {
    return undefined; // half-written by a process that was killed
  }
}

/** Clocks of files and of the system are compared: they may be this far apart. */
const tolerance = 60_000;

async function isLiving(owner: LockOwner, file: string): Promise<boolean> {
  const { pid, born } = owner;
  // Of processes elsewhere only their signs of life are known; those of older labs give none.
  if (!isNear(owner)) return owner.beats === true ? isBeating(file) : true;
  if (pid === process.pid) return held.has(file);
  if (!isAlive(pid)) return false;
  const found = systemStatus(pid);
  // A process that has ended keeps its number until its parent asks how (a zombie, Z), in some containers for ever.
  if (found?.state === 'Z' || found?.state === 'X') return false;
  if (born !== undefined && found?.born !== undefined) return born === found.born;
  // Elsewhere than on Linux: a lock from before the last start of the system.
  const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: 0 }));
  return mtimeMs > Date.now() - uptime() * 1000 - tolerance;
}

/**
 * On Linux (proc(5), after the name in parentheses): the letter of the state, and the clock ticks from the start of the system to
 * that of the process. Undefined elsewhere, and for a process that is not there.
 */
function systemStatus(pid: number | 'self'): { readonly state?: string; readonly born?: string } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    const [state, born] = [fields[0], fields[19]];
    return { ...(state !== undefined && { state }), ...(born !== undefined && { born }) };
  } catch {
    return undefined;
  }
}

/** What is done under it takes a moment; one that is older is of a process that was killed. */
const breakerMilliseconds = 10_000;

/**
 * Several processes may find the same lock stale: only the one that has the lock's breaker removes it, or else the lock that the first
 * one has just taken would be removed by the second. Throws `EEXIST` for the others.
 */
async function replaceStale(file: string, staleText: string, content: string): Promise<void> {
  const breaker = `${file}.break.partial`;
  try {
    await createWhole(breaker, content);
  } catch (error) {
    const age = Date.now() - (await stat(breaker).catch(() => ({ mtimeMs: Infinity }))).mtimeMs;
    if (errorCode(error) === 'EEXIST' && age > breakerMilliseconds + tolerance) await rm(breaker, { force: true });
    throw error;
  }
  try {
    await setAside(file, staleText);
    await createWhole(file, content);
  } finally {
    await rm(breaker, { force: true });
  }
}

async function setAside(file: string, staleText: string): Promise<void> {
  if ((await textOf(file)) !== staleText) return;
  const aside = `${file}.${uniqueName()}.partial`;
  try {
    await rename(file, aside);
  } catch {
    return; // gone already
  }
  // Its owner may have come back and gone, and another one come, between the look and the renaming.
  if ((await readFile(aside, 'utf8')) !== staleText) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}
