/** Draws the initial weights. Each parameter's numbers depend on the seed and its own name only, so adding a block changes no other. */
import type { RandomStream } from '../../shared/random.ts';
import { hashString, randomStream } from '../../shared/random.ts';
import type { Initialiser } from '../graph/initialiser.ts';
import type { Parameter, Program, Shape } from '../graph/program.ts';
import { elementCount } from '../graph/shape.ts';

export type WeightInitialisation = 'truncated-normal' | 'glorot' | 'he' | 'orthogonal';

export const weightInitialisations = ['truncated-normal', 'glorot', 'he', 'orthogonal'] as const;

/**
 * The initialiser of a weight with the given fans. Truncated normal has BERT's deviation, 0.02.
 *
 * @param scale multiplies what is drawn; 0 begins with zeros
 */
export function weightInitialiser(kind: WeightInitialisation, fanIn: number, fanOut: number, scale = 1): Initialiser {
  if (scale === 0) return { type: 'zeros' };
  const widened = 1 / scale ** 2; // fans are under a square root
  switch (kind) {
    case 'truncated-normal':
      return { type: 'truncated-normal', std: 0.02 * scale };
    case 'glorot':
      return { type: 'glorot-uniform', fanIn: fanIn * widened, fanOut: fanOut * widened };
    case 'he':
      return { type: 'he-normal', fanIn: fanIn * widened };
    case 'orthogonal':
      return { type: 'orthogonal', scale };
  }
}

/** The initial value of every parameter of the program, by name. */
export function initialParameters(program: Program, seed: number): Map<string, { shape: Shape; data: Float32Array }> {
  return new Map(
    [...program.parameters.values()].map((parameter) => [
      parameter.name,
      { shape: parameter.shape, data: initialValue(parameter, seed) },
    ]),
  );
}

/** The initial value of one parameter, row-major. */
export function initialValue({ name, shape, initialiser }: Parameter, seed: number): Float32Array {
  const random = randomStream(seed, hashString(name));
  const data = new Float32Array(elementCount(shape));
  switch (initialiser.type) {
    case 'zeros':
      return data;
    case 'constant':
      return data.fill(initialiser.value);
    case 'values':
      data.set(initialiser.values);
      return data;
    case 'truncated-normal':
      return data.map(() => initialiser.std * truncatedNormal(random));
    case 'uniform':
      return data.map(() => initialiser.limit * (2 * random.uniform() - 1));
    case 'glorot-uniform': {
      const limit = Math.sqrt(6 / (initialiser.fanIn + initialiser.fanOut));
      return data.map(() => limit * (2 * random.uniform() - 1));
    }
    case 'he-normal': {
      const deviation = Math.sqrt(2 / initialiser.fanIn);
      return data.map(() => deviation * random.normal());
    }
    case 'orthogonal':
      return orthogonal(shape, initialiser.scale, random);
  }
}

function truncatedNormal(random: RandomStream): number {
  for (;;) {
    const x = random.normal();
    if (Math.abs(x) <= 2) return x;
  }
}

/**
 * Orthonormal rows (or columns, whichever are fewer) by modified Gram–Schmidt on normal draws, which gives the Haar
 * distribution of Saxe et al. 2013 without the sign correction that a QR library needs.
 */
function orthogonal(shape: Shape, scale: number, random: RandomStream): Float32Array {
  const rows = shape[0] ?? 1;
  const columns = elementCount(shape) / rows;
  const [vectors, width] = rows <= columns ? [rows, columns] : [columns, rows];
  const basis: Float64Array[] = [];
  while (basis.length < vectors) {
    const vector = Float64Array.from({ length: width }, () => random.normal());
    for (const other of basis) {
      const overlap = dot(vector, other);
      for (let i = 0; i < width; i++) vector[i] = vector[i]! - overlap * other[i]!;
    }
    const length = Math.sqrt(dot(vector, vector));
    basis.push(vector.map((x) => x / length));
  }
  const data = new Float32Array(rows * columns);
  basis.forEach((vector, v) => {
    vector.forEach((x, i) => {
      data[rows <= columns ? v * columns + i : i * columns + v] = scale * x;
    });
  });
  return data;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
