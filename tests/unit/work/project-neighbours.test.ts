// Projections by their neighbours: which these are, that clusters stay apart, and that a projection can be repeated.
import { describe, expect, it } from 'vitest';
import { nearestNeighbours, projectNeighbours } from '../../../src/main/work/project-neighbours.ts';
import { randomStream } from '../../../src/shared/random.ts';

const { signal } = new AbortController();

function cloud(count: number, features: number, seed: number): Float64Array[] {
  const stream = randomStream(seed, 1);
  return Array.from({ length: count }, () => Float64Array.from({ length: features }, () => stream.normal()));
}

describe('nearest neighbours', () => {
  it('are those of all distances in order, each vector first among its own', async () => {
    const vectors = cloud(60, 7, 2);
    vectors.push(vectors[3]!.slice());
    const { indices, distances } = await nearestNeighbours(vectors, 9, signal);
    for (const [row, vector] of vectors.entries()) {
      const all = vectors.map((other) => Math.hypot(...other.map((value, index) => value - vector[index]!)));
      const expected = all.toSorted((a, b) => a - b).slice(0, 9);
      const near = (found: ArrayLike<number>): number =>
        Math.max(...expected.map((distance, place) => Math.abs(found[place]! - distance)));
      expect(indices[row]![0]).toBe(row);
      expect(indices[row]).toHaveLength(expected.length);
      expect(near(indices[row]!.map((other) => all[other]!))).toBeLessThan(1e-10);
      expect(distances[row]).toHaveLength(expected.length);
      expect(near(distances[row]!)).toBeLessThan(1e-10);
    }
  });

  it('can be as many as there are vectors', async () => {
    const { indices } = await nearestNeighbours(cloud(4, 2, 1), 4, signal);
    expect(indices.map((row) => [...row].sort())).toEqual(new Array(4).fill([0, 1, 2, 3]));
  });
});

describe('a projection by neighbours', () => {
  it('keeps clusters apart, and is the same when it is repeated', async () => {
    const vectors = cloud(60, 10, 5).map((vector, index) => vector.map((value) => value + (index % 2) * 20));
    const plane = await projectNeighbours(vectors, signal, () => undefined);
    const distance = (a: number, b: number): number =>
      Math.hypot(plane[a]![0]! - plane[b]![0]!, plane[a]![1]! - plane[b]![1]!);
    for (const row of plane.keys()) {
      const others = [...plane.keys()].filter((other) => other !== row);
      const nearest = others.reduce((best, other) => (distance(row, other) < distance(row, best) ? other : best));
      expect(nearest % 2).toBe(row % 2);
    }
    expect(await projectNeighbours(vectors, signal, () => undefined)).toEqual(plane);
  });

  it('can be stopped', async () => {
    await expect(projectNeighbours(cloud(20, 3, 1), AbortSignal.abort(), () => undefined)).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});
