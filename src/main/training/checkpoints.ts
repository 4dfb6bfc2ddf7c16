/**
 * Checkpoints: `step-N/` with the model, the optimizer's moments and what the loop has to know to go on as if it had never
 * stopped. Each appears whole or not at all; old ones are removed only when the new one is on the disk.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError, messageOf, reasonOf } from '../../shared/errors.ts';
import type { EngineState } from '../engines/engine.ts';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.ts';
import { writeFileDurably } from '../files/durable-file.ts';
import { removeTemporaries, writeFolder } from '../files/durable-folder.ts';
import { checkpointFolder, listCheckpoints } from '../workspace/checkpoint-folders.ts';
import { earlyStoppingState } from './early-stopping.ts';

const stateVersion = 1;

/** Where the loop stands. Batches, masks and dropout are functions of the seed and the step, so nothing more is needed. */
export const trainingProgress = z.strictObject({
  formatVersion: z.literal(stateVersion),
  /** Updates done. */
  step: z.int().min(0),
  /** The optimizer's own count, which its bias correction depends on. */
  updates: z.int().min(0),
  /** The best validation metric so far, its step, and how long ago that was. */
  selection: earlyStoppingState,
  /** True when the metric had stopped improving: the run is over. */
  stoppedEarly: z.boolean(),
  /** Spent in training steps so far. */
  trainingSeconds: z.number().min(0),
  /** The evaluation that is due at this step was stopped in its middle: it comes before the next step. */
  evaluationPending: z.literal(true).optional(),
});

export type TrainingProgress = z.infer<typeof trainingProgress>;

export const initialProgress: TrainingProgress = {
  formatVersion: stateVersion,
  step: 0,
  updates: 0,
  selection: { best: null, bestStep: null, evaluationsSinceBest: 0 },
  stoppedEarly: false,
  trainingSeconds: 0,
};

export interface Checkpoint {
  readonly state: EngineState;
  readonly progress: TrainingProgress;
}

/**
 * Writes `step-N` under the folder of checkpoints and returns its path. Throws `LabError('disk-full')`, and
 * `LabError('non-finite')` for weights that no one could go on with.
 */
export async function writeCheckpoint(checkpoints: string, { state, progress }: Checkpoint): Promise<string> {
  await requireFinite(checkpoints, state.parameters, progress.step);
  const folder = checkpointFolder(checkpoints, progress.step);
  const metadata = { format: 'pretext-lab', step: String(progress.step) };
  await writeFolder(folder, async (temporary) => {
    await writeSafetensors(join(temporary, 'model.safetensors'), state.parameters, metadata);
    await writeSafetensors(join(temporary, 'optimizer.safetensors'), state.optimizer, metadata);
    await writeFileDurably(join(temporary, 'state.json'), `${JSON.stringify(progress, null, 2)}\n`);
  });
  return folder;
}

/** A step whose loss was finite can still overflow in its update. */
async function requireFinite(checkpoints: string, parameters: EngineState['parameters'], step: number): Promise<void> {
  for (const [name, { data }] of parameters) {
    const bad = data instanceof Float32Array ? data.findIndex((value) => !Number.isFinite(value)) : -1;
    if (bad < 0) continue;
    const last = (await listCheckpoints(checkpoints)).at(-1);
    const way = last === undefined ? 'There is no checkpoint yet.' : `The last good checkpoint is step ${last}.`;
    throw new LabError(
      'non-finite',
      `Step ${step} has left a weight of '${name}' at ${data[bad]}, so it is not saved. ${way} A smaller learning rate, a longer warm-up or a smaller clipNorm usually help.`,
      { step, parameter: name, checkpoint: last },
    );
  }
}

/** Everything that training continues from. Throws `LabError('not-found' | 'corrupt' | 'format-version')`. */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const progress = await readProgress(folder);
  const { tensors: parameters } = await readSafetensors(join(folder, 'model.safetensors'));
  const { tensors: optimizer } = await readSafetensors(join(folder, 'optimizer.safetensors'));
  return { state: { parameters, optimizer, updates: progress.updates }, progress };
}

export async function readProgress(folder: string): Promise<TrainingProgress> {
  const file = join(folder, 'state.json');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new LabError('not-found', `The checkpoint ${folder} cannot be read: ${reasonOf(error)}`, { folder }, error);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LabError('corrupt', `${file} is damaged: ${messageOf(error)}`, { file }, error);
  }
  const version = z.object({ formatVersion: z.int() }).safeParse(value);
  if (version.success && version.data.formatVersion > stateVersion) {
    throw new LabError('format-version', `${file} was written by a newer lab. Update this one.`, { file });
  }
  const parsed = trainingProgress.safeParse(value);
  if (!parsed.success) {
    throw new LabError('corrupt', `${file} is damaged: ${z.prettifyError(parsed.error)}`, { file }, parsed.error);
  }
  return parsed.data;
}

/** Removes all but the last, the best and the `keep` latest others, and what a killed process has left half-written. */
export async function pruneCheckpoints(checkpoints: string, bestStep: number | null, keep: number): Promise<void> {
  await removeTemporaries(checkpoints);
  const steps = await listCheckpoints(checkpoints);
  const kept = new Set(steps.slice(-1 - keep));
  for (const step of steps) {
    if (!kept.has(step) && step !== bestStep) {
      await rm(checkpointFolder(checkpoints, step), { recursive: true, force: true });
    }
  }
}
