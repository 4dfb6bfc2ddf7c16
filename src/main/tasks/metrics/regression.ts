/**
 * How far predicted numbers are from the true ones, with the definitions of scikit-learn and SciPy: root mean squared and mean
 * absolute error in the unit of the numbers, the share of variance explained (R²), and Spearman's rank correlation.
 */

export interface RegressionMetrics {
  readonly rmse: number;
  readonly mae: number;
  /** 1 − Σ(true − predicted)² / Σ(true − mean)²; NaN where the true numbers are all the same. */
  readonly r2: number;
  /** Pearson's correlation of the ranks, tied ones at their mean; NaN where either side is constant. */
  readonly spearman: number;
}

/** All are NaN without an example. */
export function regressionMetrics(truth: ArrayLike<number>, predicted: ArrayLike<number>): RegressionMetrics {
  const count = truth.length;
  const mean = meanOf(truth);
  let [squares, absolutes, spread] = [0, 0, 0];
  for (let example = 0; example < count; example += 1) {
    const difference = truth[example]! - predicted[example]!;
    squares += difference ** 2;
    absolutes += Math.abs(difference);
    spread += (truth[example]! - mean) ** 2;
  }
  return {
    rmse: Math.sqrt(squares / count),
    mae: absolutes / count,
    r2: spread === 0 ? Number.NaN : 1 - squares / spread,
    spearman: correlation(ranksOf(truth), ranksOf(predicted)),
  };
}

/** Metrics of several targets, each the mean over those for which it is defined. */
export function averageOf(all: readonly RegressionMetrics[]): RegressionMetrics {
  const average = (name: keyof RegressionMetrics): number =>
    meanOf(all.map((one) => one[name]).filter((value) => !Number.isNaN(value)));
  return { rmse: average('rmse'), mae: average('mae'), r2: average('r2'), spearman: average('spearman') };
}

/** From 1; equal values share the mean of their ranks. */
export function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, index) => index);
  order.sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end += 1;
    for (let place = start; place < end; place += 1) ranks[order[place]!] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  let [together, squaresA, squaresB] = [0, 0, 0];
  for (let index = 0; index < a.length; index += 1) {
    together += (a[index]! - meanA) * (b[index]! - meanB);
    squaresA += (a[index]! - meanA) ** 2;
    squaresB += (b[index]! - meanB) ** 2;
  }
  return together / Math.sqrt(squaresA * squaresB); // 0/0 where one of them is constant
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) sum += values[index]!;
  return sum / values.length;
}
