/** Recordings as a network reads them: frames, filled up with zeros to the length of the longest. */
import type { AudioDataset } from '../../data/audio/audio-dataset.ts';
import type { PipelineInput } from '../../nn/block.ts';
import { LabError } from '../../../shared/errors.ts';
import type { Feeds, PredictionQuery, PreviewItem } from '../task.ts';

/** Lengths are multiples of this: few programs, and groups of frames that come out even. */
const LENGTH_STEP = 12;

export function framesInput({ manifest }: AudioDataset): Extract<PipelineInput, { kind: 'frames' }> {
  const length = Math.ceil(manifest.longest / LENGTH_STEP) * LENGTH_STEP;
  return { kind: 'frames', length, features: manifest.options.bands };
}

/** Undefined stands for no recording. */
export function frameFeeds(dataset: AudioDataset, recordings: readonly (number | undefined)[]): Feeds {
  const { length, features } = framesInput(dataset);
  const frames = new Float32Array(recordings.length * length * features);
  const mask = new Float32Array(recordings.length * length);
  for (const [row, recording] of recordings.entries()) {
    // A recurrence needs a first step, even of nothing.
    const values = recording === undefined ? new Float32Array(features) : dataset.frames(recording);
    frames.set(values, row * length * features);
    mask.fill(1, row * length, row * length + values.length / features);
  }
  return { frames, mask };
}

/** A question's recording in a batch of one. Throws `LabError('bad-input')` for one that is longer than the model reads. */
export function queryFeeds({ recording }: Pick<PredictionQuery, 'recording'>, input: PipelineInput): Feeds {
  if (!recording || input.kind !== 'frames') throw new LabError('bad-input', 'this model needs a recording');
  const { length, features } = input;
  const count = recording.frames.length / features;
  if (count > length) {
    throw new LabError(
      'bad-input',
      `the recording has ${count} frames; this model reads ${length}, as long as the longest that it was trained on`,
    );
  }
  const frames = new Float32Array(length * features);
  frames.set(recording.frames);
  return { frames, mask: new Float32Array(length).fill(1, 0, count) };
}

/** Deviations from the mean that are drawn black and white. */
const DRAWN = 2.5;

/** The frames as a picture, low bands at the bottom. */
export function drawFrames(values: Float32Array, bands: number): Extract<PreviewItem, { kind: 'image' }> {
  const width = values.length / bands;
  const pixels = new Uint8Array(values.length);
  for (let frame = 0; frame < width; frame += 1) {
    for (let band = 0; band < bands; band += 1) {
      const brightness = (values[frame * bands + band]! + DRAWN) / (2 * DRAWN);
      pixels[(bands - 1 - band) * width + frame] = Math.round(255 * Math.min(1, Math.max(0, brightness)));
    }
  }
  return { kind: 'image', width, height: bands, channels: 1, pixels };
}
