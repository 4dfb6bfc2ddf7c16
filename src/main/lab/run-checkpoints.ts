/** The checkpoints of a run as pages list them, and the gradient norms that were recorded with them. */
import { stat } from 'node:fs/promises';
import { checkpointFolder, listCheckpoints } from '../workspace/checkpoint-folders.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import type { GradientRecord } from '../workspace/training-records.ts';
import { folderBytes } from './materials.ts';

/**
 * In the order of their steps.
 *
 * @param best the step of the best one, where it is known
 */
export async function describeCheckpoints({ checkpoints }: RunFolder, best: number | undefined) {
  const steps = await listCheckpoints(checkpoints);
  return Promise.all(
    steps.map(async (step, index) => {
      const folder = checkpointFolder(checkpoints, step);
      const { mtimeMs } = await stat(folder);
      return {
        step,
        folder,
        bytes: await folderBytes(folder),
        savedAt: mtimeMs,
        best: step === best,
        last: index === steps.length - 1,
      };
    }),
  );
}

/** A line for each part of the network: its gradient norm at every recorded step, null where there is none. */
export function gradientNorms(records: readonly GradientRecord[]) {
  const names = [...new Set(records.flatMap(({ norms }) => Object.keys(norms)))];
  return {
    steps: records.map(({ step }) => step),
    parts: names.map((name) => ({ name, norms: records.map(({ norms }) => norms[name] ?? null) })),
  };
}
