/**
 * What the course and the result of a run mean, in sentences with a next step. The rules look at nothing but what was recorded, and
 * every threshold is a number of its own, so that the same verdict stands on the run's page, in lists, in comparisons and in
 * `pretext show`.
 */
import { formatCount, formatNumber } from './display.ts';
import { formatMetric, metricNames, metricOf, metricWithin } from './metrics.ts';
import { mean } from './stats.ts';

export interface Curve {
  readonly steps: readonly number[];
  /** Null for what is no number. */
  readonly values: readonly (number | null)[];
}

type Metrics = Readonly<Record<string, number | null>>;

export interface RunCourse {
  /** Loss of the training batches. */
  readonly training: Curve;
  /** Loss of the validation split, at each evaluation. */
  readonly validation: Curve;
  /** Of the checkpoint that was chosen, on the split that the baselines were computed on; null before the end. */
  readonly metrics: Metrics | null;
  readonly baselines: readonly { readonly name: string; readonly metrics: Metrics }[];
  readonly learningRate: number | null;
}

export type RunVerdictKind = 'diverged' | 'below-baseline' | 'overfitting' | 'unfinished' | 'ahead';

export interface RunVerdict {
  readonly kind: RunVerdictKind;
  /** What was found. */
  readonly sentence: string;
  /** What to do about it; '' where nothing needs to be done. */
  readonly advice: string;
}

/** The training loss is looked at in so many pieces: single batches are noise. */
const PIECES = 10;
/** Shorter curves tell nothing. */
const FEWEST_POINTS = 2 * PIECES;
/** A loss that has lost this share of what it had gained has not wandered but risen. */
const LOST_SHARE = 0.5;
/** As a share of the best validation loss: less is the noise of an evaluation. */
const RISE = 0.05;
/** Of the training loss, likewise. */
const FALL = 0.02;
/** Gained over the last fifth of the evaluations, as a share of the loss: more would still be gained. */
const STILL_FALLING = 0.01;

/** The most serious first. Empty while too little is known. */
export function runVerdicts(course: RunCourse): RunVerdict[] {
  const diverged = divergence(course);
  const overfitting = diverged ? undefined : overfit(course);
  const isUnfinished = !diverged && !overfitting && stillFalls(course.validation);
  const compared = comparison(course);
  const below = compared && !compared.isBetter ? belowBaseline(compared, { overfitting, isUnfinished }) : undefined;
  const ahead = compared?.isBetter === true ? aheadOf(compared) : undefined;
  const unfinished: RunVerdict | undefined =
    isUnfinished && !below && course.metrics !== null
      ? {
          kind: 'unfinished',
          sentence: 'The validation loss was still falling at the end.',
          advice: 'Train longer: more steps would gain more.',
        }
      : undefined;
  return [diverged, below, overfitting, ahead, unfinished].filter((verdict) => verdict !== undefined);
}

/** A training loss that is no number, or that rose for good. */
function divergence({ training, learningRate }: RunCourse): RunVerdict | undefined {
  const third = learningRate === null ? '' : `: ${String(Number((learningRate / 3).toPrecision(2)))}`;
  const rate = `Take a third of it${third}.`;
  const { steps, values } = training;
  const broken = values.findIndex((value, index) => value === null && index > 0 && values[index - 1] !== null);
  if (broken > 0 && values.at(-1) === null) {
    return {
      kind: 'diverged',
      sentence: `The learning rate is too high: from step ${formatCount(steps[broken] ?? 0)} on, the training loss was no number.`,
      advice: rate,
    };
  }
  const pieces = piecesOf(training);
  const [first, last] = [pieces[0], pieces.at(-1)];
  if (!first || !last) return undefined;
  const lowest = pieces.reduce((best, piece) => (piece.value < best.value ? piece : best));
  const gained = first.value - lowest.value;
  const hasRisen = lowest !== last && last.value - lowest.value > Math.max(LOST_SHARE * gained, RISE * lowest.value);
  if (!hasRisen) return undefined;
  return {
    kind: 'diverged',
    sentence: `The learning rate is too high: the training loss rose from ${formatNumber(lowest.value)} at step ${formatCount(lowest.step)} to ${formatNumber(last.value)}.`,
    advice: rate,
  };
}

