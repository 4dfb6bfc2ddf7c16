/** A recording that a person chose, as the frames that the network reads. */
import decodeWav from '@audio/decode-wav';
import { logMelFrames } from '../main/data/audio/log-mel.ts';
import type { PredictionQuery, TaskFacts } from '../main/tasks/index.ts';

export type PageRecording = NonNullable<PredictionQuery['recording']>;

/** WAV is read as the lab reads it; what else there is, is left to the browser. Throws an `Error` for what is no sound. */
export async function readRecording(file: Blob, options: NonNullable<TaskFacts['audio']>): Promise<PageRecording> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const isWav = String.fromCharCode(...bytes.subarray(0, 4)) === 'RIFF';
  const { channels, rate } = isWav ? readWav(bytes) : await readByBrowser(bytes);
  const [first] = channels;
  if (!first) throw new Error('There is no sound in it');
  const samples = first.map(
    (_, index) => channels.reduce((sum, channel) => sum + (channel[index] ?? 0), 0) / channels.length,
  );
  return { frames: logMelFrames(samples, rate, options) };
}

interface Sound {
  readonly channels: readonly Float32Array[];
  readonly rate: number;
}

function readWav(bytes: Uint8Array): Sound {
  const { channelData, sampleRate } = decodeWav(bytes);
  return { channels: channelData, rate: sampleRate };
}

async function readByBrowser(bytes: Uint8Array<ArrayBuffer>): Promise<Sound> {
  const context = new OfflineAudioContext(1, 1, 44_100);
  const decoded = await context.decodeAudioData(bytes.buffer);
  const channels = Array.from({ length: decoded.numberOfChannels }, (_, channel) => decoded.getChannelData(channel));
  return { channels, rate: decoded.sampleRate };
}
