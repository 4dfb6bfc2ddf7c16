/**
 * The block `recurrent` against PyTorch's nn.RNN, nn.LSTM and nn.GRU: two layers, both directions, sequences of different
 * lengths, from given states. Outputs, final states, and the gradients of everything. Recorded by `scripts/record-torch.py`.
 */
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SafetensorsTensor } from '../../src/main/formats/safetensors.ts';
import { readSafetensors } from '../../src/main/formats/safetensors.ts';
import type { Value } from '../../src/main/graph/index.ts';
import {
  add,
  appendGradients,
  createProgram,
  input,
  multiply,
  output,
  parameter,
  reshape,
  sum,
} from '../../src/main/graph/index.ts';
import { findBlock } from '../../src/main/nn/index.ts';
import { engines, expectClose } from './harness.ts';

const file = path.resolve(import.meta.dirname, '../fixtures/torch/recurrent-layers.safetensors');
let tensors: ReadonlyMap<string, SafetensorsTensor>;

beforeAll(async () => {
  ({ tensors } = await readSafetensors(file));
});

const [batch, length, inputs, features, layers] = [3, 6, 5, 4, 2];

function group(prefix: string): Map<string, SafetensorsTensor> {
  const found = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(found.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

describe.each([
  ['rnn', 'simple'],
  ['lstm', 'lstm'],
  ['gru', 'gru'],
] as const)('%s layers', (cell, recorded) => {
  it.each(engines)('agree with PyTorch on $name', async ({ engine, device }) => {
    const program = createProgram('layers');
    const context = {
      program,
      mode: 'training' as const,
      batchSize: batch,
      input: { kind: 'frames' as const, length, features: inputs },
    };
    // The inputs are parameters here, so that an engine gives their gradients.
    const given = (name: string, shape: readonly number[]): Value =>
      parameter(program, `input/${name}`, shape, { initialiser: { type: 'zeros' } });
    const ports: Record<string, Value> = {
      sequence: given('sequence', [batch, length, inputs]),
      hidden: given('hidden', [2 * layers, batch, features]),
      ...(cell === 'lstm' && { cell: given('cell', [2 * layers, batch, features]) }),
      mask: input(program, 'mask', 'float32', [batch, length]),
    };
    const results = findBlock('recurrent').build(context, ports, {
      cell,
      hiddenSize: features,
      layers,
      bidirectional: true,
    });
    // PyTorch's states are 0 at padding, ours stay as they were: only the real ones are compared and differentiated.
    const real = multiply(results.sequence!, reshape(ports.mask!, [batch, length, 1]));
    const seed = input(program, 'seed', 'float32', [batch, length, 2 * features]);
    const states = ['hidden', 'cell'].flatMap((name) => results[name] ?? []);
    const loss = [sum(multiply(real, seed)), ...states.map((state) => sum(multiply(state, state)))].reduce(add);
    output(program, 'sequence', real);
    for (const name of ['hidden', 'cell']) if (results[name]) output(program, name, results[name]);
    appendGradients(program, loss);

    const executable = await engine.compile(program, {
      device,
      threads: 1,
      optimizer: { type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, clipNorm: 0 },
    });
    const feeds = group(`${recorded}/feeds/`);
    const parameters = group(`${recorded}/weights/`);
    for (const name of ['sequence', 'hidden', 'cell']) {
      const feed = feeds.get(name);
      if (feed) parameters.set(`input/${name}`, feed);
    }
    await executable.importState({ parameters });
    const { outputs, gradients } = await executable.gradients({
      mask: tensors.get('mask')!.data, // recorded as float32
      seed: feeds.get('seed')!.data,
    });
    await executable.release();

    for (const [name, { data }] of group(`${recorded}/outputs/`)) expectClose(outputs[name]!.data, data, name);
    const expected = new Map([
      ...group(`${recorded}/weight-gradients/`),
      ...[...group(`${recorded}/gradients/`)].map(([name, tensor]) => [`input/${name}`, tensor] as const),
    ]);
    expect([...gradients.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, { data }] of expected) expectClose(gradients.get(name)!.data, data, `gradient of ${name}`);
  });
});
