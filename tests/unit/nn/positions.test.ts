/** A transformer encoder at some positions against the same positions of all it computes: values, gradients, and what is left out. */
import { describe, expect, it } from 'vitest';
import { adamWDefaults } from '../../../src/main/engines/optimizer.ts';
import { createOnnxRuntimeEngine } from '../../../src/main/engines/onnxruntime/engine.ts';
import type { Program, Value } from '../../../src/main/graph/index.ts';
import {
  appendGradients,
  batchGather,
  createProgram,
  input,
  multiply,
  output,
  sliceAxis,
  sum,
} from '../../../src/main/graph/index.ts';
import { programFlops } from '../../../src/main/graph/op.ts';
import { findBlock, initialParameters } from '../../../src/main/nn/index.ts';
import { atPositions, firstPosition, positionsAt } from '../../../src/main/nn/positions.ts';
import { fillNormal, randomStream } from '../../../src/shared/random.ts';

const [batch, length, features] = [2, 7, 8];
/** Twice the same place, as padding of places has it, and in no order. */
const places = Int32Array.of(4, 0, 0, 6, 2, 3);
const count = 3;
const seed = 3;

type Read = (sequence: Value, indices: Value) => Value;

const ofAll: Read = (sequence, indices) => batchGather(sequence, indices);
const alone: Read = (sequence, indices) => atPositions(sequence, positionsAt(indices));

function programOf(options: object, read: Read, mode: 'training' | 'evaluation' = 'training'): Program {
  const program = createProgram('positions');
  const context = { program, mode, batchSize: batch, input: { kind: 'frames', length, features } } as const;
  const sequence = input(program, 'sequence', 'float32', [batch, length, features]);
  const mask = input(program, 'mask', 'float32', [batch, length]);
  const encoder = findBlock('transformer-encoder').build(context, { sequence, mask }, options);
  const chosen = read(encoder.sequence!, input(program, 'places', 'int32', [batch, count]));
  const shape = chosen.shape;
  const loss = sum(multiply(multiply(chosen, chosen), input(program, 'weights', 'float32', shape)));
  output(program, 'chosen', chosen);
  output(program, 'loss', loss);
  appendGradients(program, loss);
  return program;
}

async function resultsOf(program: Program) {
  const engine = createOnnxRuntimeEngine();
  await using executable = await engine.compile(program, { threads: 1, optimizer: adamWDefaults });
  const parameters = initialParameters(program, seed);
  // Away from zero, so that every bias and every zero-initialised projection has a gradient to compare.
  [...parameters.values()].forEach(({ data }, index) => {
    const stream = randomStream(seed, index);
    for (let place = 0; place < data.length; place++) data[place] = 0.4 * stream.normal();
  });
  await executable.importState({ parameters });
  const [sequence, weights] = [batch * length * features, program.inputs.get('weights')!.shape].map(
    (size) => new Float32Array(typeof size === 'number' ? size : size.reduce((product, axis) => product * axis, 1)),
  ) as [Float32Array, Float32Array];
  fillNormal(sequence, 1);
  fillNormal(weights, 2);
  const mask = new Float32Array(batch * length).fill(1);
  mask.fill(0, length - 2, length);
  return await executable.gradients({ sequence, weights, mask, places });
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let index = 0; index < a.length; index++) {
    difference += (a[index]! - b[index]!) ** 2;
    size += b[index]! ** 2;
  }
  return Math.sqrt(difference / Math.max(size, 1e-12));
}

const base = { layers: 2, heads: 2, dropout: 0, attentionDropout: 0 };
const variants: readonly (readonly [string, object])[] = [
  ['normalisation after each sublayer', {}],
  ['normalisation before it', { normalisation: 'pre' }],
  ['one layer that does not normalise first', { layers: 1, normalisation: 'pre', normaliseFirst: false }],
  ['rotary positions', { positions: 'rotary', normalisation: 'pre', activation: 'geglu', bias: false }],
  ['a causal mask', { causal: true, positions: 'rotary' }],
  ['a window', { window: 4, fullEvery: 2, positions: 'rotary', localRotaryBase: 100 }],
  ['relative positions', { positions: 'relative', buckets: 4, causal: true }],
  ['normalised queries and keys', { queryKeyNormalisation: true, positions: 'rotary' }],
];

describe('an encoder at chosen positions', () => {
  it.each(variants)('is what it is there of all, with %s', async (_, options) => {
    const settings = { ...base, ...options };
    const [expected, actual] = [
      await resultsOf(programOf(settings, ofAll)),
      await resultsOf(programOf(settings, alone)),
    ];
    expect(distance(actual.outputs.chosen!.data, expected.outputs.chosen!.data)).toBeLessThan(2e-6);
    expect([...actual.gradients.keys()].sort()).toEqual([...expected.gradients.keys()].sort());
    const joined = (gradients: typeof actual.gradients): number[] =>
      [...gradients.keys()].sort().flatMap((name) => [...gradients.get(name)!.data]);
    expect(distance(joined(actual.gradients), joined(expected.gradients))).toBeLessThan(5e-6);
  });

  it('leaves out what the last layer computes of the others', () => {
    const options = { ...base, layers: 1 };
    expect(programFlops(programOf(options, alone))).toBeLessThan(0.75 * programFlops(programOf(options, ofAll)));
  });

  it('computes the first position alone for who reads no other', async () => {
    const options = { ...base, causal: true, positions: 'rotary' };
    const first = programOf(options, (sequence) => atPositions(sequence, firstPosition));
    const expected = programOf(options, (sequence) => sliceAxis(sequence, 1, 0, 1));
    expect(programFlops(first)).toBeLessThan(0.9 * programFlops(expected));
    const [actual, whole] = [await resultsOf(first), await resultsOf(expected)];
    expect(distance(actual.outputs.chosen!.data, whole.outputs.chosen!.data)).toBeLessThan(2e-6);
  });
});
