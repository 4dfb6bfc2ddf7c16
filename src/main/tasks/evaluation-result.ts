/** What an evaluation of a split finds. */
import type { AnsweredRun } from '../../shared/study/answers.ts';
import type { TargetResult } from './targets/facts.ts';

export interface EvaluationResult {
  /** Plain numbers such as `loss`, `accuracy`, `macroF1`. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Row: true class; column: predicted class. */
  readonly confusion?: { readonly classes: readonly string[]; readonly counts: readonly (readonly number[])[] };
  readonly perClass?: readonly {
    readonly name: string;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
    readonly support: number;
  }[];
  /** Per-example correctness in evaluation order, for paired tests between runs. */
  readonly correct?: Uint8Array;
  /** What was answered to each example, in evaluation order. */
  readonly answers?: AnsweredRun;
  /** Of classifiers: how probable each answer was. */
  readonly scored?: ScoredAnswers;
  /** Of regression: each target in its own unit, with some of its [true, predicted] values. */
  readonly targets?: readonly TargetResult[];
  /** Of several labels: from which probability on each was answered. */
  readonly thresholds?: readonly number[];
  /** How many examples were evaluated, where `answers` do not tell. */
  readonly exampleCount?: number;
}

/** Probabilities that a classifier gave, row-major [labels, names]: of classes that exclude each other, or of several labels at once. */
export type ScoredAnswers = {
  readonly names: readonly string[];
  readonly probabilities: ArrayLike<number>;
} & (
  | { readonly kind: 'classes'; /** Of each row. */ readonly labels: ArrayLike<number> }
  | {
      readonly kind: 'several';
      /** As the probabilities: 1 where an example has a label. */ readonly labels: ArrayLike<number>;
    }
);
