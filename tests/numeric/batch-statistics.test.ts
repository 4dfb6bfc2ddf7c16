/**
 * Batch normalisation over as many places as the first layers of a network on images have: mean, variance and the gradients are sums over
 * tens of thousands of float32 numbers, which lose their last digits where they are added up one by one.
 */
import { expect, it } from 'vitest';
import { adamWDefaults } from '../../src/main/engines/optimizer.ts';
import { createOnnxRuntimeEngine } from '../../src/main/engines/onnxruntime/engine.ts';
import { appendGradients, createProgram, input, multiply, output, parameter, sum } from '../../src/main/graph/index.ts';
import { batchNormalization } from '../../src/main/graph/ops/batch-normalisation.ts';
import { randomStream } from '../../src/shared/random.ts';

const [batch, channels, side] = [4, 2, 112];
const [places, epsilon] = [batch * side * side, 1e-5];
const shape = [batch, channels, side, side];

it('is exact to float32 over fifty thousand places', async () => {
  const random = randomStream(3, 0);
  const draw = (offset: number) => Float32Array.from({ length: channels * places }, () => random.normal() + offset);
  const [x, weight] = [draw(4), draw(0)];
  const program = createProgram('statistics');
  const [gain, bias] = ['gain', 'bias'].map((name) =>
    parameter(program, name, [channels], { initialiser: { type: 'constant', value: 1 }, role: 'weight', decay: false }),
  );
  const normalised = batchNormalization(input(program, 'x', 'float32', shape), gain!, bias!, epsilon);
  output(program, 'mean', normalised.mean);
  output(program, 'variance', normalised.variance);
  appendGradients(program, sum(multiply(normalised.normalised, input(program, 'weight', 'float32', shape))));
  await using executable = await createOnnxRuntimeEngine().compile(program, {
    device: 'cpu',
    threads: 1,
    optimizer: adamWDefaults,
  });
  const ones = { shape: [channels], data: new Float32Array(channels).fill(1) };
  await executable.importState({ parameters: new Map([...program.parameters.keys()].map((name) => [name, ones])) });
  const { outputs, gradients } = await executable.gradients({ x, weight });

  for (let channel = 0; channel < channels; channel++) {
    const own = (values: Float32Array): number[] =>
      [...values].filter((_, index) => Math.floor(index / (side * side)) % channels === channel);
    const [input64, weight64] = [own(x), own(weight)];
    const mean = input64.reduce((total, value) => total + value, 0) / places;
    const variance = input64.reduce((total, value) => total + (value - mean) ** 2, 0) / places;
    const correlation = input64.reduce((total, value, place) => total + (value - mean) * weight64[place]!, 0);
    const expected = [
      [outputs.mean!.data[channel]!, mean, mean],
      [outputs.variance!.data[channel]!, variance, variance],
      [gradients.get('bias')!.data[channel]!, weight64.reduce((total, value) => total + value, 0), places],
      [gradients.get('gain')!.data[channel]!, correlation / Math.sqrt(variance + epsilon), Math.sqrt(places)],
    ] as const;
    for (const [found, exact, size] of expected) expect(Math.abs(found - exact) / size).toBeLessThan(5e-6);
  }
});
