/** Two sets of runs, paired by seed and split where they share them: what is luck of the draw then cancels. */
import type { PairedComparison } from '../../../shared/contract/compare.ts';
import { metricOf } from '../../../shared/metrics.ts';
import type { Comparison } from '../../../shared/stats.ts';
import { comparePredictions, mean, welchDifference } from '../../../shared/stats.ts';
import { pairedGain } from '../../../shared/study/gain.ts';
import type { RunWithSpec } from '../run-fields.ts';
import { specFields } from '../run-fields.ts';

/** Differences first − second with their interval. Pairs are within one label budget; what has no partner is named with the reason. */
export function comparePaired(
  first: readonly RunWithSpec[],
  second: readonly RunWithSpec[],
  metric: string,
  confidence: number,
): PairedComparison {
  const partners = pairUp(
    first.filter((one) => valueOf(one, metric) !== null),
    second.filter((one) => valueOf(one, metric) !== null),
  );
  const pairs: PairedComparison['pairs'] = first.flatMap((one) => {
    const partner = partners.get(one);
    const [value, other] = [valueOf(one, metric), partner ? valueOf(partner, metric) : null];
    if (!partner || value === null || other === null) return [];
    const { id, seed, splitSeed } = one.run;
    return [{ first: id, second: partner.run.id, seed, splitSeed, values: [value, other] }];
  });
  const paired = new Set(pairs.flatMap((pair) => [pair.first, pair.second]));
  const reasonOf = (one: RunWithSpec, others: readonly RunWithSpec[]): string => {
    if (valueOf(one, metric) === null) return `it has no ${metric}`;
    return others.some((other) => valueOf(other, metric) !== null && isPartner(one, other))
      ? 'what it could be paired with is paired with a run that is more like it'
      : 'no run of the other side has its data, labels, seed and split seed';
  };
  const unpaired = [
    ...first.map((one) => ({ run: one.run.id, reason: reasonOf(one, second) })),
    ...second.map((one) => ({ run: one.run.id, reason: reasonOf(one, first) })),
  ].filter(({ run }) => !paired.has(run));
  const values = (entries: readonly RunWithSpec[]): number[] => entries.flatMap((one) => valueOf(one, metric) ?? []);
  const [ours, theirs] = [values(first), values(second)];
  return {
    metric,
    direction: metricOf(metric).direction,
    pairs,
    unpaired,
    paired: differenceOf(pairs, first, confidence),
    independent: ours.length === 0 || theirs.length === 0 ? null : plain(welchDifference(ours, theirs, confidence)),
    answers: compareAnswers(first, second, pairs),
  };
}

/**
 * First minus second over independent repetitions: runs of one seed at several label budgets share their luck, so their mean
 * counts once. Splits that differ overlap, which widens the interval (see `pairedGain`).
 */
function differenceOf(
  pairs: PairedComparison['pairs'],
  entries: readonly RunWithSpec[],
  confidence: number,
): PairedComparison['paired'] {
  if (pairs.length === 0) return null;
  const repetitions = Map.groupBy(pairs, ({ seed, splitSeed }) => `${seed} ${splitSeed}`);
  const averaged = [...repetitions.values()].map((own) => ({
    first: mean(own.map(({ values: [a] }) => a)),
    second: mean(own.map(({ values: [, b] }) => b)),
  }));
  const hasOtherSplits = new Set(pairs.map(({ splitSeed }) => splitSeed)).size > 1;
  const share = entries[0]?.record.spec.task.testFraction;
  const testFraction = hasOtherSplits ? (typeof share === 'number' ? share : usualTestFraction) : undefined;
  const { gain, interval, pValue, uncertainty } = pairedGain(averaged, { confidence, testFraction });
  return {
    count: averaged.length,
    difference: gain,
    standardError: uncertainty && Math.sqrt(uncertainty.oneSeed / averaged.length),
    interval,
    pValue,
  };
}

/** Of tasks that do not say how many examples their test has. */
const usualTestFraction = 0.2;

/**
 * Each run of one side with at most one of the other. Where several have the same seed and split, those are paired first that are
 * most alike in everything else, so that a difference is of what was asked about and of nothing besides.
 */
function pairUp(first: readonly RunWithSpec[], second: readonly RunWithSpec[]): Map<RunWithSpec, RunWithSpec> {
  const candidates = first.flatMap((one) =>
    second.filter((other) => isPartner(one, other)).map((other) => ({ one, other, unlike: specDistance(one, other) })),
  );
  const pairs = new Map<RunWithSpec, RunWithSpec>();
  const taken = new Set<RunWithSpec>();
  for (const { one, other } of candidates.toSorted((a, b) => a.unlike - b.unlike)) {
    if (pairs.has(one) || taken.has(other)) continue;
    pairs.set(one, other);
    taken.add(other);
  }
  return pairs;
}

/** In how many fields their specs differ. */
function specDistance(one: RunWithSpec, other: RunWithSpec): number {
  return [...specFields([one, other]).values()].filter(([a, b]) => a !== b).length;
}

function valueOf({ run }: RunWithSpec, metric: string): number | null {
  return run.metrics[metric] ?? null;
}

function isPartner({ run, record }: RunWithSpec, other: RunWithSpec): boolean {
  const sameData = record.origin.data.contentHash === other.record.origin.data.contentHash;
  const sameDraw = run.seed === other.run.seed && run.splitSeed === other.run.splitSeed;
  return sameData && sameDraw && labelsOf(record) === labelsOf(other.record);
}

/** Which labels a run had: more of them are another question. */
function labelsOf({ spec }: RunWithSpec['record']): string {
  return JSON.stringify([spec.task.labelBudget, spec.labelSeed]);
}

/** Of the only pair, whose runs answered the same test examples. */
function compareAnswers(
  first: readonly RunWithSpec[],
  second: readonly RunWithSpec[],
  pairs: PairedComparison['pairs'],
): PairedComparison['answers'] {
  const [pair] = pairs;
  if (!pair || pairs.length > 1) return null;
  const answersOf = (entries: readonly RunWithSpec[], id: string): string | undefined =>
    entries.find(({ run }) => run.id === id)?.record.result?.test?.correct;
  const [a, b] = [answersOf(first, pair.first), answersOf(second, pair.second)];
  if (!a || a.length !== b?.length || a.length === 0) return null;
  // Right answers are all that is known: every example's label is 1, and so is a right prediction.
  const digits = (text: string): number[] => Array.from(text, Number);
  return { ...comparePredictions(new Array<number>(a.length).fill(1), digits(a), digits(b)) };
}

function plain({
  count,
  difference,
  standardError,
  interval,
  pValue,
}: Comparison): NonNullable<PairedComparison['paired']> {
  return { count, difference, standardError, interval, pValue };
}
