/** Features are computed once for a batch and a network, again when either changes, and never more are kept than allowed. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Tensor } from '../../../src/main/engines/engine.ts';
import { featuresOf, keepFeatures, networkIdentity } from '../../../src/main/runs/kept-features.ts';
import type { Feeds } from '../../../src/main/tasks/task.ts';

const feedsOf = (...tokens: number[]): Feeds => ({ tokens: Int32Array.from(tokens), weights: Float32Array.of(1) });
let computed = 0;

const ask = (identity: string, feeds: Feeds): Promise<Float32Array> =>
  featuresOf(identity, feeds, () => {
    computed += 1;
    return Promise.resolve(Float32Array.from({ length: 4 }, () => computed));
  });

beforeEach(() => {
  computed = 0;
  keepFeatures(0);
});
afterAll(() => {
  keepFeatures(0);
});

describe('kept features', () => {
  it('are none unless they are asked for', async () => {
    await ask('a', feedsOf(1));
    await ask('a', feedsOf(1));
    expect(computed).toBe(2);
  });

  it('are found by the content of the batch and by the network', async () => {
    keepFeatures(1000);
    const first = await ask('a', feedsOf(1, 2));
    expect(await ask('a', feedsOf(1, 2))).toEqual(first);
    expect(computed).toBe(1);
    await ask('a', feedsOf(2, 1));
    await ask('b', feedsOf(1, 2));
    await ask('a', { tokens: Float32Array.of(1, 2), weights: Float32Array.of(1) });
    await ask('a', { other: Int32Array.of(1, 2), weights: Float32Array.of(1) });
    expect(computed).toBe(5);
  });

  it('are forgotten when they are too many, those that were asked for last being kept', async () => {
    keepFeatures(2 * 16);
    await ask('a', feedsOf(1));
    await ask('a', feedsOf(2));
    await ask('a', feedsOf(1));
    await ask('a', feedsOf(3)); // 2 goes
    expect(computed).toBe(3);
    await ask('a', feedsOf(1));
    expect(computed).toBe(3);
    await ask('a', feedsOf(2));
    expect(computed).toBe(4);
  });

  it('belong to a network with its weights, by name, shape and value', () => {
    const of = (name: string, shape: number[], ...data: number[]): ReadonlyMap<string, Tensor> =>
      new Map([[name, { shape, data: Float32Array.from(data) }]]);
    const identities = [
      networkIdentity({ size: 1 }, of('a', [2], 1, 2)),
      networkIdentity({ size: 2 }, of('a', [2], 1, 2)),
      networkIdentity({ size: 1 }, of('b', [2], 1, 2)),
      networkIdentity({ size: 1 }, of('a', [1, 2], 1, 2)),
      networkIdentity({ size: 1 }, of('a', [2], 1, 2.000001)),
    ];
    expect(new Set(identities).size).toBe(5);
    expect(networkIdentity({ size: 1 }, of('a', [2], 1, 2))).toBe(identities[0]);
  });
});
