/** The loss of several labels: against PyTorch's binary_cross_entropy_with_logits, against its definition and central differences. */
import { describe, expect, it } from 'vitest';
import { gradientsOf } from '../../src/main/graph/autodiff.ts';
import { createProgram, input, output } from '../../src/main/graph/index.ts';
import { binaryCrossEntropy } from '../../src/main/tasks/targets/multi-label-loss.ts';
import { engines, expectClose } from './harness.ts';

interface Problem {
  readonly logits: readonly number[];
  readonly truth: readonly number[];
  readonly weights: readonly number[];
  readonly positive?: readonly number[];
}

function slowLoss({ logits, truth, weights, positive = [1, 1] }: Problem): number {
  let [sum, count] = [0, 0];
  weights.forEach((weight) => (count += weight));
  logits.forEach((logit, index) => {
    const probability = 1 / (1 + Math.exp(-logit));
    const there = -Math.log(probability) * positive[index % 2]! * truth[index]!;
    sum += (there - Math.log(1 - probability) * (1 - truth[index]!)) * weights[Math.floor(index / 2)]!;
  });
  return sum / (2 * Math.max(1, count));
}

describe.each(engines)('the loss of several labels on $name', ({ engine, device }) => {
  async function compute({ logits, truth, weights, positive }: Problem) {
    const rows = weights.length;
    const program = createProgram('labels');
    const own = input(program, 'logits', 'float32', [rows, 2]);
    const others = [
      input(program, 'truth', 'float32', [rows, 2]),
      input(program, 'weights', 'float32', [rows]),
    ] as const;
    const loss = binaryCrossEntropy(own, ...others, positive);
    output(program, 'loss', loss);
    output(program, 'gradient', gradientsOf(loss, [own])[0]!);
    const executable = await engine.compile(program, { device, threads: 1 });
    const feeds = {
      logits: Float32Array.from(logits),
      truth: Float32Array.from(truth),
      weights: Float32Array.from(weights),
    };
    const found = await executable.run(feeds);
    await executable.release();
    return { loss: found.loss!.data[0]!, gradient: found.gradient!.data };
  }

  it('is that of PyTorch, far logits and weights of labels included', async () => {
    // torch 2.13, float64: (binary_cross_entropy_with_logits(x, y, pos_weight, reduction='none') · w).sum() / (2 · w.sum())
    const { loss, gradient } = await compute({
      logits: [0.4, -1.2, 2.5, -30, 60, 0.3],
      truth: [1, 0, 0, 1, 1, 1],
      weights: [1, 1, 0.5],
      positive: [3, 0.5],
    });
    expect(loss).toBeCloseTo(3.9039613539895237, 5);
    const expected = [-0.24078740393252882, 0.04629504330019648, 0.1848283639957513, -0.1, 0, -0.02127787415941705];
    expectClose(gradient, expected, 'gradient', 1e-5);
  });

  it('has the gradient of its definition, and none for padding', async () => {
    const problem: Problem = { logits: [0.5, -0.7, 1.4, 0.2, -2, 3], truth: [1, 1, 0, 1, 0, 1], weights: [1, 1, 0] };
    const { loss, gradient } = await compute(problem);
    expect(loss).toBeCloseTo(slowLoss(problem), 5);
    const differences = problem.logits.map((_, index) => {
      const moved = (by: number) => problem.logits.map((value, other) => (other === index ? value + by : value));
      return (slowLoss({ ...problem, logits: moved(1e-6) }) - slowLoss({ ...problem, logits: moved(-1e-6) })) / 2e-6;
    });
    expectClose(gradient, differences, 'gradient', 1e-5);
    expect([...gradient.slice(4)]).toEqual([0, 0]);
  });
});
