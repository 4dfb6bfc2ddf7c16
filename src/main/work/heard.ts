/** Speech for a page: to be heard, and seen as a spectrogram with its characters. */
import type { Answer } from '../../shared/contract/demos.ts';
import { wavBytes } from '../data/audio/write-wav.ts';
import type { SpokenAnswer } from '../tasks/index.ts';
import { drawFrames } from '../tasks/audio/frames.ts';
import { pictureOf } from './pictures.ts';

/** Of the longer side of the spectrogram, in pixels. */
const LARGEST = 1200;

export async function heardOf(speech: SpokenAnswer, isTruncated: boolean): Promise<NonNullable<Answer['speech']>> {
  const { samples, rate, frames, bands, secondsPerFrame, characters } = speech;
  const seconds = samples.length / rate;
  let end = 0;
  return {
    sound: `data:audio/wav;base64,${Buffer.from(wavBytes(samples, rate)).toString('base64')}`,
    seconds,
    spectrogram: await spectrogramOf(frames, bands),
    characters: characters.map(({ character, frames: lasting }) => {
      const from = end;
      end = Math.min(seconds, from + lasting * secondsPerFrame);
      return { character, from, to: end };
    }),
    isTruncated,
  };
}

/** Shades over all that it holds, loud parts bright. */
function spectrogramOf(frames: Float32Array, bands: number): ReturnType<typeof pictureOf> {
  const mean = frames.reduce((sum, value) => sum + value, 0) / frames.length;
  const square = frames.reduce((sum, value) => sum + (value - mean) ** 2, 0) / frames.length;
  const deviation = Math.max(1e-3, Math.sqrt(square));
  const { pixels, width, height } = drawFrames(
    frames.map((value) => (value - mean) / deviation),
    bands,
  );
  return pictureOf(pixels, { width, height, channels: 1 }, LARGEST);
}
