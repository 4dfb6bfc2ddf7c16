/**
 * The block `recurrent` against TensorFlow.js' own layers with the same weights: every state, the final states, and the
 * gradients of the input and of the weights. `tf.layers.gru` resets the state before the recurrent product and ours after it;
 * with a diagonal matrix for the candidate that is the same number, so that is what both get.
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Value } from '../../src/main/graph/index.ts';
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
import { findBlock } from '../../src/main/nn/index.ts';
import { randomStream } from '../../src/shared/random.ts';
import { engines, expectClose } from './harness.ts';

const [batch, length, inputs, features] = [3, 5, 4, 6];
const gates = { rnn: 1, lstm: 4, gru: 3 } as const;
/** For each of our gates its place in Keras' order: z, r, candidate instead of r, z, candidate. */
const kerasGates = { rnn: [0], lstm: [0, 1, 2, 3], gru: [1, 0, 2] } as const;
type Cell = keyof typeof gates;

interface Matrix {
  readonly shape: readonly [number, number];
  readonly data: Float32Array;
}

/** Columns of gates in Keras' order, or, as the permutation is its own inverse, back again. */
function reordered(cell: Cell, { shape: [rows, width], data }: Matrix): Matrix {
  const size = width / gates[cell];
  const moved = data.map((_, index) => {
    const [row, column] = [Math.floor(index / width), index % width];
    const gate = kerasGates[cell][Math.floor(column / size)]!;
    return data[row * width + gate * size + (column % size)]!;
  });
  return { shape: [rows, width], data: moved };
}

function drawn(seed: number, rows: number, columns: number): Matrix {
  const stream = randomStream(seed);
  return { shape: [rows, columns], data: Float32Array.from({ length: rows * columns }, () => 0.6 * stream.normal()) };
}

/** Ours: input weights, recurrent weights, bias. */
function weightsOf(cell: Cell): readonly [Matrix, Matrix, Matrix] {
  const width = gates[cell] * features;
  const recurrent = drawn(2, features, width);
  if (cell === 'gru') {
    for (let row = 0; row < features; row++) {
      for (let column = 0; column < features; column++) {
        if (row !== column) recurrent.data[row * width + 2 * features + column] = 0;
      }
    }
  }
  return [drawn(1, inputs, width), recurrent, drawn(3, 1, width)];
}

/** The candidate's recurrent weights beside the diagonal are 0 in both GRUs, but mean something else: left out. */
function comparable(cell: Cell, weight: number, gradient: ArrayLike<number>): number[] {
  const width = gates[cell] * features;
  return Array.from(gradient, (value, index) => {
    const [row, column] = [Math.floor(index / width), (index % width) - 2 * features];
    return cell === 'gru' && weight === 1 && column >= 0 && column !== row ? 0 : value;
  });
}

const sequence = drawn(4, batch * length, inputs).data;
const seed = drawn(5, batch * length, features).data;
const stateSeed = drawn(6, batch, features).data;
const start = { hidden: drawn(7, batch, features).data, cell: drawn(8, batch, features).data };

