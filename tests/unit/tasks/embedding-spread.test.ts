/** Whether embeddings have collapsed: spread and effective rank, on clouds whose shape is known. */
import { describe, expect, it } from 'vitest';
import { denseFeatures } from '../../../src/main/tasks/baselines/features.ts';
import { effectiveRank, relativeDeviation } from '../../../src/main/tasks/metrics/embedding-spread.ts';
import { symmetricEigenvalues } from '../../../src/main/tasks/metrics/symmetric-eigenvalues.ts';
import { randomStream } from '../../../src/shared/random.ts';

/** Normal points whose features have the given deviations. */
function cloud(rows: number, deviations: readonly number[], offset = 0) {
  const stream = randomStream(rows, deviations.length);
  const values = Float32Array.from({ length: rows * deviations.length }, (_, position) => {
    return offset + stream.normal() * deviations[position % deviations.length]!;
  });
  return denseFeatures(values, rows, deviations.length);
}

/** Cyclic Jacobi rotations: slow, and as simple as can be. */
function jacobi(matrix: Float64Array, n: number): number[] {
  const a = matrix.slice();
  for (let sweep = 0; sweep < 30; sweep += 1) {
    for (let p = 0; p < n; p += 1) {
      for (let q = p + 1; q < n; q += 1) {
        if (a[p * n + q] === 0) continue;
        const angle = 0.5 * Math.atan2(2 * a[p * n + q]!, a[q * n + q]! - a[p * n + p]!);
        const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
        for (let k = 0; k < n; k += 1) {
          const [x, y] = [a[k * n + p]!, a[k * n + q]!];
          a[k * n + p] = cosine * x - sine * y;
          a[k * n + q] = sine * x + cosine * y;
        }
        for (let k = 0; k < n; k += 1) {
          const [x, y] = [a[p * n + k]!, a[q * n + k]!];
          a[p * n + k] = cosine * x - sine * y;
          a[q * n + k] = sine * x + cosine * y;
        }
      }
    }
  }
  return Array.from({ length: n }, (_, index) => a[index * n + index]!).sort((x, y) => x - y);
}

describe('eigenvalues of symmetric matrices', () => {
  it.each([1, 2, 3, 7, 24])('are those of Jacobi rotations: %i rows', (n) => {
    const stream = randomStream(n);
    const matrix = new Float64Array(n * n);
    for (let row = 0; row < n; row += 1) {
      for (let column = 0; column <= row; column += 1) {
        matrix[row * n + column] = stream.normal();
        matrix[column * n + row] = matrix[row * n + column]!;
      }
    }
    const expected = jacobi(matrix, n);
    symmetricEigenvalues(matrix, n).forEach((value, index) => {
      expect(value).toBeCloseTo(expected[index]!, 9);
    });
  });

  it('are found where they repeat, and where the matrix falls apart', () => {
    const diagonal = [3, 3, 0, -1, 3];
    const matrix = new Float64Array(25);
    diagonal.forEach((value, index) => (matrix[index * 6] = value));
    expect([...symmetricEigenvalues(matrix, 5)]).toEqual([-1, 0, 3, 3, 3]);
    const ones = new Float64Array(36).fill(1);
    const found = symmetricEigenvalues(ones, 6);
    expect(found.at(-1)).toBeCloseTo(6, 12);
    for (const value of found.subarray(0, 5)) expect(value).toBeCloseTo(0, 12);
  });
});

describe('spread', () => {
  it('is 1 for directions that are spread evenly, and 0 for one point', () => {
    expect(relativeDeviation(cloud(4000, new Array<number>(16).fill(1)))).toBeCloseTo(1, 1);
    expect(relativeDeviation(denseFeatures(new Float32Array(60).fill(2), 10, 6))).toBeCloseTo(0, 6);
    expect(relativeDeviation(cloud(500, new Array<number>(16).fill(0.01), 1))).toBeLessThan(0.02);
  });

  it('does not depend on lengths', () => {
    const points = cloud(200, [1, 2, 3]);
    const longer = denseFeatures(
      points.values.map((value) => value * 50),
      200,
      3,
    );
    expect(relativeDeviation(longer)).toBeCloseTo(relativeDeviation(points), 6);
  });
});

describe('effective rank', () => {
  it('is the number of directions where they are equally strong', () => {
    expect(effectiveRank(cloud(6000, [1, 1, 1, 1, 0, 0, 0]))).toBeCloseTo(4, 1);
    expect(effectiveRank(cloud(3000, new Array<number>(9).fill(2), 70))).toBeCloseTo(9, 1);
    expect(effectiveRank(cloud(50, [1, 0, 0]))).toBeCloseTo(1, 5);
  });

  it('is e to the entropy of the singular values', () => {
    // Two orthogonal directions with singular values 3 and 1.
    const [a, b] = [3 / Math.SQRT2, 1 / Math.SQRT2];
    const points = denseFeatures(Float32Array.of(a, 0, -a, 0, 0, b, 0, -b), 4, 2);
    const entropy = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25));
    expect(effectiveRank(points)).toBeCloseTo(Math.exp(entropy), 5);
  });

  it('is the same with fewer rows than features, and 0 where all rows are equal', () => {
    const wide = cloud(5, new Array<number>(12).fill(1));
    expect(effectiveRank(wide)).toBeGreaterThan(3);
    expect(effectiveRank(wide)).toBeLessThanOrEqual(4); // centred: one direction less
    expect(effectiveRank(denseFeatures(new Float32Array(60).fill(2), 10, 6))).toBe(0);
  });
});
