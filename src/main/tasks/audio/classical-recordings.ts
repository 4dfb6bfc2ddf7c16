/** What classical methods read of labelled recordings: each band's mean and spread, over the whole and over parts of it. */
import type { AudioDataset } from '../../data/audio/audio-dataset.ts';
import { denseFeatures } from '../baselines/features.ts';
import type { DenseFeatures } from '../baselines/features.ts';
import type { LabelledClasses } from '../classification/labelled-classes.ts';
import { labelsBySide } from '../classification/labelled-classes.ts';
import { bySide } from '../labelled/sides.ts';
import type { LabelledFeatures } from '../linear/classes.ts';

/** Numbers of equal parts in time that a recording is described by. */
const PARTS = [1, 4, 8];

export function classicalRecordings(labelled: LabelledClasses & { readonly dataset: AudioDataset }): LabelledFeatures {
  const { dataset, sides } = labelled;
  return {
    labels: labelsBySide(labelled),
    classes: dataset.classes,
    candidates: PARTS.map((parts) => ({
      name: parts === 1 ? 'mean and spread of the bands' : `mean and spread of the bands in ${parts} parts`,
      features: () => bySide((side) => describeAll(dataset, sides[side], parts)),
    })),
    close: () => {
      dataset.close();
    },
  };
}

function describeAll(dataset: AudioDataset, recordings: Uint32Array, parts: number): DenseFeatures {
  const { bands } = dataset.manifest.options;
  const columns = parts * bands * 2;
  const values = new Float32Array(recordings.length * columns);
  for (const [row, index] of recordings.entries()) {
    values.set(bandStatistics(dataset.frames(index), bands, parts), row * columns);
  }
  return denseFeatures(values, recordings.length, columns);
}

/**
 * Mean and standard deviation of each band in each part.
 * @param frames row-major [frames, bands]
 * @returns [parts, bands, 2], flat; a part without frames (of a recording shorter than the parts) has its nearest frame
 */
export function bandStatistics(frames: Float32Array, bands: number, parts: number): Float32Array {
  const count = frames.length / bands;
  const result = new Float32Array(parts * bands * 2);
  if (count === 0) return result;
  for (let part = 0; part < parts; part += 1) {
    const first = Math.min(count - 1, Math.floor((part * count) / parts));
    const end = Math.max(first + 1, Math.floor(((part + 1) * count) / parts));
    for (let band = 0; band < bands; band += 1) {
      let sum = 0;
      let squares = 0;
      for (let frame = first; frame < end; frame += 1) {
        const value = frames[frame * bands + band]!;
        sum += value;
        squares += value ** 2;
      }
      const mean = sum / (end - first);
      result[(part * bands + band) * 2] = mean;
      result[(part * bands + band) * 2 + 1] = Math.sqrt(Math.max(0, squares / (end - first) - mean ** 2));
    }
  }
  return result;
}
