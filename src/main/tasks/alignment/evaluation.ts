/** Alignments beside the true ones: residues that stand above the right ones, and whether related pairs score higher. */
import type { Evaluation, Feeds } from '../task.ts';
import { areaUnderRoc, operations } from '../metrics/ranking.ts';
import type { Decoding } from './decoding.ts';
import { readAlignment } from './decoding.ts';

/** Gathers what was answered to pairs, of a network or of a classical method. */
export class AlignmentCounts {
  private found = 0;
  private answered = 0;
  private support = 0;
  private readonly scores: number[] = [];
  private readonly related: boolean[] = [];

  /** Both for each residue of the first sequence the one of the second, −1 for none. */
  addAlignment(answered: ArrayLike<number>, truth: ArrayLike<number>): void {
    for (let row = 0; row < truth.length; row += 1) {
      this.answered += Number(answered[row]! >= 0);
      this.support += Number(truth[row]! >= 0);
      this.found += Number(truth[row]! >= 0 && truth[row] === answered[row]);
    }
  }

  /** @param score larger for pairs that seem related */
  addScore(score: number, isRelated: boolean): void {
    this.scores.push(score);
    this.related.push(isRelated);
  }

  get examples(): number {
    return this.scores.length;
  }

  /** Over the residues of all pairs; AUROC only where there are related and unrelated pairs. */
  metrics(): Readonly<Record<string, number>> {
    const { found, answered, support } = this;
    const auroc = areaUnderRoc(operations(this.scores, (example) => this.related[example]!));
    return {
      ...(support > 0 && {
        alignedF1: (2 * found) / (answered + support),
        alignedRecall: found / support,
        alignedPrecision: answered === 0 ? 0 : found / answered,
      }),
      ...(Number.isFinite(auroc) && { auroc }),
    };
  }
}

/** How many residues each sequence of a pair has. */
export function sizesOf({ mask }: Feeds, row: number, batchSize: number): { rows: number; columns: number } {
  const length = (mask?.length ?? 0) / (2 * batchSize);
  const residues = (at: number): number => {
    let count = -2; // the marks of its begin and end
    for (let place = 0; place < length; place += 1) count += mask![at * length + place]!;
    return count;
  };
  return { rows: residues(row), columns: residues(batchSize + row) };
}

/** Of the alignment that a batch was fed: for each residue of the first sequence the one of the second, −1 for none. */
export function fedAlignment({ aligned, weights }: Feeds, row: number, rows: number): Int32Array {
  const length = (aligned?.length ?? 0) / (weights?.length ?? 1);
  return Int32Array.from({ length: rows }, (_, residue) => aligned![row * length + residue + 1]! - 1);
}

/** Reads the outputs of the head, and the feeds of a batch. */
export function alignmentEvaluation(decoding: Decoding, matchWeight: number): Evaluation {
  const counts = new AlignmentCounts();
  let [alignmentLoss, columns, matchLoss, compared] = [0, 0, 0, 0];
  return {
    add(outputs, feeds) {
      const weights = feeds.weights ?? [];
      for (const [row, weight] of weights.entries()) {
        if (weight === 0) continue;
        const sizes = sizesOf(feeds, row, weights.length);
        const { alignment, related } = readAlignment(outputs, row, sizes, decoding);
        const isRelated = feeds.related?.[row] === 1;
        if (feeds.columns![row]! > 0) {
          counts.addAlignment(alignment, fedAlignment(feeds, row, sizes.rows));
          alignmentLoss += outputs.alignmentLosses?.data[row] ?? Number.NaN;
          columns += feeds.columns![row]!;
        }
        counts.addScore(related, isRelated);
        if (feeds.compared?.[row] !== 1) continue;
        matchLoss -= Math.log(Math.max(isRelated ? related : 1 - related, Number.MIN_VALUE));
        compared += 1;
      }
    },
    result: () => ({
      metrics: {
        loss: alignmentLoss / Math.max(columns, 1) + (matchWeight * matchLoss) / Math.max(compared, 1),
        ...counts.metrics(),
      },
      exampleCount: counts.examples,
    }),
  };
}
