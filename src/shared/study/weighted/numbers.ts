/** Metrics of weighted examples with numbers. Definitions as in `tasks/metrics/regression.ts`: of several targets the mean over them. */
import type { AnsweredNumbers } from '../answers.ts';
import type { WeightedMetric } from './weighted-metric.ts';
import { meanOfDefined } from './weighted-metric.ts';

export function weightedNumbers(run: AnsweredNumbers, metric: string): WeightedMetric | undefined {
  const { labels, predicted, deviations } = run;
  const targets = deviations.length;
  const columns = deviations.map((deviation, target) => ({
    truth: columnOf(labels, targets, target),
    answered: columnOf(predicted, targets, target),
    deviation,
  }));
  const each = (make: (column: Column) => WeightedMetric): WeightedMetric => {
    const all = columns.map(make);
    return (weights) => meanOfDefined(all.map((one) => one(weights)));
  };
  switch (metric) {
    case 'rmse':
      return each((column) => (weights) => Math.sqrt(sums(column, weights).squares));
    case 'mae':
      return each((column) => (weights) => sums(column, weights).absolutes);
    case 'r2':
      return each((column) => (weights) => {
        const { squares, spread } = sums(column, weights);
        return spread === 0 ? Number.NaN : 1 - squares / spread;
      });
    case 'standardisedError':
      return each((column) => (weights) => sums(column, weights).squares / column.deviation ** 2);
    case 'spearman':
      return each(rankCorrelation);
    default:
      return undefined;
  }
}

interface Column {
  readonly truth: Float64Array;
  readonly answered: Float64Array;
  readonly deviation: number;
}

function columnOf(values: ArrayLike<number>, columns: number, column: number): Float64Array {
  return Float64Array.from({ length: values.length / columns }, (_, row) => values[row * columns + column]!);
}

/** Weighted means of the squared and absolute errors, and the variance of the true numbers. */
function sums({ truth, answered }: Column, weights: ArrayLike<number>) {
  let [total, sum] = [0, 0];
  for (let example = 0; example < truth.length; example += 1) {
    total += weights[example]!;
    sum += weights[example]! * truth[example]!;
  }
  const mean = sum / total;
  let [squares, absolutes, spread] = [0, 0, 0];
  for (let example = 0; example < truth.length; example += 1) {
    const weight = weights[example]!;
    const error = truth[example]! - answered[example]!;
    squares += weight * error ** 2;
    absolutes += weight * Math.abs(error);
    spread += weight * (truth[example]! - mean) ** 2;
  }
  return { squares: squares / total, absolutes: absolutes / total, spread: spread / total };
}

/** Spearman's: the correlation of ranks, tied ones at their mean, where an example has as many places as it counts. */
function rankCorrelation({ truth, answered }: Column): WeightedMetric {
  const [ofTruth, ofAnswers] = [weightedRanks(truth), weightedRanks(answered)];
  return (weights) => {
    const [a, b] = [ofTruth(weights), ofAnswers(weights)];
    let [total, sumA, sumB] = [0, 0, 0];
    for (let example = 0; example < a.length; example += 1) {
      total += weights[example]!;
      sumA += weights[example]! * a[example]!;
      sumB += weights[example]! * b[example]!;
    }
    let [together, squaresA, squaresB] = [0, 0, 0];
    for (let example = 0; example < a.length; example += 1) {
      const weight = weights[example]!;
      const [fromA, fromB] = [a[example]! - sumA / total, b[example]! - sumB / total];
      together += weight * fromA * fromB;
      squaresA += weight * fromA ** 2;
      squaresB += weight * fromB ** 2;
    }
    return together / Math.sqrt(squaresA * squaresB); // 0/0 where one of them is constant
  };
}

function weightedRanks(values: Float64Array): (weights: ArrayLike<number>) => Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, index) => index);
  order.sort((a, b) => values[a]! - values[b]!);
  return (weights) => {
    const ranks = new Float64Array(values.length);
    let before = 0;
    for (let start = 0; start < order.length;) {
      let end = start;
      let equal = 0;
      for (; end < order.length && values[order[end]!] === values[order[start]!]; end += 1) {
        equal += weights[order[end]!]!;
      }
      for (; start < end; start += 1) ranks[order[start]!] = before + (equal + 1) / 2;
      before += equal;
    }
    return ranks;
  };
}
