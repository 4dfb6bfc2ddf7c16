/** Going on with a run: as it was, or for longer. Nothing else of it can change, because its steps so far were made with the rest. */
import { rm } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { LabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { storedExperiment } from '../../shared/spec/experiment/index.ts';
import { fileExists } from '../files/file-exists.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { readJson, writeJson } from '../workspace/run-folder.ts';

/**
 * Makes a run ready to go on towards `wanted`. Throws `LabError('conflict')`: for settings that cannot change any more, for fewer
 * steps than before, and for a run that is finished when no more steps are asked for.
 */
export async function prepareResume(
  run: RunFolder,
  wanted: Experiment,
  { checkpoint }: { readonly checkpoint?: number } = {},
): Promise<void> {
  const trained = await readJson(run.spec, storedExperiment);
  const before = lengthOf(trained);
  const after = lengthOf(wanted);
  const { tensorboard, histograms } = wanted.training; // change nothing of what is trained
  const recorded = { ...trained, training: { ...trained.training, tensorboard, histograms } };
  const sameOtherwise = { ...recorded, training: { ...recorded.training, [before.unit]: after.count } };
  if (before.unit !== after.unit || !isDeepStrictEqual(plain(wanted), plain(sameOtherwise))) {
    throw new LabError(
      'conflict',
      `The run ${run.id} was started with other settings (see ${run.spec}). Only its length can change: leave the others out to go on with it, or leave --resume out to start a new run`,
      { run: run.id },
    );
  }
  if (after.count < before.count) {
    const message = `The run ${run.id} was started for ${before.count} ${before.unit}: it can be made longer, not shorter`;
    throw new LabError('conflict', message, { run: run.id });
  }
  const isFinished = await fileExists(run.result);
  if (after.count === before.count) {
    if (!isFinished || checkpoint !== undefined) {
      if (!isDeepStrictEqual(plain(recorded), plain(trained))) await writeJson(run.spec, wanted);
      return; // steps that are taken back are trained again
    }
    throw new LabError(
      'conflict',
      `The run ${run.id} is finished already: 'pretext show ${run.id}' shows its result. To train it longer, add --set training.${before.unit}=… with more than ${before.count}`,
      { run: run.id },
    );
  }
  await writeJson(run.spec, wanted);
  if (isFinished) await rm(run.result, { force: true }); // of the shorter training
}

function lengthOf({ training: { steps, epochs } }: Experiment): {
  readonly unit: 'steps' | 'epochs';
  readonly count: number;
} {
  return steps === undefined ? { unit: 'epochs', count: epochs ?? 0 } : { unit: 'steps', count: steps };
}

/** Without undefined members. */
function plain(experiment: Experiment): unknown {
  return JSON.parse(JSON.stringify(experiment)) as unknown; // parse is typed any
}
