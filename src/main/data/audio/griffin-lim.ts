/**
 * From log-mel frames back to sound. Bands become a spectrum by the non-negative fit of Richardson (1972) and Lucy (1974), whose
 * bands again come close to those given; the phases that frames do not have are found by iteration (D. W. Griffin, J. S. Lim,
 * 1984), with the momentum of N. Perraudin, P. Balazs, P. L. Søndergaard (2013).
 */
import { LabError } from '../../../shared/errors.ts';
import { randomStream } from '../../../shared/random.ts';
import type { FrameOptions } from '../../../shared/spec/manifests/audio-dataset.ts';
import { hannWindow, transformInPlace } from './fourier.ts';
import { ENERGY_FLOOR, energyScale, sparseBands, windowSizes } from './log-mel.ts';

const FIT_ITERATIONS = 40;
const PHASE_ITERATIONS = 60;
/** As the paper found best for speech. */
const MOMENTUM = 0.99;
/** Where windows overlap less than this share of what they do in the middle, at both ends, sound fades. */
const LEAST_OVERLAP = 0.05;

export interface PhaseOptions {
  readonly iterations?: number;
  /** 0 is the algorithm of Griffin and Lim as it was. */
  readonly momentum?: number;
}

export interface ReconstructedSound {
  /** Between −1 and 1; louder is cut off. */
  readonly samples: Float32Array<ArrayBuffer>;
  /** ‖|STFT(x)| − S‖ / ‖S‖ before each iteration and after the last: how far the spectrum of the sound is from the one wanted. */
  readonly convergence: readonly number[];
}

/** A rate that holds the highest band, a multiple of 1000 samples a second. */
export function soundRate({ maximumFrequency }: Pick<FrameOptions, 'maximumFrequency'>): number {
  return Math.ceil((2 * maximumFrequency) / 1000) * 1000;
}

/**
 * Magnitudes |X| [frames, transform/2 + 1] of windowed transforms whose bands are those of the frames [frames, bands].
 * @throws LabError `bad-spec` for frames that were normalised, which have lost their loudness
 */
export function magnitudesOf(frames: Float32Array, rate: number, options: FrameOptions): Float64Array {
  if (options.normalise) {
    throw new LabError(
      'bad-spec',
      'frames whose bands were normalised over each recording have lost their loudness and cannot become sound; import the recordings with normalise=false',
    );
  }
  const { window, transform } = windowSizes(rate, options);
  const bands = sparseBands(rate, transform, options);
  const scale = energyScale(hannWindow(window), transform);
  const size = transform / 2 + 1;
  const count = frames.length / bands.length;
  const magnitudes = new Float64Array(count * size);
  const coverage = new Float64Array(size);
  for (const { start, values } of bands) values.forEach((value, index) => (coverage[start + index]! += value));
  const estimate = new Float64Array(size);
  const correction = new Float64Array(size);
  for (let frame = 0; frame < count; frame += 1) {
    const wanted = bands.map((_, band) => Math.exp(frames[frame * bands.length + band]!));
    coverage.forEach((value, index) => (estimate[index] = value > 0 ? ENERGY_FLOOR : 0));
    for (let iteration = 0; iteration < FIT_ITERATIONS; iteration += 1) {
      correction.fill(0);
      for (const [band, { start, values }] of bands.entries()) {
        let energy = 0;
        for (let index = 0; index < values.length; index += 1) energy += values[index]! * estimate[start + index]!;
        const ratio = wanted[band]! / energy;
        for (let index = 0; index < values.length; index += 1) correction[start + index]! += values[index]! * ratio;
      }
      for (let index = 0; index < size; index += 1) {
        if (coverage[index]! > 0) estimate[index]! *= correction[index]! / coverage[index]!;
      }
    }
    for (let index = 0; index < size; index += 1) {
      magnitudes[frame * size + index] = Math.sqrt(estimate[index]! / scale);
    }
  }
  return magnitudes;
}

/**
 * A sound with these magnitudes, as nearly as iteration finds one. It begins with random phases, the same every time.
 * @param magnitudes [frames, transform/2 + 1] of windows as `windowSizes` says
 */
