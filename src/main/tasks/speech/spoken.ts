/** What a network says: its frames up to the end of the last character, and the sound of them. */
import { LabError } from '../../../shared/errors.ts';
import { soundOfFrames, soundRate } from '../../data/audio/griffin-lim.ts';
import type { TensorData } from '../task.ts';
import type { SpeechFacts } from './facts.ts';

export interface SpokenFrames {
  /** Log energies [frames, bands]. */
  readonly frames: Float32Array;
  /** Of each character, in frames. */
  readonly durations: readonly number[];
  /** The speech is longer than the network can make: its end is missing. */
  readonly isTruncated: boolean;
}

/** Outputs `spoken` [batch, steps, features] and `durations` [batch, places] of one row. */
export function spokenFrames(
  { spoken, durations }: TensorData,
  row: number,
  characters: number,
  stepFrames: number,
  { frames: { bands } }: SpeechFacts,
): SpokenFrames {
  if (!spoken || !durations) throw new LabError('internal', "the program has no outputs 'spoken' and 'durations'");
  const [, steps, width] = spoken.shape as readonly [number, number, number]; // as the task builds it
  const places = durations.shape[1] ?? 0;
  const lasting = Array.from(
    durations.data.subarray(row * places, row * places + characters),
    (one) => one * stepFrames,
  );
  const total = lasting.reduce((sum, one) => sum + one, 0);
  const most = steps * stepFrames;
  const count = Math.min(most, Math.max(1, Math.round(total)));
  const start = row * steps * width;
  return {
    frames: Float32Array.from(spoken.data.subarray(start, start + count * bands)),
    durations: lasting,
    isTruncated: total > most,
  };
}

export interface Speech {
  readonly rate: number;
  readonly samples: Float32Array<ArrayBuffer>;
}

export function speechOf(frames: Float32Array, { frames: options }: SpeechFacts): Speech {
  const rate = soundRate(options);
  return { rate, samples: soundOfFrames(frames, rate, options).samples };
}
