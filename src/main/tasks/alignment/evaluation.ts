/** Alignments beside the true ones: residues that stand above the right ones, and whether related pairs score higher. */
import type { AnsweredAlignments } from '../../../shared/study/answers.ts';
import type { Evaluation, EvaluationResult, Feeds } from '../task.ts';
import { classMetrics, confusionMatrix } from '../metrics/classification.ts';
import { areaUnderRoc, operations } from '../metrics/ranking.ts';
import type { Decoding } from './decoding.ts';
import { readAlignment } from './decoding.ts';

/** Names of the classes that pairs are told apart by; a label is a place among them. */
const RELATIONS = ['unrelated', 'related'] as const;

/** Gathers what was answered to pairs, of a network or of a classical method. */
export class AlignmentCounts {
  private readonly found: number[] = [];
  private readonly answered: number[] = [];
  private readonly support: number[] = [];
  private readonly scores: number[] = [];
  private readonly labels: number[] = [];

  /**
   * One pair after the other.
   * @param score larger for pairs that seem related
   * @param answered for each residue of the first sequence the one of the second, −1 for none
   * @param truth the same; undefined where the alignment is not known
   */
  add(score: number, isRelated: boolean, answered: ArrayLike<number>, truth: ArrayLike<number> | undefined): void {
    let [found, given, support] = [0, 0, 0];
    for (let row = 0; row < (truth?.length ?? 0); row += 1) {
      given += Number(answered[row]! >= 0);
      support += Number(truth![row]! >= 0);
      found += Number(truth![row]! >= 0 && truth![row] === answered[row]);
    }
    this.found.push(found);
    this.answered.push(given);
    this.support.push(support);
    this.scores.push(score);
    this.labels.push(Number(isRelated));
  }

  get examples(): number {
    return this.scores.length;
  }

  /** Over the residues of all pairs; AUROC only where there are related and unrelated pairs. */
  metrics(): Readonly<Record<string, number>> {
    const [found, answered, support] = [this.found, this.answered, this.support].map((counts) =>
      counts.reduce((sum, count) => sum + count, 0),
    ) as [number, number, number]; // three, as written
    const auroc = areaUnderRoc(operations(this.scores, (example) => this.labels[example] === 1));
    return {
      ...(support > 0 && {
        alignedF1: (2 * found) / (answered + support),
        alignedRecall: found / support,
        alignedPrecision: answered === 0 ? 0 : found / answered,
      }),
      ...(Number.isFinite(auroc) && { auroc }),
    };
  }

  answers(): AnsweredAlignments {
    return {
      kind: 'alignments',
      labels: Uint8Array.from(this.labels),
      scores: Float32Array.from(this.scores),
      found: Uint32Array.from(this.found),
      answered: Uint32Array.from(this.answered),
      support: Uint32Array.from(this.support),
    };
  }

  /** Of scores that are probabilities: what they say of the two classes. Nothing where there are pairs of one of them alone. */
  classes(): Pick<EvaluationResult, 'perClass' | 'scored'> {
    const { labels, scores } = this;
    if (new Set(labels).size < 2) return {};
    const predicted = scores.map((score) => Number(score >= 0.5));
    const each = classMetrics(confusionMatrix(labels, predicted, RELATIONS.length));
    return {
      perClass: RELATIONS.map((name, place) => ({ name, ...each[place]! })),
      scored: {
        kind: 'classes',
        names: RELATIONS,
        labels: Int32Array.from(labels),
        probabilities: Float32Array.from(scores.flatMap((score) => [1 - score, score])),
      },
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
        const isKnown = feeds.columns![row]! > 0;
        counts.add(related, isRelated, alignment, isKnown ? fedAlignment(feeds, row, sizes.rows) : undefined);
        if (isKnown) {
          alignmentLoss += outputs.alignmentLosses?.data[row] ?? Number.NaN;
          columns += feeds.columns![row]!;
        }
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
      answers: counts.answers(),
      ...(matchWeight > 0 && compared > 0 && counts.classes()),
    }),
  };
}