export function soundOfMagnitudes(
  magnitudes: Float64Array,
  { window: length, hop, transform }: ReturnType<typeof windowSizes>,
  { iterations = PHASE_ITERATIONS, momentum = MOMENTUM }: PhaseOptions = {},
): ReconstructedSound {
  const size = transform / 2 + 1;
  const count = magnitudes.length / size;
  const window = hannWindow(length);
  const overlap = overlapOf(window, hop, count);
  const [real, imaginary] = [new Float64Array(transform), new Float64Array(transform)];
  const samples = new Float64Array(overlap.length);
  // The spectrum whose phases are taken next, and the one found last.
  const [guess, found] = [0, 1].map(() => ({
    real: new Float64Array(magnitudes.length),
    imaginary: new Float64Array(magnitudes.length),
  })) as [Spectrum, Spectrum]; // two of them
  const random = randomStream(1984, count, size);
  for (let place = 0; place < magnitudes.length; place += 1) {
    const phase = 2 * Math.PI * random.uniform();
    guess.real[place] = Math.cos(phase);
    guess.imaginary[place] = Math.sin(phase);
  }

  /** Adds up the windows with the magnitudes wanted and the phases of the guess. */
  function toSound(): void {
    samples.fill(0);
    for (let frame = 0; frame < count; frame += 1) {
      for (let index = 0; index < size; index += 1) {
        const place = frame * size + index;
        const [re, im] = [guess.real[place]!, guess.imaginary[place]!];
        const scale = magnitudes[place]! / Math.max(1e-30, Math.sqrt(re * re + im * im));
        real[index] = re * scale;
        imaginary[index] = im * scale;
        if (index > 0 && index < size - 1) {
          real[transform - index] = real[index]!;
          imaginary[transform - index] = -imaginary[index]!;
        }
      }
      imaginary[0] = imaginary[size - 1] = 0;
      transformInPlace(imaginary, real); // the inverse, times the size
      for (let index = 0; index < length; index += 1) {
        samples[frame * hop + index]! += (window[index]! * real[index]!) / transform;
      }
    }
    for (let index = 0; index < samples.length; index += 1) samples[index]! /= overlap[index]!;
  }

  /** The spectrum of the sound, kept in `found` and pushed further in `guess`; returns how far its magnitudes are off. */
  function toSpectrum(isFirst: boolean): number {
    let [difference, total] = [0, 0];
    for (let frame = 0; frame < count; frame += 1) {
      real.fill(0);
      imaginary.fill(0);
      for (let index = 0; index < length; index += 1) real[index] = window[index]! * samples[frame * hop + index]!;
      transformInPlace(real, imaginary);
      for (let index = 0; index < size; index += 1) {
        const place = frame * size + index;
        const [re, im] = [real[index]!, imaginary[index]!];
        const push = isFirst ? 0 : momentum;
        guess.real[place] = re + push * (re - found.real[place]!);
        guess.imaginary[place] = im + push * (im - found.imaginary[place]!);
        found.real[place] = re;
        found.imaginary[place] = im;
        difference += (Math.sqrt(re * re + im * im) - magnitudes[place]!) ** 2;
        total += magnitudes[place]! ** 2;
      }
    }
    return Math.sqrt(difference / Math.max(1e-30, total));
  }

  const convergence: number[] = [];
  for (let iteration = 0; iteration <= iterations; iteration += 1) {
    toSound();
    convergence.push(toSpectrum(iteration === 0));
  }
  return { samples: Float32Array.from(samples, (value) => Math.min(1, Math.max(-1, value))), convergence };
}

interface Spectrum {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/** What the squares of all windows add up to at each sample. */
function overlapOf(window: Float64Array, hop: number, count: number): Float64Array {
  const overlap = new Float64Array(count === 0 ? 0 : (count - 1) * hop + window.length);
  for (let frame = 0; frame < count; frame += 1) {
    window.forEach((value, index) => (overlap[frame * hop + index]! += value * value));
  }
  const least = LEAST_OVERLAP * overlap.reduce((most, value) => Math.max(most, value), 0);
  return overlap.map((value) => Math.max(value, least));
}

/**
 * The sound of frames [frames, bands].
 * @throws LabError `bad-spec` for normalised frames, `bad-input` for a rate that the bands do not fit
 */
export function soundOfFrames(
  frames: Float32Array,
  rate: number,
  options: FrameOptions,
  phases?: PhaseOptions,
): ReconstructedSound {
  return soundOfMagnitudes(magnitudesOf(frames, rate, options), windowSizes(rate, options), phases);
}
