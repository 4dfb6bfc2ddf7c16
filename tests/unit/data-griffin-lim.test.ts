/** From frames back to sound: what the spectrum has, and that it comes nearer with every iteration. */
import { describe, expect, it } from 'vitest';
import { hannWindow, transformInPlace } from '../../src/main/data/audio/fourier.ts';
import { magnitudesOf, soundOfFrames, soundOfMagnitudes, soundRate } from '../../src/main/data/audio/griffin-lim.ts';
import { logMelFrames, windowSizes } from '../../src/main/data/audio/log-mel.ts';
import { decodeRecording } from '../../src/main/data/audio/recording.ts';
import { wavBytes } from '../../src/main/data/audio/write-wav.ts';
import { randomStream } from '../../src/shared/random.ts';
import { frameOptions } from '../../src/shared/spec/manifests/audio-dataset.ts';
import { tone } from './audio-fixtures.ts';

const rate = 16000;
const options = frameOptions.parse({ bands: 64, windowMilliseconds: 40, hopMilliseconds: 12.5, normalise: false });

/** A vowel-like sound: harmonics of a rising pitch, whose loudness swells, and noise. */
function speechlike(seconds: number): Float32Array {
  const random = randomStream(7);
  let phase = 0;
  return Float32Array.from({ length: Math.round(seconds * rate) }, (_, index) => {
    const time = index / rate;
    phase += (2 * Math.PI * (110 + 40 * time)) / rate;
    const harmonics = [1, 2, 3, 5, 8, 13].reduce((sum, n) => sum + Math.sin(n * phase) / n, 0);
    return 0.2 * (0.6 + 0.4 * Math.sin(9 * time)) * harmonics + 0.002 * random.normal();
  });
}

/** The frequency with most energy in the middle of a sound, in Hz. */
function loudest(samples: Float32Array): number {
  const size = 4096;
  const window = hannWindow(size);
  const start = Math.floor((samples.length - size) / 2);
  const real = Float64Array.from(window, (weight, index) => weight * samples[start + index]!);
  const imaginary = new Float64Array(size);
  transformInPlace(real, imaginary);
  let best = 0;
  const energy = (index: number): number => real[index]! ** 2 + imaginary[index]! ** 2;
  for (let index = 1; index < size / 2; index += 1) if (energy(index) > energy(best)) best = index;
  return (best * rate) / size;
}

const rootMeanSquare = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0) / values.length);

describe('the spectrum of frames', () => {
  it('is not negative, and has the bands that the frames say', () => {
    const frames = logMelFrames(speechlike(0.5), rate, options);
    const { transform } = windowSizes(rate, options);
    const magnitudes = magnitudesOf(frames, rate, options);
    expect(magnitudes).toHaveLength((frames.length / 64) * (transform / 2 + 1));
    expect(magnitudes.every((value) => value >= 0)).toBe(true);
    // Bands of that spectrum, by definition.
    const window = hannWindow(windowSizes(rate, options).window);
    const scale = 1 / (transform * window.reduce((sum, value) => sum + value ** 2, 0));
    const low = 2595 * Math.log10(1 + 60 / 700);
    const high = 2595 * Math.log10(1 + 7600 / 700);
    const hertz = (band: number): number => 700 * (10 ** ((low + ((high - low) * band) / 65) / 2595) - 1);
    for (const [frame, band] of [
      [3, 5],
      [20, 30],
      [30, 63],
    ] as const) {
      let energy = 0;
      for (let index = 0; index <= transform / 2; index += 1) {
        const frequency = (index * rate) / transform;
        const rising = (frequency - hertz(band)) / (hertz(band + 1) - hertz(band));
        const falling = (hertz(band + 2) - frequency) / (hertz(band + 2) - hertz(band + 1));
        const weight = Math.max(0, Math.min(rising, falling));
        energy += weight * scale * magnitudes[frame * (transform / 2 + 1) + index]! ** 2;
      }
      expect(Math.abs(Math.log(energy) - frames[frame * 64 + band]!)).toBeLessThan(0.5); // 2 dB
    }
  });

  it('needs loudness, which normalised frames have lost', () => {
    expect(() => magnitudesOf(new Float32Array(64), rate, { ...options, normalise: true })).toThrow(/normalise=false/);
  });
});

