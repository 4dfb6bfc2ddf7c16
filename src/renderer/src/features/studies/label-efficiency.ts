/**
 * What a study says, as it is drawn: each arm's curve over the label budgets, the gain at each of them seed by seed, and how many
 * labels the pretraining was worth. Budgets are read from the names of conditions ("50-labels", "5-labels-a-class"), which is
 * how studies name them; conditions that are something else are categories beside each other.
 */
import type { StudyResult } from '../../../../shared/spec/study.ts';

export interface CurvePoint {
  readonly condition: string;
  readonly mean: number;
  /** Of the mean over seeds; null with one seed. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  readonly runs: readonly { readonly run: string; readonly seed: number; readonly value: number }[];
}

export interface ArmCurve {
  readonly arm: string;
  readonly points: readonly CurvePoint[];
}

export interface GainPoint {
  readonly condition: string;
  readonly arm: string;
  readonly reference: string;
  /** More is better, whatever the metric. */
  readonly gain: number;
  readonly interval: { readonly low: number; readonly high: number } | null;
  readonly pValue: number | null;
  /** The difference of each seed that both arms have. */
  readonly seeds: readonly { readonly seed: number; readonly difference: number }[];
}

/** The labels of each condition, in its order; null unless every name begins with a number of its own. */
export function labelBudgets(conditions: readonly string[]): readonly number[] | null {
  const numbers = conditions.map((name) => /^(\d+)(?=\D|$)/u.exec(name)?.[1]).map((digits) => Number(digits ?? NaN));
  const isBudget = numbers.every((count) => Number.isSafeInteger(count) && count > 0);
  return isBudget && new Set(numbers).size === numbers.length ? numbers : null;
}

/** `50-labels` → `50 labels`. */
export function conditionWords(condition: string): string {
  return condition.replaceAll('-', ' ');
}

/** The conditions that have results, by budget where they are budgets. */
export function conditionsOf({ arms }: Pick<StudyResult, 'arms'>): readonly string[] {
  const names = [...new Set(arms.map(({ condition }) => condition))];
  const budgets = labelBudgets(names);
  if (budgets === null) return names;
  return names
    .map((name, index) => ({ name, labels: budgets[index] ?? 0 }))
    .toSorted((one, other) => one.labels - other.labels)
    .map(({ name }) => name);
}

export function armCurves(result: Pick<StudyResult, 'arms' | 'runs'>): readonly ArmCurve[] {
  const conditions = conditionsOf(result);
  return [...new Set(result.arms.map(({ arm }) => arm))].map((arm) => ({
    arm,
    points: conditions.flatMap((condition) => {
      const found = result.arms.find((one) => one.arm === arm && one.condition === condition);
      if (found === undefined) return [];
      const runs = result.runs.filter((run) => run.arm === arm && run.condition === condition);
      return [{ condition, mean: found.mean, interval: found.interval, runs }];
    }),
  }));
}

export function gainPoints(result: Pick<StudyResult, 'arms' | 'runs' | 'gains' | 'direction'>): readonly GainPoint[] {
  const sign = result.direction === 'maximise' ? 1 : -1;
  const valueOf = (condition: string, arm: string, seed: number): number | undefined =>
    result.runs.find((run) => run.condition === condition && run.arm === arm && run.seed === seed)?.value;
  const order = conditionsOf(result);
  return result.gains
    .map((gain) => ({
      ...gain,
      seeds: [...new Set(result.runs.map(({ seed }) => seed))].flatMap((seed) => {
        const ours = valueOf(gain.condition, gain.arm, seed);
        const theirs = valueOf(gain.condition, gain.reference, seed);
        return ours === undefined || theirs === undefined ? [] : [{ seed, difference: sign * (ours - theirs) }];
      }),
    }))
    .toSorted((one, other) => order.indexOf(one.condition) - order.indexOf(other.condition));
}

/** Whether an interval tells a gain from a loss. */
export function verdictOf({ interval }: Pick<GainPoint, 'interval'>): 'better' | 'worse' | 'open' {
  if (interval === null || (interval.low <= 0 && interval.high >= 0)) return 'open';
  return interval.low > 0 ? 'better' : 'worse';
}

export interface LabelWorth {
  readonly labels: number;
  /** Labels with which the reference is as good; `atLeast` when it is not even with the most there are. */
  readonly reference: number;
  readonly atLeast: boolean;
}

/**
 * How many labels training from scratch needs to reach what an arm reaches at its smallest budget: the reference's curve, read
 * between its points on a logarithmic scale of labels. Null where there is nothing to read: one budget, or no gain.
 */
export function labelWorth(
  result: Pick<StudyResult, 'arms' | 'runs' | 'gains' | 'direction'>,
  arm: string,
): LabelWorth | null {
  const conditions = conditionsOf(result);
  const budgets = labelBudgets(conditions);
  const reference = result.gains.find((gain) => gain.arm === arm)?.reference;
  if (budgets === null || budgets.length < 2 || reference === undefined) return null;
  const sign = result.direction === 'maximise' ? 1 : -1;
  const curve = conditions.flatMap((condition, index) => {
    const mean = result.arms.find((one) => one.arm === reference && one.condition === condition)?.mean;
    return mean === undefined ? [] : [{ labels: budgets[index] ?? 0, value: sign * mean }];
  });
  const [smallest] = conditions;
  const mean = result.arms.find((one) => one.arm === arm && one.condition === smallest)?.mean;
  const [first] = curve;
  const [labels] = budgets;
  if (mean === undefined || first === undefined || labels === undefined || first.labels !== labels) return null;
  const wanted = sign * mean;
  if (wanted <= first.value) return null;
  for (const [index, right] of curve.entries()) {
    const left = curve[index - 1];
    if (left === undefined || right.value < wanted) continue;
    const share = (wanted - left.value) / (right.value - left.value);
    const logarithm = Math.log(left.labels) + share * (Math.log(right.labels) - Math.log(left.labels));
    return { labels, reference: Math.exp(logarithm), atLeast: false };
  }
  return { labels, reference: curve.at(-1)?.labels ?? labels, atLeast: true };
}
