/**
 * The CRF against every sequence of tags there is: its loss, its gradient against float64 central differences of that enumeration, the
 * best sequence, and the probability of each tag. Sequences of different lengths share a batch.
 */
import { describe, expect, it } from 'vitest';
import { gradientsOf } from '../../src/main/graph/autodiff.ts';
import { createProgram, input, multiply, output, sum } from '../../src/main/graph/index.ts';
import { crfLosses } from '../../src/main/nn/crf.ts';
import { bestTags, tagProbabilities } from '../../src/main/tasks/tagging/viterbi.ts';
import { randomStream } from '../../src/shared/random.ts';
import { engines, expectClose } from './harness.ts';

const [batch, steps, tags] = [3, 4, 3];
const lengths = [4, 1, 3];
const truth = [2, 0, 1, 1, 1, 0, 0, 0, 0, 2, 2, 0];
const stream = randomStream(11);
const drawn = (count: number, spread = 1): number[] => Array.from({ length: count }, () => stream.normal() * spread);

interface Scores {
  readonly emissions: readonly number[];
  readonly transitions: readonly number[];
  readonly start: readonly number[];
  readonly end: readonly number[];
}
const names = ['emissions', 'transitions', 'start', 'end'] as const;
const scores: Scores = {
  emissions: drawn(batch * steps * tags),
  transitions: drawn(tags * tags),
  start: drawn(tags),
  end: drawn(tags),
};

/** All sequences of a length, with their scores. */
function everySequence({ emissions, transitions, start, end }: Scores, row: number): Map<string, number> {
  const found = new Map<string, number>();
  const length = lengths[row]!;
  const walk = (path: readonly number[], score: number): void => {
    if (path.length === length) {
      found.set(path.join(''), score + end[path.at(-1)!]!);
      return;
    }
    for (let tag = 0; tag < tags; tag += 1) {
      const before = path.at(-1);
      const move = before === undefined ? start[tag]! : transitions[before * tags + tag]!;
      walk([...path, tag], score + move + emissions[(row * steps + path.length) * tags + tag]!);
    }
  };
  walk([], 0);
  return found;
}

function slowLoss(given: Scores, row: number): number {
  const all = everySequence(given, row);
  const own = truth.slice(row * steps, row * steps + lengths[row]!).join('');
  const total = [...all.values()].reduce((sum_, score) => sum_ + Math.exp(score), 0);
  return Math.log(total) - all.get(own)!;
}

async function compute({ engine, device }: (typeof engines)[number], given: Scores, weights: readonly number[]) {
  const program = createProgram('crf');
  const emissions = input(program, 'emissions', 'float32', [batch, steps, tags]);
  const transitions = input(program, 'transitions', 'float32', [tags, tags]);
  const [start, end] = [input(program, 'start', 'float32', [tags]), input(program, 'end', 'float32', [tags])];
  const losses = crfLosses(
    emissions,
    input(program, 'tags', 'int32', [batch, steps]),
    input(program, 'mask', 'float32', [batch, steps]),
    { transitions, start, end },
  );
  const loss = sum(multiply(losses, input(program, 'weights', 'float32', [batch])));
  output(program, 'losses', losses);
  gradientsOf(loss, [emissions, transitions, start, end]).forEach((gradient, index) => {
    output(program, `gradient.${names[index]!}`, gradient!);
  });
  const executable = await engine.compile(program, { device, threads: 1 });
  const mask = Float32Array.from({ length: batch * steps }, (_, index) =>
    Number(index % steps < lengths[Math.floor(index / steps)]!),
  );
  const feeds = Object.fromEntries(names.map((name) => [name, Float32Array.from(given[name])]));
  const results = await executable.run({
    ...feeds,
    tags: Int32Array.from(truth),
    mask,
    weights: Float32Array.from(weights),
  });
  await executable.release();
  return results;
}

describe.each(engines)('a CRF on $name', (engine) => {
  it('has the loss of every sequence in turn, and its gradient', async () => {
    const weights = [1, 0.5, 2];
    const results = await compute(engine, scores, weights);
    expectClose(
      results.losses!.data,
      [0, 1, 2].map((row) => slowLoss(scores, row)),
      'losses',
      1e-5,
    );
    const weighted = (given: Scores): number =>
      weights.reduce((total, weight, row) => total + weight * slowLoss(given, row), 0);
    for (const name of names) {
      const differences = scores[name].map((_, place) => {
        const moved = (by: number): Scores => ({
          ...scores,
          [name]: scores[name].map((value, index) => (index === place ? value + by : value)),
        });
        return (weighted(moved(1e-5)) - weighted(moved(-1e-5))) / 2e-5;
      });
      expectClose(results[`gradient.${name}`]!.data, differences, name, 1e-4);
    }
  });

  it('stays finite where scores are far apart', async () => {
    const far: Scores = {
      ...scores,
      emissions: scores.emissions.map((value) => value * 60),
      transitions: scores.transitions.map((value) => value * 15),
    };
    const results = await compute(engine, far, [1, 1, 1]);
    expectClose(
      results.losses!.data,
      [0, 1, 2].map((row) => slowLoss(far, row)),
      'losses',
      1e-4,
    );
    for (const name of names) expect(results[`gradient.${name}`]!.data.every(Number.isFinite)).toBe(true);
  });
});

describe('reading a CRF', () => {
  it.each([0, 1, 2])('finds the best sequence and the probability of each tag, of sequence %i', (row) => {
    const all = everySequence(scores, row);
    const length = lengths[row]!;
    const values = scores.emissions.slice(row * steps * tags, (row * steps + length) * tags);
    const [best] = [...all].reduce((a, b) => (b[1] > a[1] ? b : a));
    expect(bestTags({ values, steps: length, tags }, scores).join('')).toBe(best);
    const total = [...all.values()].reduce((sum_, score) => sum_ + Math.exp(score), 0);
    const expected = new Array<number>(length * tags).fill(0);
    for (const [path, score] of all) {
      Array.from(path).forEach((tag, step) => (expected[step * tags + Number(tag)]! += Math.exp(score) / total));
    }
    expectClose(tagProbabilities({ values, steps: length, tags }, scores), expected, 'probabilities', 1e-9);
  });
});
