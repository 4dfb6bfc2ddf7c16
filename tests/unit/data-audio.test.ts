/** Sound: WAV files, their frames against a slow transform by definition, and datasets of recordings. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openAudioDataset } from '../../src/main/data/audio/audio-dataset.ts';
import { importAudioDataset } from '../../src/main/data/audio/import-audio.ts';
import { frequencyOf, logMelFrames, melBands, melOf, windowSizes } from '../../src/main/data/audio/log-mel.ts';
import { decodeRecording } from '../../src/main/data/audio/recording.ts';
import { frameOptions } from '../../src/shared/spec/manifests/audio-dataset.ts';
import { randomStream } from '../../src/shared/random.ts';
import { tone, wavFile } from './audio-fixtures.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pretext-audio-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

describe('a WAV file', () => {
  const samples = Float32Array.from({ length: 50 }, (_, index) => Math.sin(index / 3) * 0.8);

  it.each([
    // Two steps: readers take 2ⁿ or 2ⁿ − 1 for full loudness.
    ['16-bit PCM', { bits: 16 }, 2 ** -14],
    ['8-bit PCM', { bits: 8 }, 2 ** -6],
    ['24-bit PCM', { bits: 24 }, 2 ** -22],
    ['32-bit floating point', { bits: 32, float: true }, 0],
  ] as const)('of %s has its samples', async (_name, format, tolerance) => {
    const { samples: read, rate } = await decodeRecording(wavFile([samples], 8000, format));
    expect(rate).toBe(8000);
    expect(read).toHaveLength(50);
    read.forEach((value, index) => expect(Math.abs(value - samples[index]!)).toBeLessThanOrEqual(tolerance));
  });

  it('with two channels becomes their mean', async () => {
    const other = samples.map((value) => value / 2);
    const { samples: read } = await decodeRecording(wavFile([samples, other], 8000, { bits: 32, float: true }));
    read.forEach((value, index) => expect(value).toBeCloseTo(samples[index]! * 0.75, 6));
  });

  it('that is none, is cut off or holds no numbers is refused', async () => {
    const failure = (bytes: Uint8Array): Promise<unknown> => decodeRecording(bytes).catch((error: unknown) => error);
    const whole = wavFile([samples], 8000, { bits: 16 });
    expect(await failure(Buffer.from('this is something else'))).toMatchObject({ reason: 'damaged' });
    expect(await failure(whole.subarray(0, 30))).toMatchObject({ reason: 'empty' });
    expect(await failure(wavFile([new Float32Array(0)], 8000, { bits: 16 }))).toMatchObject({ reason: 'empty' });
    expect(await failure(wavFile([samples], 3, { bits: 16 }))).toMatchObject({ reason: 'damaged' });
    const broken = Float32Array.of(0, NaN);
    expect(await failure(wavFile([broken], 8000, { bits: 32, float: true }))).toMatchObject({ reason: 'damaged' });
  });
});

describe('the mel scale', () => {
  it('is that of O’Shaughnessy: 1000 Hz are 1000 mel, 700 Hz 2595 · log10 2', () => {
    expect(melOf(1000)).toBeCloseTo(1000, 1);
    expect(melOf(700)).toBeCloseTo(781.17, 2);
    expect(melOf(0)).toBe(0);
    for (const frequency of [50, 440, 3000, 8000]) expect(frequencyOf(melOf(frequency))).toBeCloseTo(frequency, 8);
  });

  it('has triangular bands that reach to the middles of their neighbours', () => {
    const options = { bands: 10, minimumFrequency: 100, maximumFrequency: 4000 };
    const bands = melBands(16_000, 512, options);
    const middles = Array.from({ length: 12 }, (_, index) =>
      frequencyOf(melOf(100) + ((melOf(4000) - melOf(100)) * index) / 11),
    );
    bands.forEach((weights, band) => {
      expect(weights).toHaveLength(257);
      weights.forEach((weight, index) => {
        const frequency = (index * 16_000) / 512;
        const isInside = frequency > middles[band]! && frequency < middles[band + 2]!;
        expect(weight > 0).toBe(isInside);
      });
    });
    // Between the first and the last middle the triangles add up to 1.
    for (let index = 0; index < 257; index++) {
      const frequency = (index * 16_000) / 512;
      if (frequency < middles[1]! || frequency > middles[10]!) continue;
      expect(bands.reduce((sum, weights) => sum + weights[index]!, 0)).toBeCloseTo(1, 10);
    }
  });
});

describe('frames', () => {
  const options = frameOptions.parse({ bands: 12, maximumFrequency: 3800, normalise: false });

  it('are those of a transform by its definition, in float64', () => {
    const rate = 8000;
    const stream = randomStream(5);
    const samples = Float32Array.from(
      { length: 700 },
      (_, index) => 0.3 * Math.sin(index * 0.4) + 0.2 * (stream.uniform() - 0.5),
    );
    const { window, hop, transform } = windowSizes(rate, options);
    expect([window, hop, transform]).toEqual([200, 80, 256]);
    const frames = logMelFrames(samples, rate, options);
    expect(frames).toHaveLength(7 * 12); // 1 + floor((700 − 200) / 80)
    const bands = melBands(rate, transform, options);
    const hann = Array.from({ length: window }, (_, index) => Math.sin((Math.PI * index) / window) ** 2);
    const power = hann.reduce((sum, value) => sum + value ** 2, 0);
    for (let frame = 0; frame < 7; frame++) {
      const density = Array.from({ length: transform / 2 + 1 }, (_, bin) => {
        let [real, imaginary] = [0, 0];
        for (let index = 0; index < window; index++) {
          const value = hann[index]! * samples[frame * hop + index]!;
          real += value * Math.cos((2 * Math.PI * bin * index) / transform);
          imaginary -= value * Math.sin((2 * Math.PI * bin * index) / transform);
        }
        return (real ** 2 + imaginary ** 2) / (rate * power);
      });
      bands.forEach((weights, band) => {
        const energy = weights.reduce((sum, weight, bin) => sum + weight * density[bin]! * (rate / transform), 0);
        expect(frames[frame * 12 + band]).toBeCloseTo(Math.log(energy), 4);
      });
    }
  });

  it('of a tone are loudest in the band around it, and the same at another sampling rate', () => {
    for (const frequency of [300, 1000, 2500]) {
      const [low, high] = [8000, 22_050].map((rate) => logMelFrames(tone(frequency, 0.3, rate), rate, options));
      const loudest = low!.subarray(0, 12).indexOf(Math.max(...low!.subarray(0, 12)));
      const distance = (melOf(3800) - melOf(60)) / 13;
      expect(Math.abs(melOf(60) + distance * (loudest + 1) - melOf(frequency))).toBeLessThan(distance);
      expect(low![loudest]).toBeCloseTo(high![loudest]!, 1);
    }
  });

  it('are never fewer than one, finite for silence, and normalised over the recording', () => {
    expect(logMelFrames(new Float32Array(10), 8000, options)).toEqual(new Float32Array(12).fill(Math.log(1e-10)));
    const normalised = logMelFrames(tone(500, 0.5, 8000), 8000, { ...options, normalise: true });
    const louder = logMelFrames(
      tone(500, 0.5, 8000).map((value) => value * 0.1),
      8000,
      { ...options, normalise: true },
    );
    normalised.forEach((value, index) => expect(value).toBeCloseTo(louder[index]!, 1));
    for (let band = 0; band < 12; band++) {
      const values = normalised.filter((_, index) => index % 12 === band);
      expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(0, 4);
    }
  });

  it('are refused where the rate does not hold the bands, or a window cannot tell them apart', () => {
    expect(() => logMelFrames(tone(500, 0.1, 4000), 4000, options)).toThrow(
      /holds frequencies up to 2000 Hz; the highest band ends at 3800 Hz/,
    );
    expect(() => logMelFrames(tone(500, 0.1, 8000), 8000, { ...options, bands: 128 })).toThrow(
      /band 2 of 128 is narrower than the 31.3 Hz/,
    );
  });
});

describe('a dataset of recordings', () => {
  const write = (folder: string, path: string, bytes: Uint8Array | string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  };

  it('comes from a folder for each class, without what cannot be used', async () => {
    const folder = temporaryFolder();
    const sound = (frequency: number, seconds: number): Uint8Array =>
      wavFile([tone(frequency, seconds, 16_000)], 16_000, { bits: 16 });
    write(folder, 'low/a.wav', sound(200, 0.2));
    write(folder, 'low/b.WAV', sound(250, 0.1));
    write(folder, 'high/c.wav', sound(2000, 0.3));
    write(folder, 'high/broken.wav', 'RIFFxxxxWAVE');
    write(folder, 'high/slow.wav', wavFile([tone(100, 0.1, 8000)], 8000, { bits: 16 }));
    write(folder, 'high/notes.txt', 'not a sound');
    write(folder, 'beside.wav', sound(100, 0.1));
    const destination = join(temporaryFolder(), 'dataset');
    const progress: number[] = [];
    const manifest = await importAudioDataset({
      sources: [folder],
      destination,
      name: 'tones',
      onProgress: ({ done }) => progress.push(done),
    });
    expect(manifest).toMatchObject({
      recordings: 3,
      longest: 28,
      classes: [
        { name: 'high', recordings: 1 },
        { name: 'low', recordings: 2 },
      ],
      report: { skipped: { total: 3 }, ignored: { txt: 1 } },
    });
    expect(manifest.report.skipped.listed.map(({ path, message }) => [path, message])).toEqual([
      ['beside.wav', expect.stringContaining('lies beside the class folders')],
      ['high/broken.wav', expect.stringContaining('has no samples')],
      ['high/slow.wav', expect.stringContaining('holds frequencies up to 4000 Hz')],
    ]);
    expect(progress.at(-1)).toBe(6);
    const dataset = openAudioDataset(destination);
    expect(Array.from({ length: 3 }, (_, index) => dataset.path(index))).toEqual([
      'high/c.wav',
      'low/a.wav',
      'low/b.WAV',
    ]);
    expect([...dataset.labels]).toEqual([0, 1, 1]);
    const { samples } = await decodeRecording(sound(250, 0.1));
    expect(dataset.frames(2)).toEqual(logMelFrames(samples, 16_000, manifest.options));
    expect(() => dataset.frames(3)).toThrow(RangeError);
    dataset.close();
  });

  it('comes from a table with paths and transcripts', async () => {
    const folder = temporaryFolder();
    write(folder, 'train/1.wav', wavFile([tone(200, 0.1, 16_000)], 16_000, { bits: 16 }));
    write(folder, 'lines.csv', 'path,said\ntrain/1.wav,one two\ntrain/2.wav,three\n');
    const destination = join(temporaryFolder(), 'dataset');
    const manifest = await importAudioDataset({
      sources: [join(folder, 'lines.csv')],
      destination,
      name: 'lines',
      table: { labelColumn: 'said' },
    });
    expect(manifest).toMatchObject({
      recordings: 1,
      classes: [{ name: 'one two' }],
      report: { skipped: { total: 1 } },
    });
  });

  it('is refused for wrong options, and where nothing can be used', async () => {
    const folder = temporaryFolder();
    write(folder, 'a/a.wav', 'nothing');
    const job = { sources: [folder], destination: join(folder, 'dataset'), name: 'none' };
    await expect(importAudioDataset(job)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('a/a.wav: is not a WAV, FLAC, MP3 or Ogg Vorbis file'),
    });
    const sound = wavFile([tone(200, 0.1, 16_000)], 16_000, { bits: 16 });
    for (const side of ['train', 'validation', 'test']) write(folder, `split/${side}/a.wav`, sound);
    await expect(importAudioDataset({ ...job, sources: [join(folder, 'split')] })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('“test”, “train”, “validation”: these are sides of a split'),
    });
    await expect(importAudioDataset({ ...job, options: { minimumFrequency: 9000 } })).rejects.toMatchObject({
      code: 'bad-spec',
    });
    await expect(importAudioDataset({ ...job, sources: [join(folder, 'none')] })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
