// Groups of runs and pairs of them: the order of groups, and which run is compared with which where several could be.
import { describe, expect, it } from 'vitest';
import { comparePaired } from '../../../src/main/lab/compare/paired.ts';
import type { RunWithSpec } from '../../../src/main/lab/run-fields.ts';
import { groupRuns } from '../../../src/main/lab/run-fields.ts';

interface Trained {
  readonly id: string;
  readonly seed: number;
  readonly learningRate: number;
  readonly features?: number;
  readonly from?: string;
  readonly accuracy: number | null;
  readonly labels?: number;
  readonly splitSeed?: number;
}

/** What comparing reads of a run, and no more. */
function trained({
  id,
  seed,
  learningRate,
  features = 8,
  from,
  accuracy,
  labels,
  splitSeed = 0,
}: Trained): RunWithSpec {
  return {
    run: { id, seed, splitSeed, metrics: { 'test.accuracy': accuracy } },
    record: {
      spec: {
        task: { testFraction: 0.2, ...(labels !== undefined && { labelBudget: { total: labels } }) },
        training: { learningRate },
        pipeline: { features },
        ...(from !== undefined && { from }),
      },
      origin: { data: { contentHash: 'the same' } },
      result: { selection: { metric: 'accuracy', direction: 'maximise' } },
    },
  } as unknown as RunWithSpec; // the rest of both is not read
}

describe('groups of runs', () => {
  it('come in the order of their values, with what has none at the end', () => {
    const runs = [0.01, 0.1, 0.003, 0.01].map((learningRate, index) =>
      trained({ id: String(index), seed: 0, learningRate, accuracy: 1, ...(index === 1 && { from: 'words' }) }),
    );
    expect(groupRuns(runs, ['spec.training.learningRate'])).toEqual([
      { key: [0.003], ids: ['2'] },
      { key: [0.01], ids: ['0', '3'] },
      { key: [0.1], ids: ['1'] },
    ]);
    expect(groupRuns(runs, ['spec.from']).map(({ key }) => key)).toEqual([['words'], [null]]);
  });
});

describe('paired runs', () => {
  const slow = (id: string, seed: number, features: number, accuracy: number | null): RunWithSpec =>
    trained({ id, seed, features, learningRate: 0.01, accuracy });
  const fast = (id: string, seed: number, features: number, accuracy: number | null): RunWithSpec =>
    trained({ id, seed, features, learningRate: 0.1, accuracy });

  it('are those that are alike in all else, in whatever order they come', () => {
    const first = [slow('slow wide 1', 1, 16, 0.5), slow('slow 1', 1, 8, 0.25), slow('slow 2', 2, 8, 0.25)];
    const second = [fast('fast 2', 2, 8, 0.75), fast('fast 1', 1, 8, 0.5)];
    const compared = comparePaired(first, second, 'test.accuracy', 0.95);
    expect(compared.pairs.map((pair) => [pair.first, pair.second, pair.values])).toEqual([
      ['slow 1', 'fast 1', [0.25, 0.5]],
      ['slow 2', 'fast 2', [0.25, 0.75]],
    ]);
    expect(compared.paired?.difference).toBeCloseTo(-0.375);
    expect(compared.unpaired).toEqual([
      { run: 'slow wide 1', reason: expect.stringContaining('more like it') as string },
    ]);
  });

  it('are not made of other seeds, nor of runs without a result, and it is said why', () => {
    const compared = comparePaired(
      [slow('slow 1', 1, 8, null), slow('slow 2', 2, 8, 0.5)],
      [fast('fast 1', 1, 8, 0.5), fast('fast 3', 3, 8, 0.5)],
      'test.accuracy',
      0.95,
    );
    expect(compared.pairs).toEqual([]);
    expect(compared.paired).toBeNull();
    expect(compared.unpaired).toEqual([
      { run: 'slow 1', reason: 'it has no test.accuracy' },
      ...['slow 2', 'fast 1', 'fast 3'].map((run) => ({
        run,
        reason: 'no run of the other side has its data, labels, seed and split seed',
      })),
    ]);
  });

  it('are made within a label budget, and count once for each seed', () => {
    const at = (labels: number, learningRate: number) => (accuracy: number, index: number) =>
      trained({ id: `${labels} ${learningRate} ${index}`, seed: index, learningRate, accuracy, labels });
    const first = [...[0.5, 0.6, 0.7].map(at(50, 0.1)), ...[0.7, 0.7, 0.9].map(at(300, 0.1))];
    const second = [...[0.4, 0.4, 0.5].map(at(50, 0.01)), ...[0.6, 0.5, 0.8].map(at(300, 0.01))];
    const compared = comparePaired(first, second, 'test.accuracy', 0.95);
    expect(compared.pairs).toHaveLength(6);
    for (const pair of compared.pairs) expect(pair.first.split(' ')[0]).toBe(pair.second.split(' ')[0]);
    // By seed: 0.1, 0.2, 0.15.
    expect(compared.paired?.count).toBe(3);
    expect(compared.paired?.difference).toBeCloseTo(0.15, 12);
    expect(compared.paired?.standardError).toBeCloseTo(0.05 / Math.sqrt(3), 12);
    expect(comparePaired(first, second.slice(3), 'test.accuracy', 0.95).pairs).toHaveLength(3);
  });

  it('have a wider interval where each seed has a split of its own, because these overlap', () => {
    const of = (learningRate: number, own: boolean) => (accuracy: number, seed: number) =>
      trained({ id: `${learningRate} ${seed}`, seed, learningRate, accuracy, splitSeed: own ? seed : 0 });
    const width = (own: boolean): number => {
      const [first, second] = [[0.5, 0.6, 0.7].map(of(0.1, own)), [0.4, 0.4, 0.6].map(of(0.01, own))];
      const { interval } = comparePaired(first, second, 'test.accuracy', 0.95).paired!;
      return interval!.high - interval!.low;
    };
    // (1/3 + 0.2/0.8) against 1/3 of the variance.
    expect(width(true) / width(false)).toBeCloseTo(Math.sqrt(1 + 3 * 0.25), 9);
  });
});
