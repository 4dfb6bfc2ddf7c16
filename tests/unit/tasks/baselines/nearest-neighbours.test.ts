import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../../src/shared/random.ts';
import { denseFeatures } from '../../../../src/main/tasks/baselines/features.ts';
import type { DenseFeatures } from '../../../../src/main/tasks/baselines/features.ts';
import {
  fitLinearProbe,
  fitStandardisation,
  probeProbabilities,
  standardise,
} from '../../../../src/main/tasks/baselines/linear-probe.ts';
import { findNeighbours, neighbourProbabilities } from '../../../../src/main/tasks/baselines/nearest-neighbours.ts';
import { accuracy } from '../../../../src/main/tasks/metrics/classification.ts';
import { mostProbable } from '../../../../src/main/tasks/metrics/probabilistic.ts';

function randomFeatures(seed: number, rows: number, columns: number): DenseFeatures {
  const stream = randomStream(seed);
  return denseFeatures(
    Float32Array.from({ length: rows * columns }, () => stream.normal()),
    rows,
    columns,
  );
}

function rowOf(features: DenseFeatures, row: number): number[] {
  return [...features.values.subarray(row * features.columns, (row + 1) * features.columns)];
}

function cosine(a: number[], b: number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0) / (Math.hypot(...a) * Math.hypot(...b));
}

function distance(a: number[], b: number[]): number {
  return Math.hypot(...a.map((value, index) => value - (b[index] ?? 0)));
}

describe('findNeighbours', () => {
  // Sizes around and across the blocks, odd and even.
  it.each([
    [1, 1, 3, 5],
    [65, 7, 9, 4],
    [129, 66, 5, 10],
    [200, 131, 17, 1],
    [3, 2, 4, 20],
  ])(
    'finds what comparing everything finds: %i references, %i queries, %i features, k = %i',
    async (rows, count, columns, k) => {
      const references = randomFeatures(1, rows, columns);
      const queries = randomFeatures(2, count, columns);
      for (const metric of ['cosine', 'euclidean'] as const) {
        const found = await findNeighbours(references, queries, { neighbours: k, metric });
        expect(found.count).toBe(Math.min(k, rows));
        for (let query = 0; query < count; query += 1) {
          const point = rowOf(queries, query);
          const slow = Array.from({ length: rows }, (_, row) => {
            const other = rowOf(references, row);
            return { row, similarity: metric === 'cosine' ? cosine(point, other) : -(distance(point, other) ** 2) };
          })
            .sort((a, b) => b.similarity - a.similarity)
            .slice(0, k);
          const span = [query * found.count, (query + 1) * found.count] as const;
          expect([...found.indices.subarray(...span)]).toEqual(slow.map(({ row }) => row));
          for (const [rank, { similarity }] of slow.entries()) {
            expect(found.similarities[span[0] + rank]).toBeCloseTo(similarity, 9);
          }
        }
      }
    },
  );

  it('prefers the lower row among equals, and survives a vector of zeros', async () => {
    const references = denseFeatures(Float32Array.of(0, 0, 1, 0, 2, 0, 0, 1), 4, 2);
    const found = await findNeighbours(references, denseFeatures(Float32Array.of(1, 0), 1, 2), { neighbours: 4 });
    expect([...found.indices]).toEqual([1, 2, 0, 3]);
    expect([...found.similarities]).toEqual([1, 1, 0, 0]);
  });

  it('refuses features that cannot be compared', async () => {
    await expect(findNeighbours(randomFeatures(1, 3, 4), randomFeatures(1, 3, 5))).rejects.toThrow(RangeError);
    await expect(findNeighbours(randomFeatures(1, 0, 4), randomFeatures(1, 3, 4))).rejects.toThrow(RangeError);
  });
});

