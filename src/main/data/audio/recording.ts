/**
 * Sound files, brought to one channel: WAV with PCM of 8 to 32 bits, floating point, A-law, µ-law or ADPCM; FLAC, MP3 and Ogg
 * Vorbis. What a file is, is told by its first bytes.
 */
import decodeWav from '@audio/decode-wav';
import { messageOf } from '../../../shared/errors.ts';
import { SkipFile } from '../import/skip-file.ts';
import { plainWav } from './wav-chunks.ts';

export interface Recording {
  /** Between −1 and 1, the mean of all channels. */
  readonly samples: Float32Array;
  /** Samples a second. */
  readonly rate: number;
}

interface Decoded {
  readonly channelData: readonly Float32Array[];
  readonly sampleRate: number;
  readonly errors?: readonly { readonly message: string }[];
}

type SoundFormat = 'wav' | 'flac' | 'mp3' | 'ogg';

const TITLES: Readonly<Record<SoundFormat, string>> = { wav: 'WAV', flac: 'FLAC', mp3: 'MP3', ogg: 'Ogg Vorbis' };

/** Slower or faster is no sound but a damaged header. */
const [slowest, fastest] = [1000, 768_000];
/** What is said of a file by name. */
const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/^RIFX/, 'is a WAV file in big-endian order; convert it to plain WAV'],
  [/^riff\x2e\x91/, 'is a Wave64 file; convert it to WAV or FLAC'],
  [/^FORM[^]{4}AIF/, 'is an AIFF file; convert it to WAV or FLAC'],
  [/^[^]{4}ftyp/, 'is an MP4 file (AAC or film); convert it to WAV or FLAC'],
  [/^\x30\x26\xb2\x75/, 'is a Windows Media file; convert it to WAV or FLAC'],
  [/^OggS[^]{24,60}OpusHead/, 'is an Ogg file with Opus; convert it to WAV or FLAC'],
  [/^#!AMR/, 'is an AMR file; convert it to WAV or FLAC'],
  [/^\.snd/, 'is a Sun audio file; convert it to WAV or FLAC'],
  [/^MThd/, 'is a MIDI file, which has notes and no sound'],
];

/** Whether a name says that it is a recording that the lab decodes. */
export function isSoundName(path: string): boolean {
  return /\.(?:wave?|bwf|rf64|flac|mp3|ogg|oga)$/i.test(path);
}

/** Whether a name says sound, of any kind: those that are not decoded are reported, and not passed over. */
export function looksLikeSound(path: string): boolean {
  return isSoundName(path) || /\.(?:aiff?|aifc|m4a|aac|opus|wma|amr|au|snd|w64|mid)$/i.test(path);
}

function formatOf(bytes: Uint8Array): SoundFormat | undefined {
  const start = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
  if (/^(?:RIFF|RF64|BW64)[^]{4}WAVE/.test(start)) return 'wav';
  if (start.startsWith('fLaC')) return 'flac';
  if (/^OggS[^]{24,60}\x01vorbis/.test(start)) return 'ogg';
  if (start.startsWith('ID3')) return 'mp3';
  return bytes[0] === 0xff && (bytes[1]! & 0xe6) === 0xe2 ? 'mp3' : undefined;
}

async function decodeBytes(bytes: Uint8Array, format: SoundFormat): Promise<Decoded> {
  if (format === 'wav') {
    const plain = plainWav(bytes);
    if (plain === undefined) throw new SkipFile('empty', 'has no samples, or its header is cut off');
    return decodeWav(plain);
  }
  if (format === 'mp3') {
    const { MPEGDecoder } = await import('mpg123-decoder');
    return withDecoder(new MPEGDecoder(), (decoder) => decoder.decode(bytes));
  }
  if (format === 'flac') {
    const { FLACDecoder } = await import('@wasm-audio-decoders/flac');
    const decoded = await withDecoder(new FLACDecoder(), (decoder) => decoder.decodeFile(withNextHeader(bytes)));
    return { ...decoded, errors: [...(decoded.errors ?? []), ...missingSamples(bytes, decoded)] };
  }
  const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis');
  return withDecoder(new OggVorbisDecoder(), (decoder) => decoder.decodeFile(bytes));
}

/** Where the number of samples is in a FLAC file, which begins with this block; 0 where its writer did not know it. */
const FLAC_TOTAL = 21;

/** A frame that is cut off or damaged is passed over by the decoder without a word. */
function missingSamples(bytes: Uint8Array, { channelData: [first] }: Decoded): { readonly message: string }[] {
  if (bytes.length < FLAC_TOTAL + 5) return [];
  const total = Buffer.from(bytes.subarray(FLAC_TOTAL, FLAC_TOTAL + 5)).readUIntBE(0, 5) % 2 ** 36;
  const found = first?.length ?? 0;
  if (found === 0 || found >= total) return [];
  return [{ message: `${total - found} of its ${total} samples are missing; is it cut off?` }];
}

/** Of a frame of FLAC, at most: sync, sizes, a number of up to seven bytes, and their checksum. */
const FLAC_HEADER_BYTES = 16;

/**
 * The decoder takes a frame for whole when it sees the header of the next one, so the last frame of a file would be lost: the
 * header of the first one is put behind it.
 */
function withNextHeader(bytes: Uint8Array): Uint8Array {
  let position = 4;
  for (let isLast = false; !isLast && position + 4 <= bytes.length;) {
    isLast = (bytes[position]! & 0x80) !== 0;
    position += 4 + ((bytes[position + 1]! << 16) | (bytes[position + 2]! << 8) | bytes[position + 3]!);
  }
  const header = bytes.subarray(position, position + FLAC_HEADER_BYTES);
  const result = new Uint8Array(bytes.length + header.length);
  result.set(bytes);
  result.set(header, bytes.length);
  return result;
}

async function withDecoder<Decoder extends { readonly ready: Promise<void>; free(): void }>(
  decoder: Decoder,
  decode: (decoder: Decoder) => Decoded | Promise<Decoded>,
): Promise<Decoded> {
  await decoder.ready;
  try {
    return await decode(decoder);
  } finally {
    decoder.free();
  }
}

/** @throws SkipFile `unsupported` and `damaged` for what is no such file or cannot be decoded, `empty` without a sample */
export async function decodeRecording(bytes: Uint8Array): Promise<Recording> {
  const format = formatOf(bytes);
  if (format === undefined) {
    const start = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
    const known = OTHER_KINDS.find(([pattern]) => pattern.test(start));
    throw new SkipFile(
      known ? 'unsupported' : 'damaged',
      known?.[1] ?? 'is not a WAV, FLAC, MP3 or Ogg Vorbis file that the lab can decode',
    );
  }
  let decoded: Decoded;
  try {
    decoded = await decodeBytes(bytes, format);
  } catch (error) {
    if (error instanceof SkipFile) throw error;
    const message = `is not a ${TITLES[format]} file that the lab can decode: ${messageOf(error)}`;
    throw new SkipFile('damaged', message, null, error);
  }
  const { channelData, sampleRate: rate, errors = [] } = decoded;
  const [first, ...others] = channelData;
  if (errors.length > 0) {
    throw new SkipFile(
      'damaged',
      `is a damaged ${TITLES[format]} file: ${errors[0]?.message ?? 'it cannot be decoded'}`,
    );
  }
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
