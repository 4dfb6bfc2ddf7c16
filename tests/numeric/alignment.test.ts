/**
 * The sum over alignments against every alignment there is, one by one: as a program on both engines with its gradients against float64
 * central differences of that enumeration, and in float64 with the best alignment and the probability of each pair.
 */
import { describe, expect, it } from 'vitest';
import { gradientsOf } from '../../src/main/graph/autodiff.ts';
import { createProgram, input, multiply, output, sum } from '../../src/main/graph/index.ts';
import { alignmentPartition, alignmentScore } from '../../src/main/nn/alignment.ts';
import {
  alignmentProbabilities,
  bestAlignment,
  likeliestPairs,
  unalignedScore,
} from '../../src/main/tasks/alignment/dynamic-program.ts';
import { randomStream } from '../../src/shared/random.ts';
import { engines, expectClose } from './harness.ts';

const [batch, rows, columns] = [3, 4, 3];
const lengths = { first: [4, 1, 3], second: [2, 3, 3] };
/** The second residue of the second sequence, and so on; −1 for none. */
const known = [
  [-1, 0, 1, -1],
  [1, -1, -1, -1],
  [-1, 1, -1, -1],
];
const stream = randomStream(29);
const drawn = (count: number, spread = 1): number[] => Array.from({ length: count }, () => stream.normal() * spread);

interface Given {
  readonly scores: readonly number[];
  readonly open: readonly number[];
  readonly extend: readonly number[];
}
const names = ['scores', 'open', 'extend'] as const;
const given: Given = { scores: drawn(batch * rows * columns, 1.5), open: [-1.3], extend: [-0.4] };

/** All sets of pairs that keep the order, with their scores and how many gaps they have. */
function everyAlignment({ scores, open, extend }: Given, example: number) {
  const [first, second] = [lengths.first[example]!, lengths.second[example]!];
  const found: { readonly aligned: readonly number[]; readonly score: number }[] = [];
  const gap = (residues: number): number => (residues === 0 ? 0 : open[0]! + (residues - 1) * extend[0]!);
  const scoreOf = (aligned: readonly number[]): number => {
    let score = 0;
    let [usedFirst, usedSecond] = [0, 0];
    for (const [row, column] of [...aligned.entries(), [first, second] as const]) {
      if (column < 0) continue;
      score += gap(row - usedFirst) + gap(column - usedSecond);
      if (row < first) score += scores[(example * rows + row) * columns + column]!;
      [usedFirst, usedSecond] = [row + 1, column + 1];
    }
    return score;
  };
  const walk = (aligned: readonly number[], from: number): void => {
    if (aligned.length === first) {
      found.push({ aligned, score: scoreOf(aligned) });
      return;
    }
    walk([...aligned, -1], from);
    for (let column = from; column < second; column += 1) walk([...aligned, column], column + 1);
  };
  walk([], 0);
  return found;
}

function slowPartition(values: Given, example: number): number {
  return Math.log(everyAlignment(values, example).reduce((total, { score }) => total + Math.exp(score), 0));
}

function knownScore(values: Given, example: number): number {
  const own = known[example]!.slice(0, lengths.first[example]).join();
  return everyAlignment(values, example).find(({ aligned }) => aligned.join() === own)!.score;
}

/** Gaps and their further residues of the known alignments, counted by hand. */
const gapsOf = { opened: [2, 2, 4], extended: [0, 0, 0] };

