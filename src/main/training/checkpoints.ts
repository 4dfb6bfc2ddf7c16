/**
 * Checkpoints: `step-N/` with the model, the optimizer's moments and what the loop has to know to go on as if it had never
 * stopped. Each appears whole or not at all; old ones are removed only when the new one is on the disk.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError, reasonOf } from '../../shared/errors.ts';
import type { EngineState } from '../engines/engine.ts';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.ts';
import type { Verdict } from '../files/checksums.ts';
import { formatChecksums, readChecksums, verifyFiles } from '../files/checksums.ts';
import { replaceFile, writeFileDurably } from '../files/durable-file.ts';
import { prepareFolder, removeFolder, replaceFolder } from '../files/durable-folder.ts';
import { fileExists } from '../files/file-exists.ts';
import { sealJson, unsealJson } from '../files/sealed-json.ts';
import { sweepOwn } from '../files/sweep.ts';
import { checkpointFolder, listCheckpoints } from '../workspace/checkpoint-folders.ts';
import { earlyStoppingState, initialEarlyStoppingState } from './early-stopping.ts';

/** Of 2 are checkpoints with checksums: `SHA256SUMS` for the tensors, and a seal in state.json. */
const stateVersion = 2;
const stateName = 'state.json';
const modelName = 'model.safetensors';
const optimizerName = 'optimizer.safetensors';

/** Where the loop stands. Batches, masks and dropout are functions of the seed and the step, so nothing more is needed. */
export const trainingProgress = z.strictObject({
  formatVersion: z.literal([1, stateVersion]),
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
  selection: initialEarlyStoppingState,
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
  const stateText = sealJson({ ...progress, formatVersion: stateVersion });
  const prepared = await prepareFolder(
    folder,
    async (temporary) => {
      await writeSafetensors(join(temporary, modelName), state.parameters, metadata);
      await writeSafetensors(join(temporary, optimizerName), state.optimizer, metadata);
      await writeFileDurably(join(temporary, stateName), stateText);
    },
    new Set([stateName]),
  );
  if (await holdsSameTensors(folder, prepared)) {
    // Saved again at the same step, after an evaluation that had been left in its middle: the tensors stay where they are.
    await replaceFile(join(folder, stateName), stateText);
    await removeFolder(prepared);
  } else await replaceFolder(prepared, folder);
  return folder;
}

async function holdsSameTensors(folder: string, prepared: string): Promise<boolean> {
  const [there, wanted] = [await readChecksums(folder).catch(() => undefined), await readChecksums(prepared)];
  if (!there || !wanted || formatChecksums(there) !== formatChecksums(wanted)) return false;
  return verifyFiles(folder).then(
    () => true,
    () => false, // damaged: the new one takes its place
  );
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

/**
 * Everything that training continues from, compared with its checksums. Throws `LabError('not-found' | 'corrupt' |
 * 'format-version')`.
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const progress = await readProgress(folder);
  const parameters = await readCheckpointWeights(folder);
  await verifyFiles(folder, [optimizerName]);
  const { tensors: optimizer } = await readSafetensors(join(folder, optimizerName));
  return { state: { parameters, optimizer, updates: progress.updates }, progress };
}

/** The weights alone, compared with their checksum. Throws as `readCheckpoint`. */
export async function readCheckpointWeights(folder: string): Promise<EngineState['parameters']> {
  await verifyFiles(folder, [modelName]);
  return (await readSafetensors(join(folder, modelName))).tensors;
}

/** Throws as `readCheckpoint` where something of it is damaged or missing. */
export async function verifyCheckpoint(folder: string): Promise<Verdict> {
  await readProgress(folder);
  for (const name of [modelName, optimizerName]) {
    if (!(await fileExists(join(folder, name)))) {
      throw new LabError('corrupt', `${join(folder, name)} is damaged: it is not there`, { folder });
    }
  }
  return verifyFiles(folder);
}

export async function readProgress(folder: string): Promise<TrainingProgress> {
  const file = join(folder, stateName);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new LabError('not-found', `The checkpoint ${folder} cannot be read: ${reasonOf(error)}`, { folder }, error);
  });
  if (isNewer(text)) {
    throw new LabError('format-version', `${file} was written by a newer lab. Update this one.`, { file });
  }
  const parsed = trainingProgress.safeParse(unsealJson(file, text));
  if (!parsed.success) {
    throw new LabError('corrupt', `${file} is damaged: ${z.prettifyError(parsed.error)}`, { file }, parsed.error);
  }
  return parsed.data;
}

/** A newer lab may seal its files otherwise. */
function isNewer(text: string): boolean {
  try {
    return z.object({ formatVersion: z.int().min(stateVersion + 1) }).safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

/** Removes all but the last, the best and the `keep` latest others, and what a killed process has left half-written. */
export async function pruneCheckpoints(checkpoints: string, bestStep: number | null, keep: number): Promise<void> {
  await sweepOwn(checkpoints);
  const steps = await listCheckpoints(checkpoints);
  const kept = new Set(steps.slice(-1 - keep));
  for (const step of steps) {
    if (!kept.has(step) && step !== bestStep) {
      await removeFolder(checkpointFolder(checkpoints, step));
    }
  }
}
