/** Sound files: WAV with PCM of 8 to 32 bits, floating point, A-law, µ-law or ADPCM, brought to one channel. */
import decode from '@audio/decode-wav';
import { messageOf } from '../../../shared/errors.ts';
import { SkipFile } from '../import/skip-file.ts';

export interface Recording {
  /** Between −1 and 1, the mean of all channels. */
  readonly samples: Float32Array;
  /** Samples a second. */
  readonly rate: number;
}

/** Slower or faster is no sound but a damaged header. */
const [slowest, fastest] = [1000, 768_000];

/** @throws SkipFile `damaged` for what is no WAV file or cannot be decoded, `empty` without a sample */
export function decodeRecording(bytes: Uint8Array): Recording {
  let decoded: ReturnType<typeof decode>;
  try {
    decoded = decode(bytes);
  } catch (error) {
    throw new SkipFile('damaged', `is not a WAV file that the lab can decode: ${messageOf(error)}`, null, error);
  }
  const { channelData, sampleRate: rate } = decoded;
  const [first, ...others] = channelData;
  if (!first || first.length === 0) throw new SkipFile('empty', 'has no samples, or its header is cut off');
  if (!(rate >= slowest && rate <= fastest)) {
    throw new SkipFile('damaged', `says that it has ${rate} samples a second; is its header damaged?`);
  }
  const samples = others.length === 0 ? first : mixed(channelData);
  if (!samples.every(Number.isFinite)) throw new SkipFile('damaged', 'holds samples that are no numbers');
  return { samples, rate };
}

function mixed(channels: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array(0)] = channels;
  return first.map((_, index) => channels.reduce((sum, channel) => sum + channel[index]!, 0) / channels.length);
}
