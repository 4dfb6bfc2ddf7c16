/** Principal components of a set of vectors, by orthogonal iteration on their covariance. */
import { randomStream } from '../../shared/random.ts';

export interface Components {
  /** For each vector its coordinates along the components. */
  readonly coordinates: Float64Array[];
  /** Share of the variance along each component, descending. */
  readonly explained: number[];
}

const iterations = 60;

/**
 * The first `count` components of `vectors`, all of the same length. Signs are fixed such that the largest coordinate of each
 * component is positive, so that the same vectors always give the same picture.
 */
export function principalComponents(vectors: readonly Float32Array[], count: number): Components {
  const features = vectors[0]?.length ?? 0;
  const wanted = Math.min(count, features, Math.max(1, vectors.length - 1));
  const mean = new Float64Array(features);
  for (const vector of vectors) for (let i = 0; i < features; i++) mean[i]! += vector[i]! / vectors.length;
  const centred = vectors.map((vector) => Float64Array.from(vector, (value, i) => value - mean[i]!));
  const covariance = covarianceOf(centred, features);
  let trace = 0;
  for (let i = 0; i < features; i++) trace += covariance[i * features + i]!;
  const stream = randomStream(0, 0x9ca);
  let basis: Float64Array[] = Array.from({ length: wanted }, () =>
    Float64Array.from({ length: features }, () => stream.normal()),
  );
  orthonormalise(basis);
  for (let iteration = 0; iteration < iterations; iteration++) {
    basis = basis.map((vector) => multiply(covariance, vector));
    orthonormalise(basis);
  }
  const explained = basis.map((vector) => (trace === 0 ? 0 : dot(vector, multiply(covariance, vector)) / trace));
  const order = Array.from(explained.keys()).sort((a, b) => explained[b]! - explained[a]!);
  const directions = order.map((index) => withFixedSign(basis[index]!));
  return {
    coordinates: centred.map((vector) => Float64Array.from(directions, (direction) => dot(vector, direction))),
    explained: order.map((index) => explained[index]!),
  };
}

function covarianceOf(centred: readonly Float64Array[], features: number): Float64Array {
  const covariance = new Float64Array(features * features);
  for (const vector of centred) {
    for (let i = 0; i < features; i++) {
      const factor = vector[i]! / centred.length;
      for (let j = i; j < features; j++) covariance[i * features + j]! += factor * vector[j]!;
    }
  }
  for (let i = 0; i < features; i++) {
    for (let j = 0; j < i; j++) covariance[i * features + j] = covariance[j * features + i]!;
  }
  return covariance;
}

function multiply(matrix: Float64Array, vector: Float64Array): Float64Array {
  const size = vector.length;
  const product = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += matrix[i * size + j]! * vector[j]!;
    product[i] = sum;
  }
  return product;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Modified Gram–Schmidt, in place. Directions without any variance become zero. */
function orthonormalise(basis: Float64Array[]): void {
  for (const [index, vector] of basis.entries()) {
    for (const earlier of basis.slice(0, index)) {
      const share = dot(vector, earlier);
      for (let i = 0; i < vector.length; i++) vector[i]! -= share * earlier[i]!;
    }
    const length = Math.sqrt(dot(vector, vector));
    for (let i = 0; i < vector.length; i++) vector[i] = length > 1e-12 ? vector[i]! / length : 0;
  }
}

function withFixedSign(direction: Float64Array): Float64Array {
  const largest = direction.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  return largest < 0 ? direction.map((value) => -value) : direction;
}
