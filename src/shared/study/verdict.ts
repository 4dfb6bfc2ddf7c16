/**
 * The answer of a study in sentences. The rules: an arm wins under a condition when it is better than every other one by an interval
 * that excludes 0, the confidence shared among the comparisons (Bonferroni); the winner may be the baseline. Otherwise the
 * condition is inconclusive, and the sentence says what would settle it. With one seed nothing is claimed.
 */
import { formatNumber, formatSigned, plural } from '../display.ts';
import type { ValueRange } from '../linear-scale.ts';
import { onlyCondition } from '../spec/study.ts';
import type { Interval } from '../stats.ts';
import type { Gain } from './gain.ts';
import { seedsToShow } from './gain.ts';

export type VerdictKind = 'winner' | 'inconclusive' | 'one-seed';

export interface Verdict {
  readonly condition: string;
  readonly kind: VerdictKind;
  /** The arm with the best mean. */
  readonly leader: string;
  /** The best of the arms that cannot be told apart from it; of a winner, the second best. */
  readonly rival: string;
  /** Leader over rival; more is better. */
  readonly difference: number;
  readonly interval: Interval | null;
  /** Seeds that would show a gain of `worthwhileGain`; null where no number would, or it is not known. */
  readonly seedsNeeded: number | null;
  readonly sentence: string;
}

export interface VerdictArm {
  readonly name: string;
  /** As in a sentence. */
  readonly title: string;
  readonly mean: number;
}

export interface VerdictOptions {
  readonly condition: string;
  readonly arms: readonly VerdictArm[];
  readonly direction: 'minimise' | 'maximise';
  /** Of a study that may stop early: no claim before its end, because every further look would be another chance of a false one. */
  readonly isInterim?: boolean;
  /** The gain of one arm over another, more is better, at a confidence. */
  readonly gainOf: (arm: string, other: string, confidence: number) => Gain;
}

/** A difference that would matter to somebody, as a share. */
export const worthwhileGain = 0.02;

const CONFIDENCE = 0.95;

/** `50-labels` → `50 labels`; the one condition of a study that has no other is that of all labels. */
export function conditionWords(condition: string): string {
  return condition === onlyCondition ? 'all labels' : condition.replaceAll('-', ' ');
}