/** What TensorFlow.js says: every state, the final states, and gradients of Σ seed·states + Σ seed·final states. */
function reference(cell: Cell) {
  const settings = {
    units: features,
    returnSequences: true,
    returnState: true,
    recurrentActivation: 'sigmoid' as const,
    recurrentInitializer: 'zeros' as const, // replaced by ours; the default needs methods that tfjs-core alone lacks
  };
  const layer = { rnn: layers.simpleRNN, lstm: layers.lstm, gru: layers.gru }[cell](settings);
  const states = [start.hidden, ...(cell === 'lstm' ? [start.cell] : [])].map((data) =>
    tf.tensor2d(data, [batch, features]),
  );
  const x = tf.tensor3d(sequence, [batch, length, inputs]);
  const apply = (from: tf.Tensor): tf.Tensor[] => layer.apply(from, { initialState: states }) as tf.Tensor[]; // it returns states
  apply(x); // makes the weights
  layer.setWeights(
    weightsOf(cell).map((matrix, index) => {
      const { shape, data } = reordered(cell, matrix);
      return index === 2 ? tf.tensor1d(data) : tf.tensor2d(data, [...shape]);
    }),
  );
  const loss = (from: tf.Tensor): tf.Scalar => {
    const [hidden, ...final] = apply(from) as [tf.Tensor, ...tf.Tensor[]]; // returnSequences and returnState
    const parts = [
      tf.sum(tf.mul(hidden, tf.tensor3d(seed, [batch, length, features]))),
      ...final.map((state) => tf.sum(tf.mul(state, tf.tensor2d(stateSeed, [batch, features])))),
    ];
    return tf.addN(parts) as tf.Scalar;
  };
  const { grads } = tf.variableGrads(() => loss(x));
  const [hidden, ...final] = apply(x);
  const weightGradients = Object.values(grads).map((gradient) => {
    const [rows, width = rows] = gradient.rank === 1 ? [1, gradient.size] : gradient.shape;
    return reordered(cell, { shape: [rows!, width!], data: gradient.dataSync() as Float32Array }).data; // a float tensor
  });
  return {
    hidden: hidden!.dataSync(),
    final: final.map((state) => state.dataSync()),
    sequenceGradient: tf.grad(loss)(x).dataSync(),
    weightGradients,
  };
}

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe.each(['rnn', 'lstm', 'gru'] as const)('%s layers', (cell) => {
  it.each(engines)('agree with the layers of TensorFlow.js on $name', async ({ engine, device }) => {
    await tf.setBackend('cpu');
    const expected = reference(cell);
    const program = createProgram('layer');
    const context = {
      program,
      mode: 'training' as const,
      batchSize: batch,
      input: { kind: 'frames' as const, length, features: inputs },
    };
    const given = parameter(program, 'sequence', [batch, length, inputs], { initialiser: { type: 'zeros' } });
    const state = (name: string): Value => input(program, name, 'float32', [1, batch, features]);
    const results = findBlock('recurrent').build(
      context,
      { sequence: given, hidden: state('hidden'), ...(cell === 'lstm' && { cell: state('cell') }) },
      { cell, hiddenSize: features },
    );
    const finals = ['hidden', 'cell'].flatMap((name) => results[name] ?? []);
    const towards = input(program, 'stateSeed', 'float32', [1, batch, features]);
    const loss = [
      sum(multiply(results.sequence!, input(program, 'seed', 'float32', [batch, length, features]))),
      ...finals.map((final) => sum(multiply(final, towards))),
    ].reduce(add);
    output(program, 'states', results.sequence!);
    finals.forEach((final, index) => {
      output(program, `final.${index}`, final);
    });
    appendGradients(program, loss);
    const optimizer = { type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, clipNorm: 0 } as const;
    const executable = await engine.compile(program, { device, threads: 1, optimizer });
    const names = ['input-weight', 'recurrent-weight', 'bias'].map((name) => `layer.0/forward/${name}`);
    const parameters = new Map<string, { shape: readonly number[]; data: Float32Array }>([
      ['sequence', { shape: [batch, length, inputs], data: sequence }],
      ...weightsOf(cell).map(
        ({ shape, data }, index) => [names[index]!, { shape: index === 2 ? [data.length] : shape, data }] as const,
      ),
      ...(cell === 'gru'
        ? [['layer.0/forward/recurrent-bias', { shape: [3 * features], data: new Float32Array(3 * features) }] as const]
        : []),
    ]);
    await executable.importState({ parameters });
    const { outputs, gradients } = await executable.gradients({
      seed,
      stateSeed,
      hidden: start.hidden,
      ...(cell === 'lstm' && { cell: start.cell }),
    });
    await executable.release();

    expectClose(outputs.states!.data, expected.hidden, 'states');
    expect(finals).toHaveLength(expected.final.length);
    expected.final.forEach((final, index) => {
      expectClose(outputs[`final.${index}`]!.data, final, `final state ${index}`);
    });
    expectClose(gradients.get('sequence')!.data, expected.sequenceGradient, 'gradient of the input');
    expected.weightGradients.forEach((gradient, index) => {
      const ours = gradients.get(names[index]!)!.data;
      expectClose(comparable(cell, index, ours), comparable(cell, index, gradient), `gradient of ${names[index]!}`);
    });
  });
});
