/** Two sets of runs, paired by seed and split where they share them: what is luck of the draw then cancels. */
import type { PairedComparison } from '../../../shared/contract/compare.ts';
import type { Comparison } from '../../../shared/stats.ts';
import { comparePredictions, pairedDifference, welchDifference } from '../../../shared/stats.ts';
import type { RunWithSpec } from '../run-fields.ts';
import { metricDirection } from './compare-table.ts';

export function comparePaired(
  first: readonly RunWithSpec[],
  second: readonly RunWithSpec[],
  metric: string,
  confidence: number,
): PairedComparison {
  const unpaired: PairedComparison['unpaired'] = [];
  const pairs: PairedComparison['pairs'] = [];
  const partners = [...second];
  for (const one of first) {
    const value = valueOf(one, metric);
    if (value === null) {
      unpaired.push({ run: one.run.id, reason: missing(metric) });
      continue;
    }
    const place = partners.findIndex((other) => isPartner(one, other) && valueOf(other, metric) !== null);
    const [partner] = place < 0 ? [] : partners.splice(place, 1);
    const other = partner && valueOf(partner, metric);
    if (partner && typeof other === 'number') {
      const { seed, splitSeed } = one.run;
      pairs.push({ first: one.run.id, second: partner.run.id, seed, splitSeed, values: [value, other] });
    } else {
      unpaired.push({ run: one.run.id, reason: 'no run of the other side has its data, seed and split seed' });
    }
  }
  for (const { run } of partners) {
    unpaired.push({
      run: run.id,
      reason:
        (run.metrics[metric] ?? null) === null
          ? missing(metric)
          : 'no run of the other side has its data, seed and split seed',
    });
  }
  const values = (entries: readonly RunWithSpec[]): number[] => entries.flatMap((one) => valueOf(one, metric) ?? []);
  const [ours, theirs] = [values(first), values(second)];
  return {
    metric,
    direction: metricDirection([...first, ...second], metric),
    pairs,
    unpaired,
    paired:
      pairs.length === 0
        ? null
        : plain(
            pairedDifference(
              pairs.map(({ values: [a] }) => a),
              pairs.map(({ values: [, b] }) => b),
              confidence,
            ),
          ),
    independent: ours.length === 0 || theirs.length === 0 ? null : plain(welchDifference(ours, theirs, confidence)),
    answers: compareAnswers(first, second, pairs),
  };
}

function missing(metric: string): string {
  return `it has no ${metric}`;
}

function valueOf({ run }: RunWithSpec, metric: string): number | null {
  return run.metrics[metric] ?? null;
}

function isPartner({ run, record }: RunWithSpec, other: RunWithSpec): boolean {
  const sameData = record.origin.data.contentHash === other.record.origin.data.contentHash;
  return sameData && run.seed === other.run.seed && run.splitSeed === other.run.splitSeed;
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
