/**
 * The learning-rate range test: the rate grows from step to step by a constant factor while the loss is watched (L. N. Smith,
 * "Cyclical learning rates for training neural networks", 2017, with the smoothing and the end that fastai gives it). What can be
 * read off such a curve is here, without a network.
 */
import { z } from 'zod';

export const learningRateSuggestion = z.object({
  /** `valley`: in the middle of the longest fall; `steepest`: where it falls fastest; `minimum`: a tenth of the rate with the lowest loss. */
  kind: z.enum(['valley', 'steepest', 'minimum']),
  learningRate: z.number(),
});
export type LearningRateSuggestion = z.infer<typeof learningRateSuggestion>;

export const learningRateTest = z.object({
  points: z.array(
    z.object({
      learningRate: z.number(),
      /** Of the batch; null for what is no number. */
      loss: z.number().nullable(),
      /** Smoothed over the steps so far. */
      smoothed: z.number().nullable(),
    }),
  ),
  /** Whether the loss grew beyond bounds, which ends the test before the largest rate. */
  diverged: z.boolean(),
  /** The first is the one to take; none where the loss never fell. */
  suggestions: z.array(learningRateSuggestion),
});
export type LearningRateTest = z.infer<typeof learningRateTest>;

/** Share of the smoothed loss that one step keeps: an average over about ten. */
const SMOOTHING = 0.9;
/** The test ends where the smoothed loss is so many times its lowest. */
const DIVERGENCE = 4;
/** Of the steps, at the beginning and at the end: there the curve is not read. */
const SKIPPED = { first: 0.1, last: 0.05 };
/** A fall of less than this share of the loss is noise, and nothing is suggested. */
const LEAST_FALL = 0.01;

export const learningRateTestNames: Readonly<Record<LearningRateSuggestion['kind'], string>> = {
  valley: 'middle of the longest fall',
  steepest: 'steepest fall',
  minimum: 'a tenth of the rate with the lowest loss',
};

/** `count` rates from the first to the last, each the same number of times the one before. */
export function geometricRates(first: number, last: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first * (last / first) ** (count === 1 ? 0 : index / (count - 1)));
}

/** Watches a test: says what each loss comes to, and whether the test is over. */
export class LearningRateCurve {
  readonly #points: LearningRateTest['points'] = [];
  #average = 0;
  #lowest = Infinity;
  #diverged = false;

  /** False when it has diverged: a loss that is no number, or one far above the lowest. */
  add(learningRate: number, loss: number): boolean {
    if (!Number.isFinite(loss)) {
      this.#points.push({ learningRate, loss: null, smoothed: null });
      this.#diverged = true;
      return false;
    }
    this.#average = SMOOTHING * this.#average + (1 - SMOOTHING) * loss;
    const smoothed = this.#average / (1 - SMOOTHING ** (this.#points.length + 1));
    this.#points.push({ learningRate, loss, smoothed });
    this.#lowest = Math.min(this.#lowest, smoothed);
    this.#diverged = smoothed > DIVERGENCE * this.#lowest;
    return !this.#diverged;
  }

  result(): LearningRateTest {
    return { points: [...this.#points], diverged: this.#diverged, suggestions: suggestRates(this.#points) };
  }
}

interface Point {
  readonly learningRate: number;
  readonly smoothed: number;
}

/** What a curve suggests, the middle of its longest fall first; nothing where it does not fall. */
export function suggestRates(points: LearningRateTest['points']): LearningRateSuggestion[] {
  const whole = points.flatMap(({ learningRate, smoothed }) => (smoothed === null ? [] : [{ learningRate, smoothed }]));
  const read = whole.slice(
    Math.floor(SKIPPED.first * whole.length),
    whole.length - Math.ceil(SKIPPED.last * whole.length),
  );
  const lowest = indexOfLowest(read);
  const first = read[0];
  const bottom = read[lowest];
  if (!first || !bottom || read.length < 3) return [];
  const highest = Math.max(...read.slice(0, lowest + 1).map(({ smoothed }) => smoothed));
  if (highest - bottom.smoothed < LEAST_FALL * highest) return [];
  const valley = read[middleOfLongestFall(read)];
  const steepest = read[steepestFall(read)];
  return [
    ...(valley ? [{ kind: 'valley' as const, learningRate: valley.learningRate }] : []),
    ...(steepest ? [{ kind: 'steepest' as const, learningRate: steepest.learningRate }] : []),
    { kind: 'minimum' as const, learningRate: bottom.learningRate / 10 },
  ];
}

function indexOfLowest(points: readonly Point[]): number {
  return points.reduce(
    (best, { smoothed }, index) => (smoothed < (points[best]?.smoothed ?? Infinity) ? index : best),
    0,
  );
}

/** Half-way along the longest sequence of points, not all of them neighbours, of which each lies below the one before. */
function middleOfLongestFall(points: readonly Point[]): number {
  const lengths = points.map(() => 1);
  const starts = points.map((_, index) => index);
  for (const [index, point] of points.entries()) {
    for (let before = 0; before < index; before++) {
      if (points[before]!.smoothed > point.smoothed && lengths[before]! + 1 > lengths[index]!) {
        lengths[index] = lengths[before]! + 1;
        starts[index] = starts[before]!;
      }
    }
  }
  const end = lengths.indexOf(Math.max(...lengths));
  return Math.round((starts[end]! + end) / 2);
}

/** Where the loss falls most from the point before to the point after; rates are equally far apart on their axis. */
function steepestFall(points: readonly Point[]): number {
  let steepest = 1;
  for (let index = 1; index + 1 < points.length; index++) {
    if (slopeAt(points, index) < slopeAt(points, steepest)) steepest = index;
  }
  return steepest;
}

function slopeAt(points: readonly Point[], index: number): number {
  return points[index + 1]!.smoothed - points[index - 1]!.smoothed;
}

/** As people write rates: two significant digits. */
export function roundedRate(learningRate: number): number {
  return Number(learningRate.toPrecision(2));
}

/** What is tested where nothing else is asked for. */
export const learningRateTestRange = { first: 1e-6, last: 1, steps: 100 } as const;
