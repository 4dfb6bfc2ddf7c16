/**
 * The CTC loss against every path there is, against PyTorch's nn.CTCLoss, and against what Graves et al. 2006 prove of it: the
 * probabilities of all transcripts add up to 1, and the gradient of each step adds up to 0. Decoding against enumeration.
 */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/main/formats/safetensors.ts';
import { gradientsOf } from '../../src/main/graph/autodiff.ts';
import { createProgram, input, multiply, output, sum } from '../../src/main/graph/index.ts';
import { ctcLosses, ctcTargets } from '../../src/main/nn/ctc.ts';
import { decodeByBeam, decodeGreedily } from '../../src/main/tasks/transcription/ctc-decoding.ts';
import { randomStream } from '../../src/shared/random.ts';
import { evaluate } from './reference/evaluate.ts';
import { engines, expectClose } from './harness.ts';

interface Problem {
  readonly logits: Float64Array;
  readonly steps: number;
  readonly classes: number;
  readonly transcripts: readonly (readonly number[])[];
  readonly longest: number;
  readonly lengths?: readonly number[];
  readonly weights?: readonly number[];
}

function build({ steps, classes, transcripts, longest, lengths }: Problem) {
  const program = createProgram('ctc');
  const batch = transcripts.length;
  const shape = [batch, 2 * longest + 1];
  const logits = input(program, 'logits', 'float32', [batch, steps, classes]);
  const targets = {
    places: input(program, 'places', 'int32', shape),
    skips: input(program, 'skips', 'float32', shape),
    ends: input(program, 'ends', 'float32', shape),
  };
  const losses = ctcLosses(logits, targets, lengths && input(program, 'lengths', 'float32', [batch]));
  const loss = sum(multiply(losses, input(program, 'weights', 'float32', [batch])));
  output(program, 'losses', losses);
  output(program, 'gradient', gradientsOf(loss, [logits])[0]!);
  return { program, losses };
}

function feedsOf({ logits, transcripts, longest, lengths, weights }: Problem) {
  return {
    logits: Float32Array.from(logits),
    ...ctcTargets(transcripts, longest),
    weights: Float32Array.from(weights ?? transcripts.map(() => 1)),
    ...(lengths && { lengths: Float32Array.from(lengths) }),
  };
}

/** Probability of each transcript, by its labels joined: every path in turn, merged and without blanks. */
function enumerate(probabilities: readonly (readonly number[])[]): Map<string, number> {
  const totals = new Map<string, number>();
  const walk = (step: number, path_: readonly number[], probability: number): void => {
    const row = probabilities[step];
    if (row) {
      row.forEach((p, label) => {
        walk(step + 1, [...path_, label], probability * p);
      });
      return;
    }
    const merged = path_.filter((label, index) => label !== 0 && label !== path_[index - 1]).join();
    totals.set(merged, (totals.get(merged) ?? 0) + probability);
  };
  walk(0, [], 1);
  return totals;
}

function softmaxRows(logits: Float64Array, row: number, steps: number, classes: number): number[][] {
  return Array.from({ length: steps }, (_, step) => {
    const values = Array.from(
      logits.subarray((row * steps + step) * classes, (row * steps + step + 1) * classes),
      Math.exp,
    );
    const total = values.reduce((one, other) => one + other, 0);
    return values.map((value) => value / total);
  });
}

const [steps, classes] = [5, 3];
const transcripts = [[], [1], [2, 1], [1, 1], [1, 2, 1], [2, 2, 1]];
const stream = randomStream(11);
const random: Problem = {
  logits: Float64Array.from({ length: transcripts.length * steps * classes }, () => Math.fround(stream.normal() * 2)),
  steps,
  classes,
  transcripts,
  longest: 3,
  weights: [1, 2, 0.5, 1, 1.5, 1],
};