async function compute({ engine, device }: (typeof engines)[number], values: Given, weights: readonly number[]) {
  const program = createProgram('alignment');
  const scores = input(program, 'scores', 'float32', [batch, rows, columns]);
  const gaps = { open: input(program, 'open', 'float32', [1]), extend: input(program, 'extend', 'float32', [1]) };
  const vector = (name: string) => input(program, name, 'float32', [batch]);
  const partition = alignmentPartition(scores, gaps, { first: vector('first'), second: vector('second') });
  const score = alignmentScore(scores, gaps, {
    pairs: input(program, 'pairs', 'float32', [batch, rows, columns]),
    opened: vector('opened'),
    extended: vector('extended'),
  });
  output(program, 'partition', partition);
  output(program, 'score', score);
  const loss = sum(multiply(partition, vector('weights')));
  gradientsOf(loss, [scores, gaps.open, gaps.extend]).forEach((gradient, index) => {
    output(program, `gradient.${names[index]!}`, gradient!);
  });
  const executable = await engine.compile(program, { device, threads: 1 });
  const results = await executable.run({
    ...Object.fromEntries(names.map((name) => [name, Float32Array.from(values[name])])),
    first: Float32Array.from(lengths.first),
    second: Float32Array.from(lengths.second),
    pairs: Float32Array.from(
      known.flatMap((aligned) => aligned.flatMap((column) => [0, 1, 2].map((one) => Number(one === column)))),
    ),
    opened: Float32Array.from(gapsOf.opened),
    extended: Float32Array.from(gapsOf.extended),
    weights: Float32Array.from(weights),
  });
  await executable.release();
  return results;
}

describe.each(engines)('alignments on $name', (engine) => {
  it('are summed as one by one, with the gradient of that sum', async () => {
    const weights = [1, 0.5, 2];
    const results = await compute(engine, given, weights);
    const examples = [0, 1, 2];
    expectClose(
      results.partition!.data,
      examples.map((example) => slowPartition(given, example)),
      'partition',
      1e-5,
    );
    expectClose(
      results.score!.data,
      examples.map((example) => knownScore(given, example)),
      'score',
      1e-5,
    );
    const weighted = (values: Given): number =>
      weights.reduce((total, weight, example) => total + weight * slowPartition(values, example), 0);
    for (const name of names) {
      const differences = given[name].map((_, place) => {
        const moved = (by: number): Given => ({
          ...given,
          [name]: given[name].map((value, index) => (index === place ? value + by : value)),
        });
        return (weighted(moved(1e-5)) - weighted(moved(-1e-5))) / 2e-5;
      });
      expectClose(results[`gradient.${name}`]!.data, differences, name, 1e-4);
    }
  });

  it('stay finite where scores are far apart', async () => {
    const far: Given = { scores: given.scores.map((value) => value * 60), open: [-40], extend: [-25] };
    const results = await compute(engine, far, [1, 1, 1]);
    expectClose(
      results.partition!.data,
      [0, 1, 2].map((example) => slowPartition(far, example)),
      'partition',
      1e-4,
    );
    for (const name of names) expect(results[`gradient.${name}`]!.data.every(Number.isFinite)).toBe(true);
  });
});

describe('reading alignments', () => {
  it.each([0, 1, 2])('finds the best one and the probability of each pair, of example %i', (example) => {
    const all = everyAlignment(given, example);
    const scores = {
      rows: lengths.first[example]!,
      columns: lengths.second[example]!,
      pairs: given.scores.slice(example * rows * columns),
      stride: columns,
      open: given.open[0]!,
      extend: given.extend[0]!,
    };
    const best = all.reduce((a, b) => (b.score > a.score ? b : a));
    const found = bestAlignment(scores);
    expect([...found.alignment]).toEqual(best.aligned);
    expect(found.score).toBeCloseTo(best.score, 12);
    const { partition, pairs } = alignmentProbabilities(scores);
    expect(partition).toBeCloseTo(slowPartition(given, example), 10);
    const expected = new Float64Array(scores.rows * scores.columns);
    for (const { aligned, score } of all) {
      for (const [row, column] of aligned.entries()) {
        if (column >= 0) expected[row * scores.columns + column]! += Math.exp(score - partition);
      }
    }
    expectClose(pairs, expected, 'probabilities', 1e-9);
    const right = (aligned: readonly number[]): number =>
      aligned.reduce((total, column, row) => total + (column < 0 ? 0 : expected[row * scores.columns + column]!), 0);
    const most = Math.max(...all.map(({ aligned }) => right(aligned)));
    expect(right([...likeliestPairs(pairs, scores.rows, scores.columns)])).toBeCloseTo(most, 9);
    const none = all.find(({ aligned }) => aligned.every((column) => column < 0))!;
    expect(unalignedScore(scores)).toBeCloseTo(none.score, 12);
  });
});
