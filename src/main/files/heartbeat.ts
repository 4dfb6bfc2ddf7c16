/**
 * Signs of life of the locks that this process holds, for other computers and other containers, which can see the file and not the
 * process. A thread of its own gives them: a training step is native code that may keep this one busy for long.
 */
import { rm, stat, writeFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { unlessAbsent } from './file-exists.ts';

const beatMilliseconds = 5000;
/** Without a sign of life for so long, the owner is gone. */
export const silenceMilliseconds = 30_000;
/** Locks that are held for a moment only need none. */
const startMilliseconds = 2000;

// The first byte is written again, so that the time is that of the disk that all share. A lock that is another's by now is let go.
const beat = `
const { parentPort, workerData: { every } } = require('node:worker_threads');
const { readFileSync, openSync, writeSync, closeSync } = require('node:fs');
const locks = new Map();
parentPort.on('message', ({ file, text }) => { if (text === null) locks.delete(file); else locks.set(file, text); });
setInterval(() => {
  for (const [file, text] of locks) {
    try {
      if (!readFileSync(file, 'utf8').startsWith(text)) { locks.delete(file); continue; }
      const handle = openSync(file, 'r+');
      try { writeSync(handle, '{', 0); } finally { closeSync(handle); }
    } catch (error) {
      if (error.code === 'ENOENT') locks.delete(file);
    }
  }
}, every);
`;

let thread: Worker | undefined;

/** Gives signs of life for a lock until the returned function is called; `text` is how its content begins. */
export function keepBeating(file: string, text: string): () => void {
  const timer = setTimeout(() => {
    thread ??= startThread();
    thread.postMessage({ file, text });
  }, startMilliseconds);
  timer.unref();
  return () => {
    clearTimeout(timer);
    thread?.postMessage({ file, text: null });
  };
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
  const found = await unlessAbsent(stat(file));
  return found !== undefined && (await diskTime(file)) - found.mtimeMs < silenceMilliseconds;
}

async function diskTime(file: string): Promise<number> {
  const probe = `${file}.time-${process.pid}`;
  try {
    await writeFile(probe, '');
    return (await stat(probe)).mtimeMs;
  } catch {
    return Date.now(); // where nothing can be written
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}
