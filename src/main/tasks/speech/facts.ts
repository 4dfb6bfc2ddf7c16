/** What a voice is made of beside its weights: kept with a run, which must not need its data again to speak. */
import type { FrameOptions } from '../../../shared/spec/manifests/audio-dataset.ts';

export interface SpeechFacts {
  /** The characters that occur, sorted; the token of a character is its place here, counted from 1. */
  readonly alphabet: readonly string[];
  /** Those of them that are in texts of the validation and the test alone; none where there is no such character. */
  readonly unheard?: readonly string[] | undefined;
  /** Frames of the longest recording, a multiple of those that are made at once. */
  readonly length: number;
  readonly frames: FrameOptions;
  /** Of each band, over the training recordings. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  /** Natural logarithm of the energy below which all is silence. */
  readonly floor: number;
}
