/**
 * Sound as frames: the energy of short windows in bands that are evenly spaced on the mel scale, as logarithms. Bands are
 * triangles over the spectrum (S. B. Davis, P. Mermelstein, 1980) between points of mel(f) = 2595 · log10(1 + f / 700)
 * (D. O'Shaughnessy, 1987; the scale of HTK), windows are Hann's. Energies are those of a power spectral density, so the same
 * sound gives the same frames at any sampling rate that holds the bands.
 */
import { LabError } from '../../../shared/errors.ts';
import type { FrameOptions } from '../../../shared/spec/manifests/audio-dataset.ts';
import { hannWindow, transformInPlace } from './fourier.ts';

/** Quieter than this is silence: it keeps the logarithm finite. */
export const ENERGY_FLOOR = 1e-10;
/** Bands that vary less are constant, whatever their number. */
const LEAST_DEVIATION = 1e-3;

export function melOf(frequency: number): number {
  return 2595 * Math.log10(1 + frequency / 700);
}

export function frequencyOf(mel: number): number {
  return 700 * (10 ** (mel / 2595) - 1);
}

/** Samples of a window and from one window to the next, and the length of its transform, a power of two. */
export function windowSizes(
  rate: number,
  { windowMilliseconds, hopMilliseconds }: Pick<FrameOptions, 'windowMilliseconds' | 'hopMilliseconds'>,
): { readonly window: number; readonly hop: number; readonly transform: number } {
  const window = Math.max(2, Math.round((rate * windowMilliseconds) / 1000));
  const hop = Math.max(1, Math.round((rate * hopMilliseconds) / 1000));
  return { window, hop, transform: 2 ** Math.ceil(Math.log2(window)) };
}

/**
 * The weight of each frequency of the transform, 0 … transform/2, in each band, [bands][frequencies]: a triangle that is 1 in
 * the middle of the band and 0 in the middles of its neighbours.
 */
export function melBands(
  rate: number,
  transform: number,
  { bands, minimumFrequency, maximumFrequency }: Pick<FrameOptions, 'bands' | 'minimumFrequency' | 'maximumFrequency'>,
): Float64Array[] {
  const [low, high] = [melOf(minimumFrequency), melOf(maximumFrequency)];
  const points = Array.from({ length: bands + 2 }, (_, index) =>
    frequencyOf(low + ((high - low) * index) / (bands + 1)),
  );
  return Array.from({ length: bands }, (_, band) => {
    const [left, middle, right] = points.slice(band, band + 3) as [number, number, number]; // two more points than bands
    return Float64Array.from({ length: transform / 2 + 1 }, (_weight, index) => {
      const frequency = (index * rate) / transform;
      return Math.max(0, Math.min((frequency - left) / (middle - left), (right - frequency) / (right - middle)));
    });
  });
}

/**
 * Frames [frames, bands] of a recording, natural logarithms of energies; one frame at least, the samples of a recording that is
 * shorter than a window followed by silence. With `normalise`, each band has mean 0 and deviation 1 over the recording, which
 * takes out loudness and the microphone (O. Viikki, K. Laurila, 1998).
 * @param samples between −1 and 1
 * @param rate samples a second
 * @throws LabError `bad-input` for a rate that does not hold the highest band, or bands narrower than the transform tells apart
 */
export function logMelFrames(samples: Float32Array, rate: number, options: FrameOptions): Float32Array<ArrayBuffer> {
  const { bands, maximumFrequency } = options;
  if (maximumFrequency > rate / 2) {
    throw new LabError(
      'bad-input',
      `is sampled ${rate} times a second, which holds frequencies up to ${rate / 2} Hz; the highest band ends at ${maximumFrequency} Hz (option maximumFrequency)`,
      { rate, maximumFrequency },
    );
  }
  const { window, hop, transform } = windowSizes(rate, options);
  const weights = sparseBands(rate, transform, options);
  const shape = hannWindow(window);
  const scale = energyScale(shape, transform);
  const count = 1 + Math.max(0, Math.floor((samples.length - window) / hop));
  const frames = new Float32Array(count * bands);
  const real = new Float64Array(transform);
  const imaginary = new Float64Array(transform);
  const spectrum = new Float64Array(transform / 2 + 1);
  for (let frame = 0; frame < count; frame += 1) {
    real.fill(0);
    imaginary.fill(0);
    for (let index = 0; index < window; index += 1) real[index] = shape[index]! * (samples[frame * hop + index] ?? 0);
    transformInPlace(real, imaginary);
    for (let index = 0; index < spectrum.length; index += 1) {
      spectrum[index] = scale * (real[index]! ** 2 + imaginary[index]! ** 2);
    }
    for (const [band, { start, values }] of weights.entries()) {
      let energy = 0;
      for (let index = 0; index < values.length; index += 1) energy += values[index]! * spectrum[start + index]!;
      frames[frame * bands + band] = Math.log(Math.max(energy, ENERGY_FLOOR));
    }
  }
  if (options.normalise) normaliseBands(frames, bands);
  return frames;
}

/** From |X|² of a windowed transform to energy: a power spectral density in Hz, times the distance of two frequencies. */
export function energyScale(window: Float64Array, transform: number): number {
  return 1 / (transform * window.reduce((sum, value) => sum + value * value, 0));
}

/**
 * The bands without the zeros around them: where each begins, and its weights.
 * @throws LabError `bad-input` for a band without a frequency
 */
export function sparseBands(
  rate: number,
  transform: number,
  options: FrameOptions,
): { readonly start: number; readonly values: Float64Array }[] {
  return melBands(rate, transform, options).map((weights, band) => {
    const start = weights.findIndex((weight) => weight > 0);
    if (start < 0) {
      throw new LabError(
        'bad-input',
        `at ${rate} samples a second band ${band + 1} of ${options.bands} is narrower than the ${(rate / transform).toFixed(1)} Hz that a window tells apart; take fewer bands or longer windows`,
        { rate, bands: options.bands },
      );
    }
    const end = weights.findLastIndex((weight) => weight > 0) + 1;
    return { start, values: weights.slice(start, end) };
  });
}

function normaliseBands(frames: Float32Array, bands: number): void {
  const count = frames.length / bands;
  for (let band = 0; band < bands; band += 1) {
    let sum = 0;
    let squares = 0;
    for (let frame = 0; frame < count; frame += 1) sum += frames[frame * bands + band]!;
    const mean = sum / count;
    for (let frame = 0; frame < count; frame += 1) squares += (frames[frame * bands + band]! - mean) ** 2;
    const deviation = Math.max(LEAST_DEVIATION, Math.sqrt(squares / count));
    for (let frame = 0; frame < count; frame += 1) {
      const place = frame * bands + band;
      frames[place] = (frames[place]! - mean) / deviation;
    }
  }
}