/** The value of a setting as people write it. */
export function settingWords(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `learningRate 0.001, steps 60`: settings by the last part of their path. */
export function settingsWords(settings: Readonly<Record<string, unknown>>): string {
  return Object.entries(settings)
    .map(([path, value]) => `${path.replace(/^.*\./, '')} ${settingWords(value)}`)
    .join(', ');
}

/** Undefined for fewer than two arms. */
export function verdictOf({
  condition,
  arms,
  direction,
  isInterim = false,
  gainOf,
}: VerdictOptions): Verdict | undefined {
  const sign = direction === 'maximise' ? 1 : -1;
  const [leader, ...others] = arms.toSorted((a, b) => sign * (b.mean - a.mean));
  if (!leader || others.length === 0) return undefined;
  const confidence = 1 - (1 - CONFIDENCE) / others.length;
  const comparisons = others.map((other) => ({ other, ...gainOf(leader.name, other.name, confidence) }));
  // `others` are in the order of their means: the best of those that cannot be told apart, else the second best.
  const isOpen = ({ interval }: Gain): boolean => interval !== null && interval.low <= 0;
  const open = comparisons.find(isOpen);
  const rival = open ?? comparisons[0]!; // there is one
  const { gain: difference, interval, uncertainty } = rival;
  const kind = interval === null ? 'one-seed' : open || isInterim ? 'inconclusive' : 'winner';
  const seedsNeeded = uncertainty && seedsToShow(worthwhileGain, uncertainty);
  const where = `with ${conditionWords(condition)}`;
  const [ours, theirs] = [formatNumber(leader.mean), formatNumber(rival.other.mean)];
  const shown = interval
    ? `${intervalWords(interval)}${others.length > 1 ? `, adjusted for ${others.length} comparisons` : ''}`
    : '';
  const sentence = {
    winner: `${leader.title} wins ${where}: ${ours} against ${theirs} of ${rival.other.title} (difference ${formatSigned(difference)}, ${shown}).`,
    inconclusive: `No clear winner ${where}: ${leader.title} ${ours}, ${rival.other.title} ${theirs} (difference ${formatSigned(difference)}, ${shown}). ${isInterim ? interimWords : needWords(seedsNeeded)}`,
    'one-seed': `${capital(where)}: ${leader.title} ${ours}, ${rival.other.title} ${theirs}. Add seeds to get a confidence interval.`,
  }[kind];
  return { condition, kind, leader: leader.name, rival: rival.other.name, difference, interval, seedsNeeded, sentence };
}

export interface HeadlineGain {
  readonly title: string;
  readonly reference: string;
  readonly interval: Interval | null;
}

/**
 * A verdict in a few words, which its sentence explains and never contradicts. Where no arm wins, the question that a study is made for may still have its answer:
 * `gain` is that of its main arm, which was named before anything was measured, so that it needs no correction.
 */
export function headlineOf(
  { kind, leader, rival }: Pick<Verdict, 'kind' | 'leader' | 'rival'>,
  titleOf: (arm: string) => string,
  gain: HeadlineGain | undefined,
  isInterim = false,
): string {
  if (kind === 'one-seed') return 'One seed';
  if (kind === 'winner') return `${capital(titleOf(leader))} wins`;
  const { low, high } = gain?.interval ?? { low: 0, high: 0 };
  if (!gain || isInterim || (low <= 0 && high >= 0)) return 'Inconclusive';
  const answer = `${capital(gain.title)} ${low > 0 ? 'beats' : 'is worse than'} ${gain.reference}`;
  // The sentence below says that no arm wins: which one stands in the way belongs to the answer.
  const inTheWay = [leader, rival].map(titleOf).find((title) => title !== gain.title && title !== gain.reference);
  return inTheWay !== undefined && low > 0 ? `${answer}, but not clearly ${inTheWay}` : `${answer}; no arm wins`;
}

/** Whether an interval tells a gain from a loss. */
export function gainKind({ interval }: { readonly interval: ValueRange | null }): 'better' | 'worse' | 'open' {
  if (interval === null || (interval.low <= 0 && interval.high >= 0)) return 'open';
  return interval.low > 0 ? 'better' : 'worse';
}

/** A gain where there is one: a number that may be chance is called so, and its interval stands beside it. */
export function gainWords(gain: { readonly gain: number; readonly interval: ValueRange | null }): string {
  if (gain.interval === null) return 'one seed';
  return gainKind(gain) === 'open' ? 'inconclusive' : formatSigned(gain.gain);
}

/** What pretraining gained, for a sentence of its own. */
export function gainSentence(
  { gain, interval, uncertainty }: Pick<Gain, 'gain' | 'interval' | 'uncertainty'>,
  arm: string,
  reference: string,
  condition: string,
  isInterim = false,
): string {
  const what = `${capital(arm)} against ${reference} with ${conditionWords(condition)}: ${formatSigned(gain)}`;
  if (!interval) return `${what}. Add seeds to get a confidence interval.`;
  const shown = `${what} (${intervalWords(interval)})`;
  if (isInterim) return `${shown}: inconclusive. ${interimWords}`;
  if (interval.low > 0) return `${shown}: better.`;
  if (interval.high < 0) return `${shown}: worse.`;
  return `${shown}: inconclusive. ${needWords(uncertainty && seedsToShow(worthwhileGain, uncertainty))}`;
}

const interimWords = 'Not all seeds have been run, and nothing is claimed before.';

/** `95 % CI −0.010 to +0.032`: of a gain. */
export function intervalWords({ low, high }: ValueRange): string {
  return `95 % CI ${formatSigned(low)} to ${formatSigned(high)}`;
}

function needWords(seeds: number | null): string {
  return seeds === null
    ? `More seeds alone would not show a gain of ${worthwhileGain}: the test set is too small.`
    : `With this spread, ${plural(seeds, 'seed')} would show a gain of ${worthwhileGain}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
