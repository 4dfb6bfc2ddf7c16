// Runs that are stopped and go on, to compare with the same ones in one piece.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRun } from '../src/main/runs/create-run.ts';
import { trainRun } from '../src/main/runs/train-run.ts';
import { checkpointFolder } from '../src/main/workspace/checkpoint-folders.ts';
import type { RunFolder } from '../src/main/workspace/run-folder.ts';
import type { Workspace } from '../src/main/workspace/workspace.ts';
import type { Experiment } from '../src/shared/spec/experiment/index.ts';

/** Trains, stopped as soon as each of `stops` is reached. */
async function trainWithStops(workspace: Workspace, run: RunFolder, stops: readonly number[]): Promise<void> {
  for (const last of stops) {
    const control = new AbortController();
    const onStep = (step: number): void => {
      if (step >= last) control.abort();
    };
    await trainRun(workspace, run, { signal: control.signal, onStep, prefetch: false });
  }
  await trainRun(workspace, run, { signal: new AbortController().signal, prefetch: false });
}

/** Weights and moments after the last step, as their files have them. */
async function lastBits({ checkpoints }: RunFolder, step: number): Promise<readonly Buffer[]> {
  const files = ['model.safetensors', 'optimizer.safetensors'];
  return Promise.all(files.map((file) => readFile(join(checkpointFolder(checkpoints, step), file))));
}

/** What four steps of an experiment end with, in one piece, and stopped after the first and the third. */
export async function bitsWithAndWithoutStops(workspace: Workspace, experiment: Experiment) {
  const steps = 4;
  const short = { ...experiment, training: { ...experiment.training, steps, checkpointEvery: 2, evaluateEvery: 2 } };
  const [whole, stopped] = [await createRun(workspace, short), await createRun(workspace, short)];
  await trainWithStops(workspace, whole, []);
  await trainWithStops(workspace, stopped, [1, 3]);
  return { whole: await lastBits(whole, steps), stopped: await lastBits(stopped, steps) };
}
