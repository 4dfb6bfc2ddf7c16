/** Metrics of weighted examples with several labels. Definitions as in `tasks/metrics/multi-label.ts` and `tasks/metrics/ranking.ts`. */
import type { AnsweredLabels } from '../answers.ts';
import type { WeightedMetric } from './weighted-metric.ts';
import { meanOfDefined, weightedMean } from './weighted-metric.ts';

const SMALLEST = 1e-12;

export function weightedLabels(run: AnsweredLabels, metric: string): WeightedMetric | undefined {
  const { labels, probabilities, thresholds } = run;
  const count = thresholds.length;
  const examples = labels.length / count;
  const decided = Uint8Array.from({ length: labels.length }, (_, at) =>
    Number(probabilities[at]! >= thresholds[at % count]!),
  );
  const each = (valueOf: (example: number) => number): WeightedMetric =>
    weightedMean(Float64Array.from({ length: examples }, (_, example) => valueOf(example)));
  switch (metric) {
    case 'loss':
      return each((example) => {
        let sum = 0;
        for (let at = example * count; at < (example + 1) * count; at += 1) {
          sum -= Math.log(Math.max(SMALLEST, labels[at] === 1 ? probabilities[at]! : 1 - probabilities[at]!));
        }
        return sum / count;
      });
    case 'exactMatches':
      return each((example) => {
        for (let at = example * count; at < (example + 1) * count; at += 1) if (labels[at] !== decided[at]) return 0;
        return 1;
      });
    case 'microF1':
    case 'macroF1':
      return (weights) => {
        const f1s = countLabels(labels, decided, count, weights);
        if (metric === 'macroF1') return f1s.map(f1Of).reduce((sum, f1) => sum + f1, 0) / count;
        const sum = (name: keyof Counts): number => f1s.reduce((total, one) => total + one[name], 0);
        return f1Of({ found: sum('found'), answered: sum('answered'), support: sum('support') });
      };
    case 'auroc':
    case 'averagePrecision': {
      const curves = thresholds.map((_, label) => curveOf(run, label));
      return (weights) => meanOfDefined(curves.map((curve) => curve(weights)[metric]));
    }
    default:
      return undefined;
  }
}

interface Counts {
  readonly found: number;
  readonly answered: number;
  readonly support: number;
}

/** 0 where there is nothing to divide by. */
function f1Of({ found, answered, support }: Counts): number {
  return answered + support === 0 ? 0 : (2 * found) / (answered + support);
}

function countLabels(
  labels: ArrayLike<number>,
  decided: Uint8Array,
  count: number,
  weights: ArrayLike<number>,
): Counts[] {
  return Array.from({ length: count }, (_, label) => {
    let [found, answered, support] = [0, 0, 0];
    for (let at = label, example = 0; at < labels.length; at += count, example += 1) {
      const weight = weights[example]!;
      found += weight * labels[at]! * decided[at]!;
      answered += weight * decided[at]!;
      support += weight * labels[at]!;
    }
    return { found, answered, support };
  });
}

/** Areas under the curves of a label against the rest; equal probabilities cannot be told apart. */
function curveOf({ labels, probabilities, thresholds }: AnsweredLabels, label: number) {
  const count = thresholds.length;
  const at = (example: number): number => example * count + label;
  const order = Uint32Array.from({ length: labels.length / count }, (_, example) => example);
  order.sort((a, b) => probabilities[at(b)]! - probabilities[at(a)]!);
  return (weights: ArrayLike<number>): { readonly auroc: number; readonly averagePrecision: number } => {
    let [positives, negatives, area, precisions] = [0, 0, 0, 0];
    for (let start = 0; start < order.length;) {
      const [morePositives, moreNegatives] = [positives, negatives];
      const score = probabilities[at(order[start]!)];
      for (; start < order.length && probabilities[at(order[start]!)] === score; start += 1) {
        const example = order[start]!;
        if (labels[at(example)] === 1) positives += weights[example]!;
        else negatives += weights[example]!;
      }
      area += ((negatives - moreNegatives) * (positives + morePositives)) / 2;
      if (positives > morePositives) {
        precisions += ((positives - morePositives) * positives) / (positives + negatives);
      }
    }
    return { auroc: area / (positives * negatives), averagePrecision: precisions / positives };
  };
}
