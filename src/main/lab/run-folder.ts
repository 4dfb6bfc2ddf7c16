/**
 * The folder of a run: all that the trainer and everyone else have in common, and enough to show everything about it.
 *
 *     spec.json      the experiment, complete with defaults; `pretext run` takes it as it is
 *     events.jsonl   what happened, appended as it happens
 *     checkpoints/   step-N folders
 *     result.json    written once, at the end
 *     artifacts/     origin.json, facts.json, transfer.json, tokenizer.json, pictures
 *     lock           while a trainer works on it
 */
import { appendFileSync, closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { LabError, messageOf } from '../../shared/errors.ts';
import type { NewRunEvent, RunEvent } from '../../shared/spec/run/events.ts';
import { runEvent } from '../../shared/spec/run/events.ts';
import { asDiskFull, replaceFile } from '../training/durable-folder.ts';

export interface RunFolder {
  readonly id: string;
  readonly folder: string;
  readonly spec: string;
  readonly events: string;
  readonly checkpoints: string;
  readonly result: string;
  readonly artifacts: string;
  readonly origin: string;
  readonly facts: string;
  readonly transfer: string;
  readonly tokenizer: string;
  readonly lock: string;
}

export function runFolder(folder: string): RunFolder {
  const artifacts = join(folder, 'artifacts');
  return {
    id: basename(folder),
    folder,
    spec: join(folder, 'spec.json'),
    events: join(folder, 'events.jsonl'),
    checkpoints: join(folder, 'checkpoints'),
    result: join(folder, 'result.json'),
    artifacts,
    origin: join(artifacts, 'origin.json'),
    facts: join(artifacts, 'facts.json'),
    transfer: join(artifacts, 'transfer.json'),
    tokenizer: join(artifacts, 'tokenizer.json'),
    lock: join(folder, 'lock'),
  };
}

/** Where a run's material, weights and tokenizer came from, fixed when it was created. */
export const runOrigin = z.strictObject({
  formatVersion: z.literal(1),
  id: z.string(),
  createdAt: z.iso.datetime(),
  data: z.strictObject({ kind: z.string(), name: z.string(), contentHash: z.string() }),
  /** The checkpoint or file that the backbone starts from. */
  weights: z.strictObject({ label: z.string(), file: z.string() }).nullable(),
  tokenizer: z.strictObject({ label: z.string(), sha256: z.string() }).nullable(),
});
export type RunOrigin = z.infer<typeof runOrigin>;

/** Reads one of our JSON files. Throws `LabError('not-found' | 'corrupt')`. */
export async function readJson<Content>(file: string, schema: z.ZodType<Content>): Promise<Content> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new LabError('not-found', `${file} is missing or cannot be read (${messageOf(error)})`, { file }, error);
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new LabError('corrupt', `${file} is damaged: ${messageOf(error)}`, { file }, error);
  }
}

export async function writeJson(file: string, value: unknown): Promise<void> {
  await replaceFile(file, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * The events of a run, oldest first. Lines that a killed trainer left half-written, and events that a newer lab knows, are
 * passed over.
 */
export async function readEvents({ events }: RunFolder): Promise<readonly RunEvent[]> {
  const text = await readFile(events, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = runEvent.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return [];
    }
  });
}

/** Opens the event log for appending. A half-written last line is cut off, so that the next one is whole. */
export function openEventLog(run: RunFolder, now: () => number = Date.now): (event: NewRunEvent) => RunEvent {
  dropPartialLine(run.events);
  return (event) => {
    const stamped: RunEvent = { time: now(), ...event };
    try {
      appendFileSync(run.events, `${JSON.stringify(stamped)}\n`);
    } catch (error) {
      throw asDiskFull(error, run.events) ?? error;
    }
    return stamped;
  };
}

function dropPartialLine(file: string): void {
  const handle = openSync(file, 'a+');
  try {
    let { size } = fstatSync(handle);
    const byte = Buffer.alloc(1);
    while (size > 0) {
      readSync(handle, byte, 0, 1, size - 1);
      if (byte[0] === 0x0a) break;
      size--;
    }
    ftruncateSync(handle, size);
  } finally {
    closeSync(handle);
  }
}

/** The locks of this process: its own number in a lock file may be left over from another one. */
const held = new Set<string>();

const lockContent = z.object({ pid: z.int(), host: z.string() });

/** True while a trainer works on the run. A lock of a process that is gone does not count. */
export async function isLocked({ lock }: RunFolder): Promise<boolean> {
  const text = await readFile(lock, 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  let owner;
  try {
    owner = lockContent.parse(JSON.parse(text));
  } catch {
    return false; // half-written by a process that was killed
  }
  if (owner.host !== hostname()) return true; // nothing is known of processes elsewhere
  return owner.pid === process.pid ? held.has(lock) : isAlive(owner.pid);
}

/** Keeps other trainers off a run until the returned function is called. Throws `LabError('conflict')`. */
export async function lockRun(run: RunFolder): Promise<() => Promise<void>> {
  if (await isLocked(run)) {
    throw new LabError('conflict', `The run ${run.id} is being trained by another process (see ${run.lock})`, {
      run: run.id,
    });
  }
  await rm(run.lock, { force: true });
  const content = JSON.stringify({ pid: process.pid, host: hostname() });
  await writeFile(run.lock, content, { flag: 'wx' }).catch((error: unknown) => {
    throw new LabError('conflict', `Another process has just begun to train the run ${run.id}`, { run: run.id }, error);
  });
  held.add(run.lock);
  return async () => {
    held.delete(run.lock);
    await rm(run.lock, { force: true });
  };
}

/** Whether there is a process of this number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'; // alive, and someone else's
  }
}
