/** Recordings with what is said in them, as a voice learns from them: characters as tokens, frames of one scale. */
import { LabError } from '../../../shared/errors.ts';
import { plural } from '../../../shared/display.ts';
import type { Feeds, SamplerSetup } from '../task.ts';
import type { LabelledLines, LabelledLineSettings } from '../transcription/labelled-lines.ts';
import { openLabelledLines } from '../transcription/labelled-lines.ts';
import type { SpeechFacts } from './facts.ts';

export interface VoiceSettings extends LabelledLineSettings {
  readonly stepFrames: number;
  readonly dynamicRange: number;
}

export interface VoiceMaterial {
  readonly lines: LabelledLines;
  readonly facts: SpeechFacts;
  /** What one step makes: the frames, side by side. Undefined stands for no recording. */
  feeds(recordings: readonly (number | undefined)[]): Feeds;
  /** Log energies [frames, bands] of a recording. */
  frames(recording: number): Float32Array;
  close(): void;
}

/** Recordings whose frames are looked at for the scale of bands. */
const SCALED_BY = 2000;
/** Bands that vary less are constant. */
const LEAST_DEVIATION = 1e-3;

/** Throws `LabError('bad-input')` for frames that sound cannot be made of, and recordings that are too short for what is said. */
export function openVoiceMaterial(
  setup: Pick<
    SamplerSetup<VoiceSettings>,
    'dataFolder' | 'options' | 'splitSeed' | 'labelSeed' | 'excludedFromTest' | 'images'
  >,
): VoiceMaterial {
  const { stepFrames, dynamicRange, longest } = setup.options;
  const lines = openLabelledLines(setup);
  const { material, alphabet, sides } = lines;
  try {
    const { input, audio } = material.facts(sides.training);
    if (input.kind !== 'frames' || !audio) throw new LabError('internal', 'a voice is made of recordings');
    if (audio.normalise) {
      throw new LabError(
        'bad-input',
        'speech-synthesis needs frames that keep their loudness, and each recording of this dataset was normalised by itself. Import it again with --frame-option normalise=false (on the page: switch off “normalise”); --frame-option bands=64 --frame-option windowMilliseconds=40 --frame-option hopMilliseconds=12.5 suit speech',
      );
    }
    if (input.length % stepFrames !== 0) {
      throw new LabError('bad-spec', `stepFrames: ${stepFrames} does not divide 12; take 1, 2, 3, 4, 6 or 12`);
    }
    const bands = audio.bands;
    const frames = (recording: number): Float32Array => {
      const { frames: padded, mask } = material.feeds([recording]);
      const count = countOf(mask!); // recordings have both
      return Float32Array.from(padded!.subarray(0, count * bands));
    };
    const scale = scaleOf(Array.from(sides.training.subarray(0, SCALED_BY), frames), bands, dynamicRange);
    const heard = new Set(Array.from(sides.training, (recording) => lines.transcript(recording)).flat());
    const unheard = alphabet.filter((_, place) => !heard.has(place + 1));
    const facts: SpeechFacts = {
      ...{ alphabet, length: input.length, frames: audio },
      ...(unheard.length > 0 && { unheard }),
      ...scale,
    };
    const steps = input.length / stepFrames;
    const width = stepFrames * bands;
    const requireRoom = (recording: number, real: number): void => {
      const characters = lines.transcript(recording).length;
      if (characters <= real) return;
      throw new LabError(
        'bad-input',
        `${material.path(recording)} has ${plural(characters, 'character')} and ${plural(real, 'step')} of ${plural(stepFrames, 'frame')}, and each character lasts a step at least. Set task.stepFrames to less, or take the recording out`,
      );
    };
    return {
      lines,
      facts,
      frames,
      feeds(recordings) {
        const rows = recordings.length;
        const tokens = new Int32Array(rows * longest);
        const mask = new Float32Array(rows * longest);
        const wanted = new Float32Array(rows * steps * width);
        const stepMask = new Float32Array(rows * steps);
        const given = material.feeds(recordings);
        for (const [row, recording] of recordings.entries()) {
          // An alignment needs a first character and a first step, even of nothing.
          mask[row * longest] = 1;
          stepMask[row * steps] = 1;
          if (recording === undefined) continue;
          const labels = lines.transcript(recording);
          tokens.set(labels, row * longest);
          mask.fill(1, row * longest, row * longest + labels.length);
          const isReal = given.mask!.subarray(row * input.length, (row + 1) * input.length);
          const count = countOf(isReal);
          const real = Math.ceil(count / stepFrames);
          requireRoom(recording, real);
          stepMask.fill(1, row * steps, row * steps + real);
          for (let place = 0; place < real * width; place += 1) {
            const band = place % bands;
            const value = place < count * bands ? given.frames![row * steps * width + place]! : -Infinity;
            wanted[row * steps * width + place] =
              (Math.max(value, facts.floor) - facts.mean[band]!) / facts.deviation[band]!;
          }
        }
        const weights = Float32Array.from(recordings, (recording) => Number(recording !== undefined));
        return { tokens, segments: new Int32Array(tokens.length), mask, frames: wanted, stepMask, weights };
      },
      close: () => {
        material.close();
      },
    };
  } catch (error) {
    material.close();
    throw error;
  }
}