describe('the phases of a spectrum', () => {
  it('come nearer with iterations, faster with momentum', () => {
    const frames = logMelFrames(speechlike(0.6), rate, options);
    const magnitudes = magnitudesOf(frames, rate, options);
    const plain = soundOfMagnitudes(magnitudes, windowSizes(rate, options), { iterations: 30, momentum: 0 });
    expect(plain.convergence).toHaveLength(31);
    // The distance never grows (Griffin and Lim 1984), but for rounding and the fading at both ends.
    plain.convergence.slice(1).forEach((value, index) => {
      expect(value).toBeLessThan(plain.convergence[index]! + 1e-3);
    });
    expect(plain.convergence.at(-1)!).toBeLessThan(0.6 * plain.convergence[0]!);
    const fast = soundOfMagnitudes(magnitudes, windowSizes(rate, options), { iterations: 30 });
    expect(fast.convergence.at(-1)!).toBeLessThan(plain.convergence.at(-1)!);
  });

  it('are the same every time', () => {
    const frames = logMelFrames(tone(500, 0.2, rate), rate, options);
    const settings = { iterations: 3 };
    expect(soundOfFrames(frames, rate, options, settings)).toEqual(soundOfFrames(frames, rate, options, settings));
  });
});

describe('the sound of frames', () => {
  it.each([220, 700, 1000, 3150])('keeps a tone of %i Hz and its loudness', (frequency) => {
    const samples = tone(frequency, 0.6, rate);
    const sound = soundOfFrames(logMelFrames(samples, rate, options), rate, options).samples;
    const { hop, window } = windowSizes(rate, options);
    expect(Math.abs(sound.length - samples.length)).toBeLessThan(hop + window);
    // A band is as wide as half a tone, at worst.
    expect(Math.abs(loudest(sound) / frequency - 1)).toBeLessThan(0.06);
    const middle = sound.subarray(2000, sound.length - 2000);
    expect(rootMeanSquare(middle) / rootMeanSquare(samples)).toBeGreaterThan(0.7);
    expect(rootMeanSquare(middle) / rootMeanSquare(samples)).toBeLessThan(1.4);
  });

  it('has nearly the frames that it was made of', () => {
    const frames = logMelFrames(speechlike(0.8), rate, options);
    const again = logMelFrames(soundOfFrames(frames, rate, options).samples, rate, options);
    expect(again).toHaveLength(frames.length);
    const middle = (all: Float32Array): Float32Array => all.subarray(4 * 64, all.length - 4 * 64);
    const differences = middle(frames).map((value, index) => value - middle(again)[index]!);
    expect(rootMeanSquare(differences)).toBeLessThan(0.6); // 2.6 dB
  });

  it('of silence is silent, and of no frame is empty', () => {
    const silence = logMelFrames(new Float32Array(4000), rate, options);
    expect(rootMeanSquare(soundOfFrames(silence, rate, options, { iterations: 2 }).samples)).toBeLessThan(1e-3);
    expect(soundOfFrames(new Float32Array(0), rate, options).samples).toHaveLength(0);
  });

  it('has a rate that holds the highest band', () => {
    expect(soundRate({ maximumFrequency: 7600 })).toBe(16000);
    expect(soundRate({ maximumFrequency: 8000 })).toBe(16000);
    expect(soundRate({ maximumFrequency: 3800 })).toBe(8000);
  });
});

describe('a WAV file that is written', () => {
  it('is read back, with what is too loud cut off', async () => {
    const samples = Float32Array.of(0, 0.5, -0.25, 1.5, -2, 0.1);
    const { samples: read, rate: readRate } = await decodeRecording(wavBytes(samples, 16000));
    expect(readRate).toBe(16000);
    expect(read).toHaveLength(6);
    [0, 0.5, -0.25, 1, -1, 0.1].forEach((value, index) => {
      expect(Math.abs(read[index]! - value)).toBeLessThan(2 ** -14);
    });
  });
});