describe.each(engines)('the CTC loss on $name', ({ engine, device }) => {
  async function run(problem: Problem) {
    const { program } = build(problem);
    const executable = await engine.compile(program, { device, threads: 1 });
    const { losses, gradient } = await executable.run(feedsOf(problem));
    await executable.release();
    return { losses: losses!.data, gradient: gradient!.data };
  }

  it('is −log of the sum over all paths, and its gradient adds up to 0 at each step', async () => {
    const { losses, gradient } = await run(random);
    const expected = transcripts.map((labels, row) => {
      const totals = enumerate(softmaxRows(random.logits, row, steps, classes));
      return -Math.log(totals.get(labels.join())!);
    });
    expectClose(losses, expected, 'losses', 2e-6);
    for (let step = 0; step < transcripts.length * steps; step++) {
      const row = Array.from(gradient.subarray(step * classes, (step + 1) * classes));
      expect(Math.abs(row.reduce((total, value) => total + value, 0))).toBeLessThan(2e-6);
    }
  });

  it('has the gradient of central differences in float64', async () => {
    const { gradient } = await run(random);
    const { losses } = build(random);
    const given = (logits: Float64Array) => {
      const feeds = { ...feedsOf(random), logits };
      const { program } = losses;
      return Object.fromEntries(
        [...program.inputs].map(([name, { shape }]) => [
          name,
          { shape, data: Float64Array.from(feeds[name as keyof typeof feeds]!) },
        ]),
      );
    };
    const value = (logits: Float64Array): number =>
      evaluate([losses], given(logits))[0]!.data.reduce((total, one, row) => total + one * random.weights![row]!, 0);
    const differences = Float64Array.from(random.logits, (_, position) => {
      const moved = (change: number): number => value(random.logits.with(position, random.logits[position]! + change));
      return (moved(1e-5) - moved(-1e-5)) / 2e-5;
    });
    expectClose(gradient, differences, 'gradient');
  });

  it('is that of PyTorch, with shorter inputs, empty and impossible transcripts', async () => {
    const file = path.resolve(import.meta.dirname, '../fixtures/torch/ctc.safetensors');
    const { tensors } = await readSafetensors(file);
    const data = (name: string): number[] => Array.from(tensors.get(name)!.data as Float32Array | Int32Array); // as recorded
    const counts = data('labelLengths');
    const labels = data('labels');
    const [batch, length, width] = tensors.get('logits')!.shape as readonly [number, number, number];
    const { losses, gradient } = await run({
      logits: Float64Array.from(data('logits')),
      steps: length,
      classes: width,
      transcripts: Array.from({ length: batch }, (_, row) => labels.slice(row * 3, row * 3 + counts[row]!)),
      longest: 3,
      lengths: data('inputLengths'),
      weights: data('weights'),
    });
    expect(losses[3]).toBeGreaterThan(0); // three labels in three steps
    expect(losses[4]).toBe(0); // three equal labels need five steps
    expectClose(losses, data('losses'), 'losses', 2e-6);
    expectClose(gradient, data('gradient'), 'gradient', 2e-6);
  });

  it('stays finite where probabilities underflow', async () => {
    const logits = Float64Array.from({ length: 40 * 2 }, (_, index) => (index % 2 === 0 ? 100 : -100));
    const { losses, gradient } = await run({ logits, steps: 40, classes: 2, transcripts: [[1]], longest: 1 });
    expect(losses[0]! / 196.31).toBeCloseTo(1, 3); // −log(40 · e^−200), and as good as nothing from longer runs
    expect(gradient.every(Number.isFinite)).toBe(true);
  });
});

describe('decoding', () => {
  const logs = (row: number) => {
    const probabilities = softmaxRows(random.logits, row, steps, classes);
    return { probabilities, input: { steps, classes, data: probabilities.flat().map(Math.log) } };
  };

  it('by a wide beam finds every transcript with its probability, which add up to 1', () => {
    const { probabilities, input: given } = logs(2);
    const expected = enumerate(probabilities);
    const found = decodeByBeam(given, 10_000);
    expect(found).toHaveLength(expected.size);
    for (const { labels, logProbability } of found) {
      expect(Math.exp(logProbability)).toBeCloseTo(expected.get(labels.join())!, 10);
    }
    expect(found.reduce((total, { logProbability }) => total + Math.exp(logProbability), 0)).toBeCloseTo(1, 10);
    expect(found[0]!.logProbability).toBeGreaterThanOrEqual(found[1]!.logProbability);
  });

  it('greedily merges repetitions and drops blanks', () => {
    const path_ = [0, 1, 1, 0, 1, 2, 2, 0];
    const data = path_.flatMap((best) => [0, 1, 2].map((label) => (label === best ? -0.1 : -3)));
    expect(decodeGreedily({ steps: 8, classes: 3, data })).toEqual([1, 1, 2]);
  });

  it('by beam prefers what many paths say to the one likeliest path', () => {
    // Blank is likelier at each step (0.6), but 'a' somewhere is likelier (0.64) than nowhere (0.36): Graves' example.
    const data = [0.6, 0.4, 0.6, 0.4].map(Math.log);
    expect(decodeGreedily({ steps: 2, classes: 2, data })).toEqual([]);
    const [best] = decodeByBeam({ steps: 2, classes: 2, data }, 4);
    expect(best!.labels).toEqual([1]);
    expect(Math.exp(best!.logProbability)).toBeCloseTo(0.64, 12);
  });
});