function countOf(flags: ArrayLike<number>): number {
  let count = 0;
  for (let place = 0; place < flags.length; place += 1) count += flags[place]!;
  return count;
}

/** Mean and deviation of each band where what is `dynamicRange` dB below the loudest counts as silence. */
function scaleOf(
  recordings: readonly Float32Array[],
  bands: number,
  dynamicRange: number,
): Pick<SpeechFacts, 'mean' | 'deviation' | 'floor'> {
  let loudest = -Infinity;
  for (const values of recordings) for (const value of values) loudest = Math.max(loudest, value);
  const floor = loudest - (dynamicRange * Math.LN10) / 10;
  const sums = new Float64Array(bands);
  const squares = new Float64Array(bands);
  let count = 0;
  for (const values of recordings) {
    count += values.length / bands;
    for (let place = 0; place < values.length; place += 1) {
      const value = Math.max(values[place]!, floor);
      sums[place % bands]! += value;
      squares[place % bands]! += value ** 2;
    }
  }
  const mean = Array.from(sums, (sum) => sum / count);
  const deviation = Array.from(squares, (square, band) =>
    Math.max(LEAST_DEVIATION, Math.sqrt(Math.max(0, square / count - mean[band]! ** 2))),
  );
  return { mean, deviation, floor };
}

/** Tokens of a text as a network reads them. Throws `LabError('bad-input')` that names what it cannot say. */
export function tokensOfText(
  text: string,
  { alphabet, unheard = [] }: Pick<SpeechFacts, 'alphabet' | 'unheard'>,
  longest: number,
): Int32Array {
  const characters = Array.from(text.normalize('NFC').trim().replace(/\s+/gu, ' '));
  if (characters.length === 0) throw new LabError('bad-input', 'Give a text to speak; this one is empty');
  const tokenOf = new Map(alphabet.map((character, index) => [character, index + 1]));
  for (const character of unheard) tokenOf.delete(character);
  const tokens = characters.map(
    (character) =>
      tokenOf.get(character) ?? tokenOf.get(character.toLowerCase()) ?? tokenOf.get(character.toUpperCase()),
  );
  const unknown = [...new Set(characters.filter((_, index) => tokens[index] === undefined))];
  if (unknown.length > 0) {
    const names = unknown.map((character) => `'${character}'`).join(', ');
    throw new LabError(
      'bad-input',
      `The voice has never heard ${names}. It knows ${[...tokenOf.keys()].map((character) => `'${character}'`).join(' ')}: write numbers and signs as words`,
      { unknown },
    );
  }
  if (characters.length > longest) {
    throw new LabError(
      'bad-input',
      `The text has ${characters.length} characters, and the voice reads ${longest} at once (task.longest when it was trained). Speak it in parts`,
    );
  }
  const result = new Int32Array(longest);
  result.set(tokens.filter((token) => token !== undefined));
  return result;
}
