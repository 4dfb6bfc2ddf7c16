/** A checkpoint that is damaged is no dead end: the run goes on from the one before it, and comes to the same bits. */
import { LabError, isLabError, messageOf } from '../../shared/errors.ts';
import { finishReplacements, removeFolder } from '../files/durable-folder.ts';
import { sweepOwn } from '../files/sweep.ts';
import { checkpointFolder, listCheckpoints } from '../workspace/checkpoint-folders.ts';
import type { Checkpoint } from './checkpoints.ts';
import { readCheckpoint, verifyCheckpoint } from './checkpoints.ts';

/**
 * The last checkpoint of a run, for its trainer: what a killed one has left half-written is removed first. Undefined where there is
 * none. Throws `LabError('corrupt')` for one that is damaged, with `details.before`: the step of the latest whole one before it.
 */
export async function readLastCheckpoint(run: string, checkpoints: string): Promise<Checkpoint | undefined> {
  await finishReplacements(checkpoints);
  await sweepOwn(checkpoints);
  const last = (await listCheckpoints(checkpoints)).at(-1);
  if (last === undefined) return undefined;
  try {
    return await readCheckpoint(checkpointFolder(checkpoints, last));
  } catch (error) {
    if (isLabError(error, 'format-version')) throw error;
    throw await damagedCheckpoint(run, checkpoints, last, error);
  }
}

/** What to say of a checkpoint that cannot be used, with the way on. */
export async function damagedCheckpoint(
  run: string,
  checkpoints: string,
  step: number,
  cause: unknown,
): Promise<LabError> {
  const before = await lastWholeBefore(checkpoints, step);
  const way =
    before === undefined
      ? 'There is no whole one before it: start a new run'
      : `The one of step ${before} is whole: go on from it with 'pretext run ${run} --resume --checkpoint ${before}'`;
  return new LabError(
    'corrupt',
    `The checkpoint of step ${step} cannot be used. ${messageOf(cause)}. ${way}`,
    { run, step, ...(before !== undefined && { before }) },
    cause,
  );
}

async function lastWholeBefore(checkpoints: string, step: number): Promise<number | undefined> {
  const earlier = (await listCheckpoints(checkpoints)).filter((other) => other < step);
  for (const candidate of earlier.reverse()) if (await isWhole(checkpoints, candidate)) return candidate;
  return undefined;
}

async function isWhole(checkpoints: string, step: number): Promise<boolean> {
  return verifyCheckpoint(checkpointFolder(checkpoints, step)).then(
    () => true,
    () => false,
  );
}

/**
 * Removes the checkpoints after `step`, so that the run goes on from there; it passes them again. Only where one of them is damaged:
 * whole ones are work that nobody means to lose. Throws `LabError('not-found' | 'conflict' | 'corrupt')`.
 */
export async function goBackTo(run: string, checkpoints: string, step: number): Promise<void> {
  const steps = await listCheckpoints(checkpoints);
  if (!steps.includes(step)) {
    throw new LabError('not-found', `The run ${run} has no checkpoint of step ${step}. It has: ${steps.join(', ')}`, {
      run,
    });
  }
  await verifyCheckpoint(checkpointFolder(checkpoints, step));
  const later = steps.filter((other) => other > step);
  const areWhole = await Promise.all(later.map((other) => isWhole(checkpoints, other)));
  if (later.length > 0 && areWhole.every(Boolean)) {
    throw new LabError(
      'conflict',
      `The checkpoints of ${run} after step ${step} are whole (${later.join(', ')}): the run goes on from the last one`,
      { run, step },
    );
  }
  for (const other of later) await removeFolder(checkpointFolder(checkpoints, other));
}
