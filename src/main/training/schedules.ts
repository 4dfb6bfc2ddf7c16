/**
 * Learning-rate schedules: pure functions from the step to the learning rate, so that a resumed run needs nothing but its
 * step. Steps count from 0; the peak is the learning rate that the experiment names. With a warm-up the rate climbs linearly
 * and reaches the peak at step `warmupSteps`; as there is no use in a step with rate 0, it starts at peak / (warmupSteps + 1).
 */
import type { ScheduleOptions } from '../../shared/spec/experiment/schedule.ts';

export type { ScheduleOptions };

/** Learning rate at a step. */
export type Schedule = (step: number) => number;

/**
 * The schedule of a run of `totalSteps` steps. Steps beyond the end keep the last rate.
 * @param peak the largest learning rate
 */
export function createSchedule(options: ScheduleOptions, peak: number, totalSteps: number): Schedule {
  switch (options.type) {
    case 'constant':
      return withWarmup(options, peak, totalSteps, () => 1);
    case 'linear':
      return withWarmup(options, peak, totalSteps, (progress) => mix(1, options.finalFraction, progress));
    case 'cosine':
      return withWarmup(options, peak, totalSteps, (progress) => mix(1, options.finalFraction, cosineEase(progress)));
    case 'one-cycle':
      return oneCycle(options, peak, totalSteps);
    case 'slanted-triangular':
      return slantedTriangular(options, peak, totalSteps);
    case 'wsd':
      return warmupStableDecay(options, peak, totalSteps);
  }
}

/** The number of warm-up steps that the options amount to in a run of `totalSteps` steps. */
export function warmupStepsOf(
  options: { readonly warmupSteps?: number | undefined; readonly warmupFraction?: number | undefined },
  totalSteps: number,
): number {
  return options.warmupSteps ?? Math.round((options.warmupFraction ?? 0) * totalSteps);
}

/** Linear warm-up, then `shape` of the progress in [0, 1] from the end of the warm-up to the end of the run. */
function withWarmup(
  options: { readonly warmupSteps?: number | undefined; readonly warmupFraction?: number | undefined },
  peak: number,
  totalSteps: number,
  shape: (progress: number) => number,
): Schedule {
  const warmupSteps = warmupStepsOf(options, totalSteps);
  return (step) => {
    if (step < warmupSteps) return (peak * (step + 1)) / (warmupSteps + 1);
    const length = totalSteps - warmupSteps;
    return peak * shape(length <= 0 ? 0 : Math.min(1, (step - warmupSteps) / length));
  };
}

/**
 * L. N. Smith and N. Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2017, in the
 * two-phase cosine form of fastai and PyTorch: the peak is at step riseFraction · totalSteps − 1, the smallest rate at the last.
 */
function oneCycle(
  options: Extract<ScheduleOptions, { type: 'one-cycle' }>,
  peak: number,
  totalSteps: number,
): Schedule {
  const first = peak / options.startDivisor;
  const last = first / options.finalDivisor;
  const top = Math.max(options.riseFraction * totalSteps - 1, 0);
  const end = Math.max(totalSteps - 1, 0);
  return (step) => {
    if (step < top) return mix(first, peak, cosineEase(step / top));
    return mix(peak, last, cosineEase(end <= top ? 0 : Math.min(1, (step - top) / (end - top))));
  };
}

/** J. Howard and S. Ruder, "Universal language model fine-tuning for text classification", ACL 2018, equation 3. */
function slantedTriangular(
  options: Extract<ScheduleOptions, { type: 'slanted-triangular' }>,
  peak: number,
  totalSteps: number,
): Schedule {
  // The paper rounds down; a run too short for a cut of one step would divide by zero.
  const cut = Math.max(1, Math.floor(totalSteps * options.cutFraction));
  return (step) => {
    const p = step < cut ? step / cut : Math.max(0, 1 - (step - cut) / (cut * (1 / options.cutFraction - 1)));
    return (peak * (1 + p * (options.ratio - 1))) / options.ratio;
  };
}

/**
 * S. Hu et al., "MiniCPM: unveiling the potential of small language models with scalable training strategies", 2024; the
 * 1 − √ decay is A. Hägele et al., "Scaling laws and compute-optimal training beyond fixed training durations", NeurIPS 2024,
 * equation 1. The last `decayFraction` of the steps decays towards the final rate, which it would reach one step after the end.
 */
function warmupStableDecay(
  options: Extract<ScheduleOptions, { type: 'wsd' }>,
  peak: number,
  totalSteps: number,
): Schedule {
  const decaySteps = Math.round(options.decayFraction * totalSteps);
  const decayStart = totalSteps - decaySteps;
  const ease = options.decay === 'linear' ? (progress: number): number => progress : Math.sqrt;
  const stable = withWarmup(options, peak, totalSteps, () => 1);
  return (step) => {
    const progress = decaySteps === 0 ? 0 : Math.min(1, Math.max(0, step - decayStart) / decaySteps);
    return stable(step) * mix(1, options.finalFraction, ease(progress));
  };
}

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

/** From 0 at 0 to 1 at 1 along half a cosine. */
function cosineEase(progress: number): number {
  return (1 - Math.cos(Math.PI * progress)) / 2;
}
