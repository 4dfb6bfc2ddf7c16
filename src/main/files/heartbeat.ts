/**
 * Signs of life of the locks that this process holds, for other computers and other containers, which can see the file and not the
 * process. A thread of its own gives them: a training step is native code that may keep this one busy for long.
 */
import { readFileSync } from 'node:fs';
import { open, rm, stat, writeFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { unlessAbsent } from './file-exists.ts';
import { uniqueName } from './unique-name.ts';

const beatMilliseconds = 5000;
/** Without a sign of life for so long, the owner is gone. */
export const silenceMilliseconds = 30_000;
/** Locks that are held for a moment only need none. */
const startMilliseconds = 2000;

/** Places in what a lock and the thread share: whether it was lost, and the last sign of life in seconds since it was taken. */
const [lostPlace, beatPlace] = [0, 1] as const;

// The first byte is written again, so that the time is that of the disk that all share. A lock that is another's by now is let go.
const beat = `
const { parentPort, workerData: { every } } = require('node:worker_threads');
const { readFileSync, openSync, writeSync, closeSync } = require('node:fs');
const locks = new Map();
const lose = (file) => { Atomics.store(locks.get(file).shared, ${lostPlace}, 1); locks.delete(file); };
parentPort.on('message', ({ file, lock }) => { if (lock === null) locks.delete(file); else locks.set(file, lock); });
setInterval(() => {
  for (const [file, { text, since, shared }] of locks) {
    try {
      if (!readFileSync(file, 'utf8').startsWith(text)) { lose(file); continue; }
      const handle = openSync(file, 'r+');
      try { writeSync(handle, '{', 0); } finally { closeSync(handle); }
      Atomics.store(shared, ${beatPlace}, Math.floor((Date.now() - since) / 1000));
    } catch (error) {
      if (error.code === 'ENOENT') lose(file);
    }
  }
}, every);
`;

let thread: Worker | undefined;

export interface Heartbeat {
  /**
   * False once the lock is another's, or gone: a process that stood still for long (a suspended computer, a disk that did not
   * answer) was taken for dead, and must not write any more.
   */
  holds(): boolean;
  end(): void;
}

/** Gives signs of life for a lock until it is ended; `text` is how its content begins. */
export function keepBeating(file: string, text: string): Heartbeat {
  const since = Date.now();
  const shared = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const timer = setTimeout(() => {
    thread ??= startThread();
    thread.postMessage({ file, lock: { text, since, shared } });
  }, startMilliseconds);
  timer.unref();
  return {
    holds() {
      if (Atomics.load(shared, lostPlace) === 1) return false;
      const silence = Date.now() - since - Atomics.load(shared, beatPlace) * 1000;
      if (silence < silenceMilliseconds / 2 && silence >= 0) return true;
      if (isOurs(file, text)) return true;
      Atomics.store(shared, lostPlace, 1);
      return false;
    },
    end() {
      clearTimeout(timer);
      thread?.postMessage({ file, lock: null });
    },
  };
}

function isOurs(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'utf8').startsWith(text);
  } catch {
    return false;
  }
}

function startThread(): Worker {
  const worker = new Worker(beat, {
    eval: true,
    workerData: { every: beatMilliseconds },
    stdout: false,
    stderr: false,
  });
  worker.unref(); // it keeps no process alive
  worker.on('error', () => {
    thread = undefined;
  });
  return worker;
}

/** Whether a lock gave a sign of life lately, by the clock of the disk that it is on. */
export async function isBeating(file: string): Promise<boolean> {
  // Opened, because NFS answers for names alone from what it remembers, and asks its server for files that are opened.
  const handle = await unlessAbsent(open(file, 'r'));
  if (!handle) return false;
  try {
    const { mtimeMs, dev } = await handle.stat();
    return (await diskTime(file, dev)) - mtimeMs < silenceMilliseconds;
  } finally {
    await handle.close();
  }
}

/** By device, how far its clock is ahead of ours: asked once a minute, and not for each of hundreds of locks. */
const ahead = new Map<number, { readonly milliseconds: number; readonly at: number }>();
const keepMilliseconds = 60_000;

async function diskTime(file: string, device: number): Promise<number> {
  const known = ahead.get(device);
  const age = known ? performance.now() - known.at : Infinity;
  // The system's clock may have been set since; the other one goes on by itself.
  if (known && age < keepMilliseconds) return known.milliseconds + performance.now();
  const probe = `${file}.time-${uniqueName()}`;
  try {
    await writeFile(probe, '');
    const { mtimeMs } = await stat(probe);
    ahead.set(device, { milliseconds: mtimeMs - performance.now(), at: performance.now() });
    return mtimeMs;
  } catch {
    return Date.now(); // where nothing can be written
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}
