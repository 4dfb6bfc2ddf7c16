/** Whether there is room for what a run writes. A full disk in the middle of a checkpoint is the worst time to find out. */
import { statfs } from 'node:fs/promises';
import { formatBytes } from '../../shared/display.ts';
import { LabError } from '../../shared/errors.ts';

/** Kept free for the system and for the lab's own database. */
export const reserveBytes = 256 * 1024 ** 2;

export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Less than this is used up by the first thing that is written. */
const fullBytes = 1024 ** 2;

/** Whether nothing can be written any more. */
export async function isDiskFull(folder: string): Promise<boolean> {
  return (await freeBytes(folder)) < fullBytes;
}

/** Why there is too little room for a lab to work with; null when there is enough. */
export async function shortOfSpace(folder: string, neededBytes: number): Promise<string | null> {
  const why = await describeShortage(folder, neededBytes + reserveBytes);
  return why === null ? null : `${why}. Free some space, for example by deleting runs, and let the queue go on`;
}

/** Throws `LabError('disk-full')` where so many bytes cannot be written. */
export async function requireSpace(
  folder: string,
  neededBytes: number,
  advice = 'Free some space and go on',
): Promise<void> {
  const why = await describeShortage(folder, neededBytes);
  if (why !== null) throw new LabError('disk-full', `${why}. ${advice}`, { folder, neededBytes });
}

async function describeShortage(folder: string, neededBytes: number): Promise<string | null> {
  const free = await freeBytes(folder);
  if (free >= neededBytes) return null;
  return `There are ${formatBytes(free)} left on the disk of ${folder}, and ${formatBytes(neededBytes)} are needed`;
}

interface CheckpointFields {
  readonly keepCheckpoints: number;
  readonly weightAverage: number;
}

/** Bytes of one checkpoint: the weights, two moments of each and an average where there is one, in float32. */
export function checkpointBytes(
  parameters: number,
  { weightAverage }: Pick<CheckpointFields, 'weightAverage'>,
): number {
  return (weightAverage > 0 ? 4 : 3) * 4 * parameters;
}

/** Bytes of the checkpoints that a run has at a time: best, last, the one being written, and those that are kept besides. */
export function runBytes(parameters: number, training: CheckpointFields): number {
  return checkpointBytes(parameters, training) * (3 + training.keepCheckpoints);
}
