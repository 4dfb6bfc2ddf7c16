/**
 * Learning-rate schedules: pure functions from the step to the learning rate, so that a resumed run needs nothing but its
 * step. Steps count from 0; the peak is the learning rate that the experiment names. With a warm-up the rate climbs linearly
 * and reaches the peak at step `warmupSteps`; as there is no use in a step with rate 0, it starts at peak / (warmupSteps + 1).
 */
import { z } from 'zod';

const warmup = {
  warmupSteps: z.int().min(0).optional().describe('Steps of linear warm-up'),
  warmupFraction: z.number().min(0).max(1).optional().describe('Steps of linear warm-up, as a fraction of all steps'),
};
const finalFraction = z
  .number()
  .min(0)
  .max(1)
  .default(0)
  .describe('Learning rate at the end, as a fraction of the peak');

const constantOptions = z
  .strictObject({ type: z.literal('constant'), ...warmup })
  .describe('The same learning rate throughout');
const linearOptions = z
  .strictObject({ type: z.literal('linear'), ...warmup, finalFraction })
  .describe('Falls on a straight line (as BERT was pretrained and fine-tuned)');
const cosineOptions = z
  .strictObject({ type: z.literal('cosine'), ...warmup, finalFraction })
  .describe('Falls along half a cosine (Loshchilov and Hutter, SGDR, 2016, without restarts)');
const oneCycleOptions = z
  .strictObject({
    type: z.literal('one-cycle'),
    riseFraction: z.number().gt(0).lt(1).default(0.3).describe('Fraction of the steps in which the rate rises'),
    startDivisor: z.number().min(1).default(25).describe('The first rate is the peak divided by this'),
    finalDivisor: z.number().min(1).default(1e4).describe('The last rate is the first rate divided by this'),
  })
  .describe('Rises to a large rate and falls far below the start, along cosines (Smith and Topin, 2017)');
const slantedTriangularOptions = z
  .strictObject({
    type: z.literal('slanted-triangular'),
    cutFraction: z.number().gt(0).lt(1).default(0.1).describe('Fraction of the steps in which the rate rises'),
    ratio: z.number().min(1).default(32).describe('How many times smaller the smallest rate is than the peak'),
  })
  .describe('A short rise and a long fall (Howard and Ruder, ULMFiT, 2018)');

const onlyOneWarmup = (options: object): boolean => {
  const given = options as { warmupSteps?: number; warmupFraction?: number }; // reading two optional members
  return given.warmupSteps === undefined || given.warmupFraction === undefined;
};

/** The options of a schedule, told apart by `type`. */
export const scheduleOptions = z
  .discriminatedUnion('type', [
    constantOptions,
    linearOptions,
    cosineOptions,
    oneCycleOptions,
    slantedTriangularOptions,
  ])
  .refine(onlyOneWarmup, { message: 'Give warmupSteps or warmupFraction, not both', path: ['warmupFraction'] });

export type ScheduleOptions = z.output<typeof scheduleOptions>;

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
function oneCycle(options: z.output<typeof oneCycleOptions>, peak: number, totalSteps: number): Schedule {
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
  options: z.output<typeof slantedTriangularOptions>,
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

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

/** From 0 at 0 to 1 at 1 along half a cosine. */
function cosineEase(progress: number): number {
  return (1 - Math.cos(Math.PI * progress)) / 2;
}
