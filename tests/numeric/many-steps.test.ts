/** Several steps in one call, as on devices where weights cross the bus with every call: the bits of single steps. */
import { describe, expect, it } from 'vitest';
import type { Executable, PlannedStep } from '../../src/main/engines/engine.ts';
import { createOnnxRuntimeEngine } from '../../src/main/engines/onnxruntime/engine.ts';
import type { OptimizerConfig } from '../../src/main/engines/optimizer.ts';
import { adamWDefaults } from '../../src/main/engines/optimizer.ts';
import type { Program, Value } from '../../src/main/graph/index.ts';
import {
  add,
  appendGradients,
  assign,
  createProgram,
  crossEntropy,
  dense,
  dropout,
  gather,
  input,
  mean,
  output,
  parameter,
  relu,
  reshape,
  scale,
} from '../../src/main/graph/index.ts';
import { randomStream } from '../../src/shared/random.ts';
import { muon, normals } from './linear-program.ts';

const engine = createOnnxRuntimeEngine();
const examples = 6;

/** With embedding rows, dropout, running statistics and a frozen weight. */
function network(): Program {
  const program = createProgram('network');
  const weight = (name: string, ...shape: number[]): Value =>
    parameter(program, name, shape, { initialiser: { type: 'zeros' } });
  const tokens = input(program, 'tokens', 'int32', [examples, 2]);
  const embedded = reshape(gather(weight('table', 9, 4), tokens), [examples, 8]);
  const running = parameter(program, 'running', [8], { initialiser: { type: 'zeros' }, role: 'state' });
  assign(running, add(scale(running, 0.9), scale(mean(embedded, [0]), 0.1)));
  const frozen = weight('frozen', 8);
  program.parameters.get('frozen')!.trainable = false;
  const hidden = dropout(relu(dense(add(embedded, frozen), weight('w1', 8, 6), weight('b1', 6))), 0.25);
  const { loss } = crossEntropy(
    dense(hidden, weight('w2', 6, 3), weight('b2', 3)),
    input(program, 'labels', 'int32', [examples]),
    input(program, 'weights', 'float32', [examples]),
  );
  output(program, 'loss', loss);
  appendGradients(program, loss);
  return program;
}

function planned(step: number, weight = 1): PlannedStep {
  const stream = randomStream(7, step);
  return {
    batch: {
      tokens: Int32Array.from({ length: 2 * examples }, () => stream.integer(9)),
      labels: Int32Array.from({ length: examples }, () => stream.integer(3)),
      weights: new Float32Array(examples).fill(weight),
    },
    options: { learningRate: 0.05 / (1 + step), seed: 3, step },
  };
}

async function open(optimizer: OptimizerConfig, stepsAtOnce: number): Promise<Executable> {
  const program = network();
  const executable = await engine.compile(program, {
    threads: 1,
    resident: true,
    stepsAtOnce,
    optimizer,
    weightAverage: 0.9,
    parameterGroup: ({ name, decay }) => ({ learningRateScale: 1, decay, ...(name === 'w1' && { startsAt: 3 }) }),
  });
  const start = [...program.parameters.values()].map(({ name, shape }, index) => {
    const size = shape.reduce((product, each) => product * each, 1);
    return [name, { shape, data: normals(size, 11, index) }] as const;
  });
  await executable.importState({ parameters: new Map(start) });
  return executable;
}

describe('four steps in one call', () => {
  it.each([
    ['AdamW', adamWDefaults],
    ['Muon', muon],
  ] as const)('are four steps to the bit: %s', async (_, optimizer) => {
    await using single = await open(optimizer, 1);
    await using many = await open(optimizer, 4);
    expect([single.stepsAtOnce, many.stepsAtOnce]).toEqual([undefined, 4]);
    const singly = [];
    for (let step = 0; step < 10; step++) singly.push(await single.step([planned(step).batch], planned(step).options));
    const together = [];
    for (const [from, to] of [
      [0, 4],
      [4, 8],
      [8, 10], // fewer than the call takes
    ] as const) {
      const steps = Array.from({ length: to - from }, (__, index) => planned(from + index));
      together.push(...(await many.stepMany!(steps)));
    }
    expect(together).toEqual(singly);
    expect(together.every(({ finite }) => finite)).toBe(true);
    expect(await many.exportState()).toEqual(await single.exportState());
  });

  it('end before one that is not finite, with those before it made', async () => {
    await using single = await open(adamWDefaults, 1);
    await using many = await open(adamWDefaults, 4);
    const steps = [planned(0), planned(1), planned(2, NaN), planned(3)];
    const results = await many.stepMany!(steps);
    expect(results.map(({ finite }) => finite)).toEqual([true, true, false]);
    for (const { batch, options } of steps.slice(0, 2)) await single.step([batch], options);
    expect(await many.exportState()).toEqual(await single.exportState());
  });
});