describe('neighbourProbabilities', () => {
  const references = denseFeatures(Float32Array.of(1, 0, 0.8, 0.6, 0.6, 0.8, 0, 1), 4, 2);
  const labels = [0, 1, 1, 2];
  const query = denseFeatures(Float32Array.of(3, 0), 1, 2);

  it('counts votes', async () => {
    const votes = await neighbourProbabilities(references, labels, query, 3, { neighbours: 3, vote: 'uniform' });
    expect([...votes]).toEqual([1 / 3, 2 / 3, 0]);
  });

  it('weighs votes by e^(cosine / temperature), as Wu et al. do', async () => {
    const votes = await neighbourProbabilities(references, labels, query, 3, { neighbours: 3, temperature: 0.5 });
    const [near, middle, far] = [Math.exp(1 / 0.5), Math.exp(0.8 / 0.5), Math.exp(0.6 / 0.5)];
    expect(votes[0]).toBeCloseTo(near / (near + middle + far), 6);
    expect(votes[1]).toBeCloseTo((middle + far) / (near + middle + far), 6);
    expect(votes[2]).toBe(0);
  });

  it('weighs votes by 1 / distance, and lets references at the same place decide alone', async () => {
    const options = { neighbours: 2, metric: 'euclidean' } as const;
    const between = denseFeatures(Float32Array.of(1.75, 0), 1, 2);
    const votes = await neighbourProbabilities(references, labels, between, 3, options);
    const [near, far] = [1 / 0.75, 1 / Math.hypot(0.95, 0.6)];
    expect(votes[0]).toBeCloseTo(near / (near + far), 6);
    const same = await neighbourProbabilities(
      references,
      labels,
      denseFeatures(Float32Array.of(1, 0), 1, 2),
      3,
      options,
    );
    expect([...same]).toEqual([1, 0, 0]);
  });

  it('needs a label for every reference', async () => {
    await expect(neighbourProbabilities(references, [0], query, 3)).rejects.toThrow(RangeError);
  });
});

describe('linear probe', () => {
  /** Two classes that differ in one direction, with features of very different sizes and one that is constant. */
  function data(seed: number, rows: number): { features: DenseFeatures; labels: Int32Array } {
    const stream = randomStream(seed);
    const labels = Int32Array.from({ length: rows }, () => stream.integer(2));
    const values = Float32Array.from({ length: rows * 4 }, (_, position) => {
      const sign = labels[Math.floor(position / 4)] === 1 ? 1 : -1;
      return [1e-4 * (sign + stream.normal()), 1e4 * stream.normal(), 0.1, sign + stream.normal()][position % 4] ?? 0;
    });
    return { features: denseFeatures(values, rows, 4), labels };
  }

  it('standardises: mean 0, deviation 1, constants 0', () => {
    const { features } = data(1, 500);
    const standardisation = fitStandardisation(features);
    const result = standardise(standardisation, features);
    for (let column = 0; column < 4; column += 1) {
      const values = Array.from({ length: 500 }, (_, row) => rowOf(result, row)[column] ?? 0);
      const mean = values.reduce((sum, value) => sum + value, 0) / 500;
      expect(mean).toBeCloseTo(0, 5);
      expect(Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 500)).toBeCloseTo(
        column === 2 ? 0 : 1,
        4,
      );
    }
    expect(() => standardise(standardisation, denseFeatures(new Float32Array(3), 1, 3))).toThrow(RangeError);
  });

  it('comes near the best possible accuracy, whatever the size of the features', async () => {
    const test = data(4, 4000);
    const probe = await fitLinearProbe(data(2, 1000), data(3, 500), 2);
    const reached = accuracy(test.labels, mostProbable(probeProbabilities(probe, test.features), 2));
    // Two informative directions of distance 2 each: the best rule is right with probability Φ(√2) = 0.9214.
    expect(reached).toBeGreaterThan(0.9214 - 4 * Math.sqrt((0.9214 * 0.0786) / 4000) - 0.01);
    expect(reached).toBeLessThan(0.9214 + 4 * Math.sqrt((0.9214 * 0.0786) / 4000));
  });
});
