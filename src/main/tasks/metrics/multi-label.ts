/**
 * Several labels at once, each a yes or no of its own: F1 over all decisions (micro) and averaged over labels (macro), exact matches,
 * and the threshold of each label, with the definitions of scikit-learn.
 */
import type { Operation } from './ranking.ts';
import { averagePrecision, areaUnderRoc, operations } from './ranking.ts';

export interface LabelMetrics {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Examples that have the label. */
  readonly support: number;
}

/** Row-major [examples, labels]: 1 where an example has a label. */
export type LabelMatrix = ArrayLike<number>;

/** Whether probabilities reach the threshold of their label. */
export function decide(probabilities: ArrayLike<number>, thresholds: readonly number[]): Uint8Array {
  const count = thresholds.length;
  return Uint8Array.from({ length: probabilities.length }, (_, index) =>
    Number(probabilities[index]! >= thresholds[index % count]!),
  );
}

/** Precision, recall and F1 of each label; 0 where there is nothing to divide by. */
export function labelMetrics(truth: LabelMatrix, decided: LabelMatrix, labels: number): LabelMetrics[] {
  return Array.from({ length: labels }, (_, label) => {
    const [found, answered, support] = countsOf(truth, decided, labels, label);
    return {
      precision: answered === 0 ? 0 : found / answered,
      recall: support === 0 ? 0 : found / support,
      f1: support + answered === 0 ? 0 : (2 * found) / (support + answered),
      support,
    };
  });
}

/** Of label decisions: those that are right, those that say yes, and those that should. */
function countsOf(
  truth: LabelMatrix,
  decided: LabelMatrix,
  labels: number,
  label: number,
): [found: number, answered: number, support: number] {
  let [found, answered, support] = [0, 0, 0];
  for (let at = label; at < truth.length; at += labels) {
    found += truth[at]! * decided[at]!;
    answered += decided[at]!;
    support += truth[at]!;
  }
  return [found, answered, support];
}

/** F1 of all decisions together; 0 without a yes on either side. */
export function microF1(truth: LabelMatrix, decided: LabelMatrix): number {
  const [found, answered, support] = countsOf(truth, decided, 1, 0);
  return support + answered === 0 ? 0 : (2 * found) / (support + answered);
}

/** Share of the examples whose labels are all right. */
export function exactMatches(truth: LabelMatrix, decided: LabelMatrix, labels: number): number {
  const examples = truth.length / labels;
  let exact = 0;
  for (let example = 0; example < examples; example += 1) {
    let isExact = true;
    for (let label = 0; label < labels && isExact; label += 1) {
      isExact = truth[example * labels + label] === decided[example * labels + label];
    }
    exact += Number(isExact);
  }
  return exact / examples;
}

/** Averaged over the labels for which they can be told; NaN where there is none. */
export function labelRanking(
  truth: LabelMatrix,
  probabilities: ArrayLike<number>,
  labels: number,
): { readonly auroc: number; readonly averagePrecision: number } {
  const curves = Array.from({ length: labels }, (_, label) => {
    const scores = columnOf(probabilities, labels, label);
    return operations(scores, (example) => truth[example * labels + label] === 1);
  });
  const mean = (values: readonly number[]): number => {
    const known = values.filter((value) => !Number.isNaN(value));
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  return { auroc: mean(curves.map(areaUnderRoc)), averagePrecision: mean(curves.map(averagePrecision)) };
}

/**
 * For each label the threshold with the best F1, halfway to the next lower probability, so that it does not hang on one example;
 * 0.5 for a label without an example.
 */
export function chooseThresholds(truth: LabelMatrix, probabilities: ArrayLike<number>, labels: number): number[] {
  return Array.from({ length: labels }, (_, label) => {
    const scores = columnOf(probabilities, labels, label);
    const found: readonly Operation[] = operations(scores, (example) => truth[example * labels + label] === 1);
    const support = found.at(-1)?.truePositives ?? 0;
    if (support === 0) return 0.5;
    const f1s = found.map(
      ({ truePositives, falsePositives }) => (2 * truePositives) / (support + truePositives + falsePositives),
    );
    const place = f1s.indexOf(Math.max(...f1s));
    const next = found.at(place + 1)?.threshold ?? 0;
    return (found[place]!.threshold + next) / 2;
  });
}

function columnOf(values: ArrayLike<number>, columns: number, column: number): Float64Array {
  return Float64Array.from({ length: values.length / columns }, (_, row) => values[row * columns + column]!);
}

/** Mean binary cross-entropy in nats. */
export function binaryLoss(truth: LabelMatrix, probabilities: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < truth.length; index += 1) {
    const probability = truth[index] === 1 ? probabilities[index]! : 1 - probabilities[index]!;
    sum -= Math.log(Math.max(probability, 1e-12));
  }
  return sum / truth.length;
}
