/** How little sure a classifier is, and which examples to look at next: those it is least sure of, far from each other. */

/** `entropy`: of all probabilities; `margin`: how near the two likeliest classes are. Both from 0, sure, to 1. */
export type UncertaintyMeasure = 'entropy' | 'margin';

/**
 * @param probabilities of all classes, in any order
 * @returns 0 (sure) … 1 (every class, or the two likeliest ones, equally likely)
 */
export function uncertaintyOf(probabilities: readonly number[], measure: UncertaintyMeasure): number {
  if (probabilities.length < 2) return 0;
  if (measure === 'margin') {
    const [first = 0, second = 0] = [...probabilities].sort((a, b) => b - a);
    return 1 - (first - second);
  }
  const entropy = probabilities.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0);
  return entropy / Math.log(probabilities.length);
}

/**
 * Greedy k-centre (Sener and Savarese 2018, Active learning for convolutional neural networks: a core-set approach): each choice is
 * the vector that is farthest from all that were chosen before. Distances are cosines, so lengths of vectors do not count.
 *
 * @param vectors the most wanted first, which decides between equal distances; all of the same length
 * @param anchors vectors that count as chosen before
 * @returns places of `count` vectors, or of all where there are fewer, in the order in which they were chosen
 */
export function chooseDiverse(
  vectors: readonly Float32Array[],
  count: number,
  anchors: readonly Float32Array[] = [],
): number[] {
  const points = vectors.map(unitVector);
  const farness = new Float64Array(points.length).fill(Infinity);
  const approach = (centre: Float64Array): void => {
    points.forEach((point, place) => {
      farness[place] = Math.min(farness[place]!, 1 - dot(point, centre));
    });
  };
  for (const anchor of anchors) approach(unitVector(anchor));
  const chosen: number[] = [];
  const taken = new Set<number>();
  while (chosen.length < Math.min(count, points.length)) {
    let best = -1;
    for (const place of points.keys()) {
      if (taken.has(place)) continue;
      if (best < 0 || farness[place]! > farness[best]! + 1e-12) best = place;
    }
    taken.add(best);
    chosen.push(best);
    approach(points[best]!);
  }
  return chosen;
}

function unitVector(vector: Float32Array): Float64Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return Float64Array.from(vector, (value) => (length > 0 ? value / length : 0));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}
