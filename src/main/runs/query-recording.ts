/** A sound file that a model is asked about, as the frames that the model was trained on. */
import { readFile } from 'node:fs/promises';
import { LabError, cannotRead, isLabError } from '../../shared/errors.ts';
import type { FrameOptions } from '../../shared/spec/manifests/audio-dataset.ts';
import { logMelFrames } from '../data/audio/log-mel.ts';
import { decodeRecording } from '../data/audio/recording.ts';
import { SkipFile } from '../data/import/skip-file.ts';
import type { PredictionQuery } from '../tasks/index.ts';

/** Throws `LabError('not-found')` for a file that cannot be read, `LabError('bad-input')` for one that is no usable sound. */
export async function readQueryRecording(
  file: string,
  options: FrameOptions,
): Promise<NonNullable<PredictionQuery['recording']>> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw cannotRead('recording', file, error);
  });
  return decodeQueryRecording(bytes, file, options);
}

/** The same from memory; `name` is for messages. */
export async function decodeQueryRecording(
  bytes: Uint8Array,
  name: string,
  options: FrameOptions,
): Promise<NonNullable<PredictionQuery['recording']>> {
  try {
    const { samples, rate } = await decodeRecording(bytes);
    return { frames: logMelFrames(samples, rate, options) };
  } catch (error) {
    if (error instanceof SkipFile || isLabError(error, 'bad-input')) {
      throw new LabError('bad-input', `${name} ${error.message}`, { name }, error);
    }
    throw error;
  }
}
