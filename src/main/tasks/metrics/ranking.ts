/**
 * How well scores put the examples of a class before all others, whatever the threshold: the curves of T. Fawcett, “An introduction
 * to ROC analysis” (2006), the area under the first, and average precision, with the definitions of scikit-learn.
 */

/** What answering “yes” from a threshold on would find. */
export interface Operation {
  /** Scores of at least this are a yes; infinite for none. */
  readonly threshold: number;
  readonly truePositives: number;
  readonly falsePositives: number;
}

/**
 * One operation for each different score, from none found to all found.
 * @param scores larger where the class is likelier
 */
export function operations(scores: ArrayLike<number>, isPositive: (example: number) => boolean): Operation[] {
  const order = Uint32Array.from({ length: scores.length }, (_, index) => index);
  order.sort((a, b) => scores[b]! - scores[a]!);
  const found: Operation[] = [{ threshold: Infinity, truePositives: 0, falsePositives: 0 }];
  let [truePositives, falsePositives] = [0, 0];
  for (const [place, example] of order.entries()) {
    if (isPositive(example)) truePositives += 1;
    else falsePositives += 1;
    const next = order[place + 1];
    // Equal scores cannot be told apart.
    if (next !== undefined && scores[next] === scores[example]) continue;
    found.push({ threshold: scores[example]!, truePositives, falsePositives });
  }
  return found;
}

/** Area under the ROC curve: the share of pairs of a positive and a negative that are in order, ties counting half. NaN without both. */
export function areaUnderRoc(found: readonly Operation[]): number {
  const { truePositives: positives = 0, falsePositives: negatives = 0 } = found.at(-1) ?? {};
  let area = 0;
  for (const [place, now] of found.entries()) {
    const before = found[place - 1];
    if (before === undefined) continue;
    area += ((now.falsePositives - before.falsePositives) * (now.truePositives + before.truePositives)) / 2;
  }
  return area / (positives * negatives); // 0/0 where there is nothing to compare
}

/** Mean of the precisions at each threshold, weighted by what it adds to the recall. NaN without a positive. */
export function averagePrecision(found: readonly Operation[]): number {
  const positives = found.at(-1)?.truePositives ?? 0;
  let sum = 0;
  for (const [place, { truePositives, falsePositives }] of found.entries()) {
    const before = found[place - 1]?.truePositives ?? 0;
    if (truePositives > before) sum += ((truePositives - before) * truePositives) / (truePositives + falsePositives);
  }
  return sum / positives;
}

/**
 * Both of each class against the rest, averaged over the classes for which they can be told.
 * @param probabilities row-major [labels, classes]
 */
export function rankingMetrics(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  classCount: number,
): { readonly auroc: number; readonly averagePrecision: number } {
  const areas: number[] = [];
  const precisions: number[] = [];
  for (let positive = 0; positive < classCount; positive += 1) {
    const scores = scoresOf(probabilities, classCount, positive);
    const found = operations(scores, (example) => labels[example] === positive);
    const [area, precision] = [areaUnderRoc(found), averagePrecision(found)];
    if (!Number.isNaN(area)) areas.push(area);
    if (!Number.isNaN(precision)) precisions.push(precision);
  }
  return { auroc: mean(areas), averagePrecision: mean(precisions) };
}

/** The column of a class. */
export function scoresOf(probabilities: ArrayLike<number>, classCount: number, positive: number): Float64Array {
  return Float64Array.from(
    { length: probabilities.length / classCount },
    (_, example) => probabilities[example * classCount + positive]!,
  );
}

/** F1 of an operation: 0 where nothing is found. */
export function f1Of({ truePositives, falsePositives }: Operation, positives: number): number {
  const predicted = truePositives + falsePositives;
  return predicted + positives === 0 ? 0 : (2 * truePositives) / (predicted + positives);
}

/** The operation with the largest F1; of equal ones that with the highest threshold. Undefined without a positive. */
export function bestByF1(found: readonly Operation[]): Operation | undefined {
  const positives = found.at(-1)?.truePositives ?? 0;
  if (positives === 0) return undefined;
  return found.reduce((best, one) => (f1Of(one, positives) > f1Of(best, positives) ? one : best));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
