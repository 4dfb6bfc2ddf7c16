/**
 * The folder of a run: all that the trainer and everyone else have in common, and enough to show everything about it.
 *
 *     spec.json      the experiment, complete with defaults; `pretext run` takes it as it is
 *     events.jsonl   what happened, appended as it happens
 *     checkpoints/   step-N folders
 *     result.json    written once, at the end
 *     SHA256SUMS     of everything that does not change any more; lines of events have checks of their own
 *     artifacts/     origin.json, facts.json, transfer.json, tokenizer.json, tuning.json, answers.json, scores.json, pictures
 *     trials/        trainings by which settings were chosen, without checkpoints
 *     lock           while a trainer works on it; `stop` asks it to stop, trainer.log is what it wrote on stderr
 */
import { appendFileSync, closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { LabError, messageOf, reasonOf } from '../../shared/errors.ts';
import type { NewRunEvent, RunEvent } from '../../shared/spec/run/events.ts';
import { runEvent } from '../../shared/spec/run/events.ts';
import { asDiskFull, syncFileSync } from '../files/durable-file.ts';
import type { ListedSums } from '../files/checksums.ts';
import { checksumOf, replaceListed, verifyText } from '../files/checksums.ts';
import { textOf } from '../files/file-exists.ts';
import { sealLine, unsealLine } from '../files/sealed-lines.ts';
import { holdsLock, ownerOfLock, takeLock } from '../files/process-lock.ts';

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
  readonly tuning: string;
  readonly answers: string;
  /** Probabilities of a classifier; see runs/scores-file.ts. */
  readonly scores: string;
  readonly lock: string;
  /** Asks the trainer of a lab to stop, by being there. */
  readonly stop: string;
  /** What the trainer wrote on stderr. */
  readonly output: string;
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
    tuning: join(artifacts, 'tuning.json'),
    answers: join(artifacts, 'answers.json'),
    scores: join(artifacts, 'scores.json'),
    lock: join(folder, 'lock'),
    stop: join(folder, 'stop'),
    output: join(folder, 'trainer.log'),
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

/**
 * Reads one of our JSON files, and compares it with its checksum where its folder has one, or with those that were read before. Throws
 * `LabError('not-found' | 'corrupt')`.
 */
export async function readJson<Content>(file: string, schema: z.ZodType<Content>, sums?: ListedSums): Promise<Content> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new LabError('not-found', `${file} cannot be read: ${reasonOf(error)}`, { file }, error);
  }
  const expected = sums ? sums(file) : await checksumOf(file);
  if (expected !== undefined) verifyText(file, text, expected);
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new LabError('corrupt', `${file} is damaged: ${messageOf(error)}`, { file }, error);
  }
}

/** Where a checksum is known of the file, it is that of the new content then. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await replaceListed(file, `${JSON.stringify(value, null, 2)}\n`);
}

export interface ParsedEvents {
  readonly events: readonly RunEvent[];
  /** Whole lines that are not what was written, and are left out. */
  readonly damaged: number;
}

/** Events that a newer lab knows are passed over. */
export function parseEvents(lines: readonly string[]): ParsedEvents {
  const events: RunEvent[] = [];
  let damaged = 0;
  for (const line of lines) {
    if (line === '') continue;
    const value = unsealLine(line);
    const parsed = runEvent.safeParse(value);
    if (parsed.success) events.push(parsed.data);
    else if (value === undefined) damaged += 1;
  }
  return { events, damaged };
}

/** The events of a run, oldest first. A last line that a killed trainer left half-written is passed over. */
export async function readEventLog({ events }: RunFolder): Promise<ParsedEvents> {
  const text = (await textOf(events)) ?? '';
  return parseEvents(text.slice(0, text.lastIndexOf('\n') + 1).split('\n'));
}

export async function readEvents(run: RunFolder): Promise<readonly RunEvent[]> {
  return (await readEventLog(run)).events;
}

/** After these, all that was told until then is forced to the disk; the others are many, and come again when a run goes on. */
const lastingEvents: ReadonlySet<string> = new Set<RunEvent['type']>(['checkpoint', 'stopped', 'failed', 'finished']);

/** Opens the event log for appending. A half-written last line is cut off, so that the next one is whole. */
export function openEventLog(run: RunFolder, now: () => number = Date.now): (event: NewRunEvent) => RunEvent {
  dropPartialLine(run.events);
  return (event) => {
    const stamped: RunEvent = { time: now(), ...event };
    try {
      appendFileSync(run.events, `${sealLine(stamped)}\n`);
      if (lastingEvents.has(event.type)) syncFileSync(run.events);
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

/** True while a trainer works on the run. A lock of a process that is gone does not count. */
export async function isLocked({ lock }: RunFolder): Promise<boolean> {
  return (await ownerOfLock(lock)) !== undefined;
}

/** Keeps other trainers off a run until the returned function is called. Throws `LabError('conflict')`. */
export function lockRun(run: RunFolder, about: { readonly trainer?: boolean } = {}): Promise<() => Promise<void>> {
  return takeLock(
    run.lock,
    () =>
      new LabError('conflict', `The run ${run.id} is being trained by another process (see ${run.lock})`, {
        run: run.id,
      }),
    about,
  );
}

/** Before a trainer writes. Throws `LabError('conflict')` where another one has taken the run since it was locked. */
export function requireHeldRun({ id, lock }: RunFolder): void {
  if (holdsLock(lock)) return;
  throw new LabError(
    'conflict',
    `The run ${id} was taken over by another process: this one gave no sign of life for too long. Nothing more of it is written here`,
    { run: id },
  );
}