/** Means of equal parts of a curve; none for a short one. */
function piecesOf({ steps, values }: Curve): readonly { readonly step: number; readonly value: number }[] {
  const points = values.flatMap((value, index) => (value === null ? [] : [{ step: steps[index] ?? 0, value }]));
  if (points.length < FEWEST_POINTS) return [];
  return Array.from({ length: PIECES }, (_, piece) => {
    const part = points.slice(
      Math.floor((piece * points.length) / PIECES),
      Math.floor(((piece + 1) * points.length) / PIECES),
    );
    return { step: part[Math.floor(part.length / 2)]!.step, value: mean(part.map(({ value }) => value)) };
  });
}

/** The validation loss has left its best for good while the training loss went on falling. */
function overfit({ validation, training }: RunCourse): RunVerdict | undefined {
  const points = validation.values.flatMap((value, index) =>
    value === null ? [] : [{ step: validation.steps[index] ?? 0, value }],
  );
  const [best, last] = [points.reduce<Point | undefined>(lower, undefined), points.at(-1)];
  if (!best || !last || points.indexOf(best) > points.length - 3) return undefined; // two more tell it from noise
  if (last.value < (1 + RISE) * best.value) return undefined;
  const pieces = piecesOf(training);
  const atBest = pieces.findLast(({ step }) => step <= best.step) ?? pieces[0];
  const end = pieces.at(-1);
  if (!atBest || !end || end.value > (1 - FALL) * atBest.value) return undefined;
  return {
    kind: 'overfitting',
    sentence: `Overfitting since step ${formatCount(best.step)}: the validation loss rose from ${formatNumber(best.value)} to ${formatNumber(last.value)} while the training loss fell.`,
    advice: `The checkpoint of step ${formatCount(best.step)} is the one that counts. More data, a pretrained network or dropout would help.`,
  };
}

interface Point {
  readonly step: number;
  readonly value: number;
}

function lower(best: Point | undefined, point: Point): Point {
  return best === undefined || point.value < best.value ? point : best;
}

function stillFalls({ values }: Curve): boolean {
  const finite = values.filter((value) => value !== null);
  const last = finite.at(-1);
  const before = finite.at(-1 - Math.max(1, Math.round(finite.length / 5)));
  if (finite.length < 5 || last === undefined || before === undefined || last > Math.min(...finite)) return false;
  return before - last > STILL_FALLING * before;
}

interface Comparison {
  readonly metric: string;
  readonly value: number;
  readonly baseline: { readonly name: string; readonly value: number };
  readonly isBetter: boolean;
}

/** With the best baseline, by the metric that says most of those that both have. */
function comparison({ metrics, baselines }: RunCourse): Comparison | undefined {
  if (metrics === null) return undefined;
  const shared = [...metricNames.filter((name) => metricOf(name).preferred), 'loss'].find(
    (name) => isNumber(metrics[name]) && baselines.some((baseline) => isNumber(baseline.metrics[name])),
  );
  if (shared === undefined) return undefined;
  const { direction, bounds } = metricOf(shared);
  const sign = direction === 'minimise' ? -1 : 1;
  const value = metrics[shared];
  const best = baselines
    .flatMap(({ name, metrics: found }) => (isNumber(found[shared]) ? [{ name, value: found[shared] }] : []))
    .toSorted((a, b) => sign * (b.value - a.value))[0];
  if (!isNumber(value) || !best) return undefined;
  const perfect = bounds[direction === 'minimise' ? 0 : 1];
  if (value === perfect && best.value === perfect) return undefined; // neither can be better
  return { metric: shared, value, baseline: best, isBetter: sign * (value - best.value) > 0 };
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number';
}

function belowBaseline(
  { metric, value, baseline }: Comparison,
  { overfitting, isUnfinished }: { readonly overfitting: RunVerdict | undefined; readonly isUnfinished: boolean },
): RunVerdict {
  return {
    kind: 'below-baseline',
    sentence: `No better than the baseline “${baseline.name}”: ${metricWithin(metric)} ${formatMetric(value, metric)} against ${formatMetric(baseline.value, metric)}.`,
    advice: isUnfinished
      ? 'Train longer: the loss was still falling.'
      : overfitting
        ? 'Start from a pretrained network, or bring more labelled examples.'
        : 'Train longer, raise the learning rate or take a larger network.',
  };
}

function aheadOf({ metric, value, baseline }: Comparison): RunVerdict {
  return {
    kind: 'ahead',
    sentence: `Better than the baseline “${baseline.name}”: ${metricWithin(metric)} ${formatMetric(value, metric)} against ${formatMetric(baseline.value, metric)}.`,
    advice: '',
  };
}
