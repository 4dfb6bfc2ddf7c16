/**
 * Whether embeddings use the room they have, or have collapsed onto a point or a few directions: what contrastive and other
 * losses without labels must be watched for.
 */
import type { DenseFeatures } from '../baselines/features.ts';
import { symmetricEigenvalues } from './symmetric-eigenvalues.ts';

/** What centring leaves of equal rows, relative to their squares. */
const rounding = 1e-12;

/**
 * Mean standard deviation of the features of rows that are scaled to length 1, times √features: 1 where they are spread evenly
 * over the sphere, 0 where all are the same point (X. Chen, K. He, "Exploring simple Siamese representation learning", 2021).
 * NaN without rows.
 */
export function relativeDeviation({ rows, columns, values }: DenseFeatures): number {
  const sums = new Float64Array(columns);
  const squares = new Float64Array(columns);
  for (let row = 0; row < rows; row += 1) {
    let length = 0;
    for (let column = 0; column < columns; column += 1) length += values[row * columns + column]! ** 2;
    const scale = length === 0 ? 0 : 1 / Math.sqrt(length);
    for (let column = 0; column < columns; column += 1) {
      const value = values[row * columns + column]! * scale;
      sums[column]! += value;
      squares[column]! += value * value;
    }
  }
  let total = 0;
  for (let column = 0; column < columns; column += 1) {
    total += Math.sqrt(Math.max(0, squares[column]! / rows - (sums[column]! / rows) ** 2));
  }
  return (total / columns) * Math.sqrt(columns);
}

/**
 * The effective rank of the centred rows (O. Roy, M. Vetterli, "The effective rank", EUSIPCO 2007): e to the entropy of their
 * singular values as shares of the sum. From 1, when all lie on a line, to the number of features; 0 where all are the same.
 */
export function effectiveRank({ rows, columns, values }: DenseFeatures): number {
  const means = new Float64Array(columns);
  for (let position = 0; position < values.length; position += 1) {
    means[position % columns]! += values[position]! / rows;
  }
  // Whichever of the two products is smaller has the same eigenvalues but zeros.
  const [count, inner] = columns <= rows ? [columns, rows] : [rows, columns];
  const at = (vector: number, place: number): number => {
    const [row, column] = columns <= rows ? [place, vector] : [vector, place];
    return values[row * columns + column]! - means[column]!;
  };
  const vectors = Array.from({ length: count }, (_, vector) =>
    Float64Array.from({ length: inner }, (_unused, place) => at(vector, place)),
  );
  const products = new Float64Array(count * count);
  for (let first = 0; first < count; first += 1) {
    for (let second = 0; second <= first; second += 1) {
      let product = 0;
      for (let place = 0; place < inner; place += 1) product += vectors[first]![place]! * vectors[second]![place]!;
      products[first * count + second] = product;
      products[second * count + first] = product;
    }
  }
  const squares = symmetricEigenvalues(products, count);
  const energy = values.reduce((sum, value) => sum + value * value, 0);
  const spread = squares.reduce((sum, value) => sum + value, 0);
  if (!(spread > rounding * energy)) return 0;
  const singular = squares.map((value) => Math.sqrt(Math.max(0, value)));
  const total = singular.reduce((sum, value) => sum + value, 0);
  let entropy = 0;
  for (const value of singular) if (value > 0) entropy -= (value / total) * Math.log(value / total);
  return Math.exp(entropy);
}
