/** Deleting studies and sweeps: their files, and their runs where these are to go too, are moved aside at once, so that one undo brings all back. */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import { fileExists } from '../../files/file-exists.ts';
import type { Lab } from '../../lab/lab.ts';
import type { RunRecord } from '../../lab/store/run-record.ts';
import { isUnderWay } from './runs-of.ts';

export interface Discarded {
  readonly kind: 'study' | 'sweep';
  readonly name: string;
  /** Files and folders, there or not. */
  readonly files: readonly string[];
  /** All runs that were made for it. */
  readonly records: readonly RunRecord[];
}

const about = z.object({ kind: z.enum(['study', 'sweep']), name: z.string() });

/** Throws `LabError('conflict')` while one of the runs waits or is trained. */
export async function discardWork(
  lab: Lab,
  { kind, name, files, records }: Discarded,
  withRuns: boolean,
): Promise<{ undo: string; runs: number }> {
  const busy = records.find((record) => isUnderWay(record));
  if (busy) {
    const how = busy.state === 'queued' ? 'waits in the queue' : 'is being trained';
    throw new LabError('conflict', `The run ${busy.id} of the ${kind} ${name} ${how}. Stop the ${kind} first`, {
      name,
      run: busy.id,
    });
  }
  const there = await Promise.all(files.map((file) => fileExists(file)));
  const runs = withRuns ? records : [];
  const undo = await lab.trash.discard(
    [...files.filter((_, place) => there[place]), ...runs.map(({ id }) => lab.runs.folder(id).folder)],
    { kind, name },
  );
  await changed(lab);
  return { undo, runs: runs.length };
}

/** Throws `LabError('not-found' | 'conflict')`. */
export async function restoreWork(lab: Lab, undo: string): Promise<{ name: string }> {
  const { name } = about.parse(await lab.trash.restore(undo));
  await changed(lab);
  return { name };
}

async function changed({ runs, queue, changes }: Lab): Promise<void> {
  await runs.scan(queue.isOurs);
  changes.emit('runs'); // also where no run went: lists of studies and sweeps are read again
}
