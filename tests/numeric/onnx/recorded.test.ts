/**
 * Networks as PyTorch's exporters write them (TorchScript and dynamo, opsets 9 to 20): outputs, and the gradients of every weight
 * that the file has as PyTorch has it. Recorded by `scripts/record-onnx.py`.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readOnnx } from '../../../src/main/formats/onnx/read.ts';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import type { Value } from '../../../src/main/graph/index.ts';
import { appendGradients, cast, createProgram, input, multiply, output, sum } from '../../../src/main/graph/index.ts';
import { networkOfFile } from '../../../src/main/models/onnx-network/network-of-file.ts';
import { buildNetwork } from '../../../src/main/nn/onnx-network/build.ts';
import type { Operand } from '../../../src/main/nn/onnx-network/operand.ts';
import { isHost } from '../../../src/main/nn/onnx-network/operand.ts';
import { engines, expectClose } from '../harness.ts';

const folder = path.resolve(import.meta.dirname, '../../fixtures/onnx');
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.onnx'))
  .map((name) => name.slice(0, -'.onnx'.length));

/** Gradients that are recorded of each network at the least: what exporters fold is not there. */
const least = { convolutional: 8, attention: 19, texts: 19, recurrent: 2, enlarging: 8 } as const;

const relative = 1e-4;

function computed(operand: Operand | undefined): Value {
  if (!operand || isHost(operand)) throw new Error('the output is not computed');
  return operand;
}

describe.each(names)('%s', (name) => {
  it.each(engines)('agrees with PyTorch on $name', async ({ engine, device }) => {
    const file = await readOnnx(path.join(folder, `${name}.onnx`));
    const { tensors } = await readSafetensors(path.join(folder, `${name}.safetensors`));
    const { network, weights } = networkOfFile(file);
    const program = createProgram(name);
    const recorded = (key: string) => tensors.get(key)!;
    const ports = Object.fromEntries(
      network.feeds.map(({ port, name: fed }) => {
        const { shape, data } = recorded(fed);
        const value = input(program, fed, data instanceof Int32Array ? 'int32' : 'float32', shape);
        return [port, port === 'mask' ? cast(value, 'float32') : value];
      }),
    );
    const kind = { kind: 'frames' as const, length: 1, features: 1 };
    const context = { program, mode: 'evaluation' as const, batchSize: 2, input: kind };
    const result = computed(buildNetwork(context, network, ports, ['output']).values.get('output'));
    output(program, 'output', result);
    appendGradients(program, sum(multiply(result, input(program, 'seed', 'float32', result.shape))));

    await using executable = await engine.compile(program, {
      device,
      threads: 1,
      optimizer: { type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, clipNorm: 0 },
    });
    await executable.importState({ parameters: weights });
    const feeds = Object.fromEntries([...program.inputs.keys()].map((key) => [key, recorded(key).data]));
    const { outputs, gradients } = await executable.gradients(feeds);
    expect(outputs.output!.shape).toEqual(recorded('output').shape);
    expectClose(outputs.output!.data, recorded('output').data, 'output', relative);

    const parameters = new Map(network.weights.map((weight) => [weight.name, weight.parameter]));
    const expected = [...tensors].filter(([key]) => key.startsWith('gradients/'));
    const kindOfNetwork = name.split('-')[0] as keyof typeof least; // the files are named after the networks
    expect(expected.length).toBeGreaterThanOrEqual(least[kindOfNetwork]);
    for (const [key, { data }] of expected) {
      const parameter = parameters.get(key.slice('gradients/'.length));
      expect(parameter, `${key} belongs to a weight`).toBeDefined();
      expectClose(gradients.get(parameter!)!.data, data, key, relative);
    }
  });
});
