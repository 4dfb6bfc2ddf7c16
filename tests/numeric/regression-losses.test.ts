/** The losses of regression: against their definitions written out, and their gradients against float64 central differences. */
import { describe, expect, it } from 'vitest';
import { gradientsOf } from '../../src/main/graph/autodiff.ts';
import { createProgram, input, output } from '../../src/main/graph/index.ts';
import type { RegressionLoss } from '../../src/main/tasks/targets/regression-loss.ts';
import { regressionLoss, regressionLosses } from '../../src/main/tasks/targets/regression-loss.ts';
import { engines, expectClose } from './harness.ts';

const [rows, targets] = [4, 3];
// No difference lies near 0 or 1, where losses have corners that central differences would cut.
const predicted = [0.4, -1.2, 0.3, 2.5, 0.1, -0.6, 7, 7, 7, -0.3, 3.1, 0.9];
const truth = [0, 0.5, 0.7, 0.2, -0.4, -3, 0, 0, 0, 0.3, 0.6, 0.2];
const weights = [1, 1, 0, 1];

function slowLoss(kind: RegressionLoss, values: readonly number[]): number {
  let sum = 0;
  values.forEach((value, index) => {
    const distance = Math.abs(value - truth[index]!);
    const huber = distance < 1 ? distance ** 2 / 2 : distance - 0.5;
    const error = { squared: distance ** 2, absolute: distance, huber }[kind];
    sum += error * weights[Math.floor(index / targets)]!;
  });
  return sum / (3 * targets);
}

describe.each(engines)('regression losses on $name', ({ engine, device }) => {
  it.each(regressionLosses)('%s', async (kind) => {
    const program = createProgram(kind);
    const own = input(program, 'predicted', 'float32', [rows, targets]);
    const loss = regressionLoss(
      own,
      input(program, 'truth', 'float32', [rows, targets]),
      input(program, 'weights', 'float32', [rows]),
      kind,
    );
    output(program, 'loss', loss);
    output(program, 'gradient', gradientsOf(loss, [own])[0]!);
    const executable = await engine.compile(program, { device, threads: 1 });
    const found = await executable.run({
      predicted: Float32Array.from(predicted),
      truth: Float32Array.from(truth),
      weights: Float32Array.from(weights),
    });
    await executable.release();
    expect(found.loss!.data[0]).toBeCloseTo(slowLoss(kind, predicted), 5);
    const step = 1e-6;
    const differences = predicted.map((_, index) => {
      const moved = (by: number) => predicted.map((value, other) => (other === index ? value + by : value));
      return (slowLoss(kind, moved(step)) - slowLoss(kind, moved(-step))) / (2 * step);
    });
    expectClose(found.gradient!.data, differences, 'gradient', 1e-5);
  });
});
