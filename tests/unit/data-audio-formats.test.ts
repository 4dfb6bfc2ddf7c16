import { createMp3Encoder, createOggEncoder } from 'wasm-media-encoders';
import { describe, expect, it } from 'vitest';
import { decodeRecording } from '../../src/main/data/audio/recording.ts';
import { tone, wavFile } from './audio-fixtures.ts';

const rate = 16_000;
const samples = tone(440, 0.25, rate);
const plain = Buffer.from(wavFile([samples], rate, { bits: 16 }));
const format = plain.subarray(12, 36);
const data = plain.subarray(36);

function chunk(id: string, content: Uint8Array, size = content.length): Buffer {
  const header = Buffer.alloc(8);
  header.write(id, 0, 'latin1');
  header.writeUInt32LE(size, 4);
  return Buffer.concat([header, content]);
}

function riff(chunks: readonly Uint8Array[], id = 'RIFF'): Buffer {
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  return chunk(id, body);
}

/** The samples of a 16-bit file, as the plain one has them. */
async function expectSamples(file: Uint8Array): Promise<void> {
  const read = await decodeRecording(file);
  const expected = await decodeRecording(plain);
  expect(read.rate).toBe(rate);
  expect(read.samples).toEqual(expected.samples);
}

describe('the chunks of a WAV file', () => {
  const pad = Buffer.alloc(1);
  const odd = chunk('LIST', Buffer.from('INFO!'));

  it.each([
    ['odd ones, padded, before the samples', [format, odd, pad, data]],
    ['odd ones that are not padded', [format, odd, data]],
    ['ones before the format', [chunk('JUNK', Buffer.alloc(28)), chunk('bext', Buffer.alloc(603)), pad, format, data]],
    ['the format after the samples', [data, format]],
    ['ones after the samples', [format, data, odd, pad, chunk('id3 ', Buffer.alloc(7))]],
  ])('may be %s', async (_what, chunks) => {
    await expectSamples(riff(chunks));
  });

  it('may have sizes of 64 bits, and sizes that their writer did not know', async () => {
    const long = Buffer.alloc(28);
    long.writeBigUInt64LE(BigInt(plain.length + 28), 0);
    long.writeBigUInt64LE(BigInt(data.length - 8), 8);
    await expectSamples(
      riff([chunk('ds64', long), format, chunk('data', data.subarray(8), 0xffff_ffff), odd, pad], 'RF64'),
    );
    for (const size of [0, 0xffff_ffff]) await expectSamples(riff([format, chunk('data', data.subarray(8), size)]));
  });

  it('must be there', async () => {
    await expect(decodeRecording(riff([format]))).rejects.toMatchObject({ reason: 'empty' });
    await expect(decodeRecording(riff([data]))).rejects.toMatchObject({ reason: 'empty' });
  });
});

/** FLAC of one channel with samples as they are (verbatim subframes). J. Coalson, FLAC format, RFC 9639. */
function flacFile(values: Int16Array, blockSize: number): Buffer {
  const info = Buffer.alloc(34);
  info.writeUInt16BE(blockSize, 0);
  info.writeUInt16BE(blockSize, 2);
  info.writeUIntBE(rate * 16, 10, 3); // 20 bits of rate, 3 of channels − 1, the first of bits − 1
  info[13] = 15 << 4;
  info.writeUInt32BE(values.length, 14);
  const crc = (bytes: Uint8Array, width: 8 | 16, polynomial: number): number => {
    let value = 0;
    for (const byte of bytes) {
      value ^= byte << (width - 8);
      for (let bit = 0; bit < 8; bit += 1) {
        value = value & (1 << (width - 1)) ? (value << 1) ^ polynomial : value << 1;
      }
      value &= (1 << width) - 1;
    }
    return value;
  };
  const frames = Array.from({ length: values.length / blockSize }, (_, number) => {
    const head = Buffer.from([0xff, 0xf8, 0x75, 0x08, number, 0, 0]); // 16-bit block size at the end of the header
    head.writeUInt16BE(blockSize - 1, 5);
    const body = Buffer.alloc(1 + blockSize * 2);
    body[0] = 0x02; // verbatim
    values
      .subarray(number * blockSize, (number + 1) * blockSize)
      .forEach((value, index) => body.writeInt16BE(value, 1 + index * 2));
    const frame = Buffer.concat([head, Buffer.of(crc(head, 8, 0x07)), body]);
    const end = Buffer.alloc(2);
    end.writeUInt16BE(crc(frame, 16, 0x8005));
    return Buffer.concat([frame, end]);
  });
  return Buffer.concat([Buffer.from('fLaC'), Buffer.from([0x80, 0, 0, 34]), info, ...frames]);
}

describe('recordings that are not WAV', () => {
  it('are FLAC, to the bit', async () => {
    const values = Int16Array.from(samples, (value) => Math.round(value * 32767));
    const read = await decodeRecording(flacFile(values, 1000));
    expect(read.rate).toBe(rate);
    expect(read.samples).toHaveLength(4000);
    read.samples.forEach((value, index) => expect(Math.abs(value - values[index]! / 32768)).toBeLessThan(1e-4));
  });

  it('are refused as FLAC where a frame is cut off, or damaged', async () => {
    const values = Int16Array.from(samples, (value) => Math.round(value * 32767));
    const whole = flacFile(values, 1000);
    const cut = whole.subarray(0, whole.length - 100);
    await expect(decodeRecording(cut)).rejects.toThrow('1000 of its 4000 samples are missing; is it cut off?');
    const damaged = Buffer.from(whole);
    damaged[whole.length - 3000]! ^= 0xff;
    await expect(decodeRecording(damaged)).rejects.toThrow(/\d+ of its 4000 samples are missing/);
  });

  it.each([
    ['MP3', createMp3Encoder, 0.05],
    ['Ogg Vorbis', createOggEncoder, 0.05],
  ] as const)('are %s', async (_name, create, tolerance) => {
    const encoder = await create();
    encoder.configure({ channels: 1, sampleRate: rate });
    const parts = [Uint8Array.from(encoder.encode([samples])), Uint8Array.from(encoder.finalize())];
    const read = await decodeRecording(Buffer.concat(parts));
    expect(read.rate).toBe(rate);
    expect(read.samples.length).toBeGreaterThanOrEqual(4000);
    const energy = read.samples.reduce((sum, value) => sum + value * value, 0);
    expect(Math.abs(energy / 4000 - 0.125)).toBeLessThan(tolerance); // of a sine of half the full loudness
  });

  it('are refused by name where no decoder is at hand', async () => {
    await expect(decodeRecording(Buffer.from('FORM\0\0\0\0AIFFCOMM'))).rejects.toThrow('AIFF');
    await expect(decodeRecording(Buffer.from('\0\0\0\x20ftypM4A '))).rejects.toThrow('MP4');
  });
});
