/**
 * How many labels training from scratch needs to reach what pretraining reaches with fewer: the reference's curve over the label
 * budgets, made monotone, is read backwards on a logarithmic scale of labels. Beyond its ends nothing is guessed.
 */
import { plural } from '../display.ts';
import { randomStream } from '../random.ts';
import { mean } from '../stats.ts';
import { isotonicFit } from './isotonic.ts';

/** What one arm reached with each number of labels, seed by seed; more is better. */
export interface ArmCurve {
  /** Labels in total, ascending. */
  readonly labels: readonly number[];
  /** values[budget][seed], the same seeds at every budget. */
  readonly values: readonly (readonly number[])[];
}

/** Labels with which a curve reaches a value; beyond its ends it is only known to be less or more. */
export interface LabelsNeeded {
  readonly labels: number;
  readonly bound: 'exact' | 'at-most' | 'more-than';
}

export interface LabelsSaved {
  /** Labels that the arm had. */
  readonly labels: number;
  readonly needed: LabelsNeeded;
  /** Percentile bootstrap over seeds; null with one seed. */
  readonly interval: { readonly low: LabelsNeeded; readonly high: LabelsNeeded; readonly confidence: number } | null;
}

/** @param values means at each budget, in the order of `labels`; made monotone here */
export function labelsToReach(wanted: number, labels: readonly number[], values: readonly number[]): LabelsNeeded {
  const curve = isotonicFit(values);
  const first = labels[0] ?? Number.NaN;
  const last = labels.at(-1) ?? Number.NaN;
  if (wanted <= (curve[0] ?? Number.POSITIVE_INFINITY)) return { labels: first, bound: 'at-most' };
  for (let right = 1; right < curve.length; right += 1) {
    const low = curve[right - 1]!;
    const high = curve[right]!;
    if (high < wanted) continue;
    const [from, to] = [Math.log(labels[right - 1]!), Math.log(labels[right]!)];
    return { labels: Math.exp(from + ((wanted - low) / (high - low)) * (to - from)), bound: 'exact' };
  }
  return { labels: last, bound: 'more-than' };
}

const RESAMPLES = 2000;

/**
 * What the reference needs to reach the arm's mean at one of its budgets.
 * @param at index of the budget in `arm`
 */
export function labelsSaved(
  arm: ArmCurve,
  reference: ArmCurve,
  at: number,
  { confidence = 0.95, resamples = RESAMPLES } = {},
): LabelsSaved {
  const own = arm.values[at] ?? [];
  const read = (seeds: readonly number[] | null): LabelsNeeded => {
    const pick = (values: readonly number[]): number =>
      mean(seeds === null ? values : seeds.map((seed) => values[seed] ?? Number.NaN));
    return labelsToReach(pick(own), reference.labels, reference.values.map(pick));
  };
  const labels = arm.labels[at] ?? Number.NaN;
  const seedCount = own.length;
  if (seedCount < 2) return { labels, needed: read(null), interval: null };
  // Seeds are drawn for both arms and all budgets at once, as they were trained.
  const stream = randomStream(0, seedCount, at);
  const found = Array.from({ length: resamples }, () =>
    read(Array.from({ length: seedCount }, () => stream.integer(seedCount))),
  );
  // What is beyond an end sorts beyond everything within.
  const order = { 'at-most': 0, exact: 1, 'more-than': 2 };
  found.sort((a, b) => order[a.bound] - order[b.bound] || a.labels - b.labels);
  const place = (probability: number): LabelsNeeded => found[Math.round(probability * (resamples - 1))]!;
  return {
    labels,
    needed: read(null),
    interval: { low: place((1 - confidence) / 2), high: place((1 + confidence) / 2), confidence },
  };
}

export function labelsSavedSentence({ labels, needed, interval }: LabelsSaved, arm: string, reference: string): string {
  const range = interval && `95 % CI ${showLabels(interval.low)} to ${showLabels(interval.high)}`;
  return `What ${arm} reaches with ${plural(labels, 'label')} takes ${reference} ${showLabels(needed)}${range ? ` (${range})` : ''}.`;
}

/** For a sentence: `73`, `more than 300`. */
function showLabels({ labels, bound }: LabelsNeeded): string {
  const rounded = labels < 10 ? labels.toFixed(1) : String(Math.round(labels));
  return { exact: rounded, 'at-most': `at most ${rounded}`, 'more-than': `more than ${rounded}` }[bound];
}
