/** Muon against PyTorch's own, recorded in float64 by `scripts/record-torch.py`: wide, tall and square matrices. */
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ParameterGroup } from '../../src/main/engines/engine.ts';
import type { SafetensorsTensor } from '../../src/main/formats/safetensors.ts';
import { readSafetensors } from '../../src/main/formats/safetensors.ts';
import {
  add,
  appendGradients,
  createProgram,
  input,
  multiply,
  output,
  parameter,
  sum,
} from '../../src/main/graph/index.ts';
import { optimizerConfig } from '../../src/main/training/optimizer-config.ts';
import { engines, expectClose } from './harness.ts';

const file = path.resolve(import.meta.dirname, '../fixtures/torch/muon.safetensors');
const shapes = { wide: [5, 8], tall: [9, 4], square: [6, 6] } as const;
const names = Object.keys(shapes) as (keyof typeof shapes)[]; // of the line before

let tensors: ReadonlyMap<string, SafetensorsTensor>;
let recorded: {
  readonly steps: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly momentum: number;
};

beforeAll(async () => {
  const { tensors: read, metadata } = await readSafetensors(file);
  tensors = read;
  recorded = JSON.parse(metadata.size!) as typeof recorded; // as the script writes it
});

/** PyTorch's matrices are [outputs, inputs]. */
function groupOf({ name }: { readonly name: string }): ParameterGroup {
  const [rows, columns] = shapes[name as keyof typeof shapes]; // parameters have no other names
  return {
    learningRateScale: 1,
    decay: true,
    matrix: { rows, columns, scale: Math.sqrt(Math.max(1, rows / columns)) },
  };
}

describe.each(engines)('Muon on $name', ({ engine, device }) => {
  it.each(['nesterov', 'plain'])('takes the steps of torch.optim.Muon with %s momentum', async (kind) => {
    const program = createProgram('linear');
    const terms = names.map((name) => {
      const weight = parameter(program, name, shapes[name], { initialiser: { type: 'zeros' } });
      return sum(multiply(weight, input(program, `factor:${name}`, 'float32', shapes[name])));
    });
    const loss = terms.reduce(add);
    output(program, 'loss', loss);
    appendGradients(program, loss);
    const { steps, learningRate, weightDecay, momentum } = recorded;
    const others = { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, clipNorm: 0 };
    const optimizer = optimizerConfig({
      learningRate: 1,
      optimizer: {
        type: 'muon',
        matrixLearningRate: learningRate,
        momentum,
        nesterov: kind === 'nesterov',
        iterations: 5,
        weightDecay,
        ...others,
      },
    });
    const executable = await engine.compile(program, { device, threads: 1, optimizer, parameterGroup: groupOf });
    await executable.importState({
      parameters: new Map(names.map((name) => [name, tensors.get(`weights/${name}`)!])),
    });
    for (let step = 0; step < steps; step++) {
      const feeds = Object.fromEntries(
        names.map((name) => [`factor:${name}`, tensors.get(`${kind}/gradients/${step}/${name}`)!.data]),
      );
      await executable.step([feeds], { learningRate: 1, seed: 0, step });
    }
    const { parameters } = await executable.exportState();
    await executable.release();
    for (const name of names) {
      const before = tensors.get(`weights/${name}`)!.data;
      const change = (data: ArrayLike<number>): number[] => Array.from(before, (value, index) => data[index]! - value);
      const expected = change(tensors.get(`${kind}/updated/${name}`)!.data);
      expectClose(change(parameters.get(name)!.data), expected, name, 2e-5); // of weights that are ten times as large
      expect(Math.hypot(...expected)).toBeGreaterThan(0.05);
    }
  });
});
