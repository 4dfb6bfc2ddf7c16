/** How the learning rate runs over a training, as data; `training/schedules.ts` computes it. */
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
  .strictObject({ type: z.literal('linear').default('linear'), ...warmup, finalFraction })
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

const wsdOptions = z
  .strictObject({
    type: z.literal('wsd'),
    ...warmup,
    decayFraction: z.number().min(0).max(1).default(0.4).describe('Fraction of the steps in which the rate falls'),
    decay: z
      .enum(['linear', 'one-minus-sqrt'])
      .default('linear')
      .describe('How it falls: on a straight line, or as 1 − √progress (Hägele and others, 2024)'),
    finalFraction,
  })
  .describe(
    'Warm-up, stable, decay: constant after the warm-up until it falls at the end (Hu and others, MiniCPM, 2024)',
  );

const onlyOneWarmup = (options: object): boolean => {
  const given = options as { warmupSteps?: number; warmupFraction?: number }; // reading two optional members
  return given.warmupSteps === undefined || given.warmupFraction === undefined;
};

/** The options of a schedule, told apart by `type`, which is linear unless it is said. */
export const scheduleOptions = z
  .discriminatedUnion('type', [
    constantOptions,
    linearOptions,
    cosineOptions,
    oneCycleOptions,
    slantedTriangularOptions,
    wsdOptions,
  ])
  .refine(onlyOneWarmup, { message: 'Give warmupSteps or warmupFraction, not both', path: ['warmupFraction'] })
  .refine((options) => options.type !== 'wsd' || (options.warmupFraction ?? 0) + options.decayFraction <= 1, {
    message: 'warmupFraction and decayFraction add up to more than 1',
    path: ['decayFraction'],
  });

export type ScheduleOptions = z.output<typeof scheduleOptions>;
