/** The processes of this machine, for tests and scripts that start some and have to see them end before their folder is removed. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface ListedProcess {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Its program and arguments, or what it calls itself. */
  readonly words: string;
}

/** Without those that have ended and that nobody has asked about. None on Windows, which has no `ps`. */
export function listProcesses(): readonly ListedProcess[] {
  if (process.platform === 'win32') return [];
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,pgid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, parent, group, state = '', words = ''] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined || state.startsWith('Z')) return [];
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), words }];
  });
}

/** Whether a process works in a folder, has a file of it open, or names it as what it does; on Linux, for processes of this user. */
export function worksIn(folder: string, { pid, words }: ListedProcess): boolean {
  const place = `${folder}/`;
  return words.includes(place) || openPlaces(pid).some((path) => path === folder || path.startsWith(place));
}

function openPlaces(pid: number): readonly string[] {
  const own = `/proc/${pid}`;
  try {
    const files = readdirSync(join(own, 'fd')).map((name) => join(own, 'fd', name));
    return [join(own, 'cwd'), ...files].map((link) => readlinkSync(link));
  } catch {
    return []; // it has ended meanwhile, or is somebody else's
  }
}

/** Those that a list has for `isMeant`, with all that they have started. */
export function withDescendants(
  all: readonly ListedProcess[],
  isMeant: (listed: ListedProcess) => boolean,
): ReadonlySet<number> {
  const found = new Set(all.filter(isMeant).map(({ pid }) => pid));
  for (let grew = true; grew;) {
    const more = all.filter(({ pid, parent }) => found.has(parent) && !found.has(pid));
    grew = more.length > 0;
    for (const { pid } of more) found.add(pid);
  }
  return found;
}

/**
 * Resolves when no process is left that `isMeant` names; what is there after `patience` milliseconds is killed. Throws where even that
 * does not end them.
 */
export async function whenEnded(isMeant: (listed: ListedProcess) => boolean, patience = 20_000): Promise<void> {
  const deadline = performance.now() + patience;
  for (;;) {
    const left = listProcesses().filter(isMeant);
    if (left.length === 0) return;
    const over = performance.now() - deadline;
    if (over > 20_000) throw new Error(`These do not end: ${left.map(({ words }) => words).join('; ')}`);
    if (over > 0) for (const { pid } of left) sendSignal(pid, 'SIGKILL');
    await wait(50);
  }
}

/** Ends a process at once, and resolves when it has ended. */
export async function killAndWait(pid: number): Promise<void> {
  sendSignal(pid, 'SIGKILL');
  await whenEnded((listed) => listed.pid === pid);
}

/** Nothing happens to one that is gone. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone already
  }
}
