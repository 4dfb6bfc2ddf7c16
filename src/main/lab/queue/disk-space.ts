/** Whether there is room for what a run writes. A full disk in the middle of a checkpoint is the worst time to find out. */
import { statfs } from 'node:fs/promises';
import { formatBytes } from '../../../shared/display.ts';

/** Kept free for the system and for the lab's own database. */
export const reserveBytes = 256 * 1024 ** 2;

export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Why there is too little room; null when there is enough. */
export async function shortOfSpace(folder: string, neededBytes: number): Promise<string | null> {
  const free = await freeBytes(folder);
  if (free >= neededBytes + reserveBytes) return null;
  return `There are ${formatBytes(free)} left on the disk of ${folder}, and ${formatBytes(neededBytes + reserveBytes)} are needed. Free some space, for example by deleting runs, and let the queue go on`;
}

/** Bytes of the checkpoints that a network of so many parameters has at a time: best, last, the one being written, and more. */
export function checkpointBytes(parameters: number, kept: number): number {
  const weightsAndMoments = 3 * 4 * parameters;
  return weightsAndMoments * (3 + kept);
}
