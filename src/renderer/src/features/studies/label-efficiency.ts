/**
 * What a study says, as it is drawn: each arm's curve over the label budgets, and the gain at each of them seed by seed. Budgets are
 * the labelled examples that runs had; of older runs they are read from the names of conditions ("50-labels"). Conditions that
 * are something else are categories beside each other.
 */
import type { StudyResult } from '../../../../shared/spec/study.ts';
import { armSeries } from '../../../../shared/study/arm-colours.ts';
import { lineStyle, pretrainedColour, scratchColour } from '../../charts/palette.ts';

export interface CurvePoint {
  readonly condition: string;
  readonly mean: number;
  /** Of the mean over seeds; null with one seed. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  readonly runs: readonly { readonly run: string; readonly seed: number; readonly value: number }[];
}

export interface ArmCurve {
  readonly arm: string;
  readonly title: string;
  /** The token of its colour. */
  readonly colour: string;
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

type Conditions = Pick<StudyResult, 'conditions'>;

/** The labels of each condition, in their order; null unless every condition has a number of its own. */
export function labelBudgets(conditions: StudyResult['conditions']): readonly number[] | null {
  const numbers = conditions.map(({ name, labels }) => labels ?? Number(/^(\d+)(?=\D|$)/u.exec(name)?.[1] ?? NaN));
  const isBudget = numbers.every((count) => Number.isSafeInteger(count) && count > 0);
  return isBudget && new Set(numbers).size === numbers.length ? numbers : null;
}

/** The conditions that have results, by budget where they are budgets. */
export function conditionsOf({ conditions }: Conditions): readonly string[] {
  const names = conditions.map(({ name }) => name);
  const budgets = labelBudgets(conditions);
  if (budgets === null) return names;
  return names
    .map((name, index) => ({ name, labels: budgets[index] ?? 0 }))
    .toSorted((one, other) => one.labels - other.labels)
    .map(({ name }) => name);
}

/** The budgets in the order of `conditionsOf`. */
export function budgetsOf({ conditions }: Conditions): readonly number[] | null {
  return labelBudgets(conditions)?.toSorted((one, other) => one - other) ?? null;
}

/** The token of each arm's colour. */
export function armColours(arms: Parameters<typeof armSeries>[0]): ReadonlyMap<string, string> {
  const tokens: readonly string[] = [pretrainedColour, scratchColour];
  return new Map([...armSeries(arms)].map(([name, index]) => [name, tokens[index] ?? lineStyle(index).colour]));
}

export function armCurves(result: Pick<StudyResult, 'arms' | 'runs' | 'conditions'>): readonly ArmCurve[] {
  const conditions = conditionsOf(result);
  const arms = [...new Map(result.arms.map((arm) => [arm.arm, arm])).values()];
  const colours = armColours(
    arms.map(({ arm, pretrained, method }) => ({ name: arm, isMain: pretrained && method === 'training' })),
  );
  return arms.map(({ arm, title }) => ({
    arm,
    title,
    colour: colours.get(arm) ?? pretrainedColour,
    points: conditions.flatMap((condition) => {
      const found = result.arms.find((one) => one.arm === arm && one.condition === condition);
      if (found === undefined) return [];
      const runs = result.runs.filter((run) => run.arm === arm && run.condition === condition);
      return [{ condition, mean: found.mean, interval: found.interval, runs }];
    }),
  }));
}

export function gainPoints(
  result: Pick<StudyResult, 'conditions' | 'runs' | 'gains' | 'direction'>,
): readonly GainPoint[] {
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

/** What pretraining itself gained: of the arms that are trained from pretrained weights. */
export function pretrainingGains(result: StudyResult): readonly GainPoint[] {
  const trained = new Set(
    result.arms.filter(({ pretrained, method }) => pretrained && method === 'training').map(({ arm }) => arm),
  );
  const gains = gainPoints(result);
  return trained.size === 0 ? gains : gains.filter(({ arm }) => trained.has(arm));
}

/** At a time: then it is looked at again. */
const mostSeedsAdded = 20;
const fewSeeds = 2;

/** How many seeds would settle what is open: 0 where nothing is, or no number would. */
export function seedsToAdd({ verdicts, runs }: Pick<StudyResult, 'verdicts' | 'runs'>): number {
  const seeds = new Set(runs.map(({ seed }) => seed)).size;
  const wanted = verdicts.map(({ kind, seedsNeeded }) => {
    if (kind === 'winner') return 0;
    if (kind === 'one-seed') return fewSeeds;
    return seedsNeeded === null ? 0 : Math.max(1, seedsNeeded - seeds);
  });
  return Math.min(mostSeedsAdded, Math.max(0, ...wanted));
}
