/** What differences cannot tell: gradients where a function has a corner, empty batches, and ops that must not be used. */
import { describe, expect, it } from 'vitest';
import { buildSelfCheckProgram } from '../../src/main/engines/self-check-program.ts';
import type { Value } from '../../src/main/graph/index.ts';
import { gradientsOf } from '../../src/main/graph/autodiff.ts';
import {
  absolute,
  constant,
  createProgram,
  crossEntropy,
  gather,
  input,
  linearCrossEntropy,
  max,
  maximum,
  minimum,
  multiply,
  output,
  relu,
  softmax,
  sum,
  tanh,
} from '../../src/main/graph/index.ts';
import { lowerToOnnx } from '../../src/main/graph/onnx.ts';
import { engines } from './harness.ts';

const at = [0, 3, 3, 1, 3, 0];
const zero: Readonly<Record<string, (x: Value) => Value>> = {
  relu,
  absolute,
  'maximum with itself': (x) => maximum(x, multiply(x, constant(x.program, 2))),
  'minimum with itself': (x) => minimum(x, multiply(x, constant(x.program, 2))),
};

describe.each(engines)('$name', ({ engine, device }) => {
  async function gradientAt(
    data: readonly number[],
    shape: readonly number[],
    build: (x: Value) => Value,
  ): Promise<number[]> {
    const program = createProgram('corner');
    const x = input(program, 'x', 'float32', shape);
    const [gradient] = gradientsOf(sum(build(x)), [x]);
    output(program, 'gradient', gradient!);
    const executable = await engine.compile(program, { device, threads: 2 });
    const results = await executable.run({ x: Float32Array.from(data) });
    await executable.release();
    return [...results.gradient!.data];
  }

  it('splits the gradient of max evenly between equal maxima', async () => {
    const gradient = await gradientAt(at, [2, 3], (x) => max(x, [1]));
    expect(gradient).toEqual([0, 0.5, 0.5, 0, 1, 0]);
  });

  it.each([
    ['relu', 0],
    ['absolute', 0],
    ['maximum with itself', 1],
    ['minimum with itself', 1],
  ] as const)('has the documented gradient of %s at 0', async (name, expected) => {
    expect(await gradientAt([0], [1], zero[name]!)).toEqual([expected]);
  });

  it.each(['plain', 'linear'] as const)('has a loss and gradient of 0 when every weight is 0 (%s)', async (kind) => {
    const program = createProgram('empty');
    const x = input(program, 'x', 'float32', [2, 3]);
    const table = input(program, 'table', 'float32', [3, 3]);
    const labels = input(program, 'labels', 'int32', [2]);
    const weights = input(program, 'weights', 'float32', [2]);
    const { loss } =
      kind === 'plain' ? crossEntropy(x, labels, weights) : linearCrossEntropy(x, table, labels, weights);
    const [gradient] = gradientsOf(loss, [x]);
    output(program, 'loss', loss);
    output(program, 'gradient', gradient!);
    const executable = await engine.compile(program, { device, threads: 2 });
    const results = await executable.run({
      x: Float32Array.of(1, 2, 3, 4, 5, 6),
      table: new Float32Array(9).fill(0.1),
      labels: Int32Array.of(0, 2),
      weights: new Float32Array(2),
    });
    await executable.release();
    expect(results.loss!.data[0]).toBe(0);
    expect([...results.gradient!.data].map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('does not mistake tied logits for a right answer', async () => {
    const program = createProgram('ties');
    const x = input(program, 'x', 'float32', [2, 3]);
    const labels = input(program, 'labels', 'int32', [2]);
    const weights = input(program, 'weights', 'float32', [2]);
    output(program, 'predictions', crossEntropy(x, labels, weights).predictions);
    const executable = await engine.compile(program, { device, threads: 2 });
    const results = await executable.run({
      x: new Float32Array(6),
      labels: Int32Array.of(2, 1),
      weights: new Float32Array(2).fill(1),
    });
    await executable.release();
    expect([...results.predictions!.data]).toEqual([0, 0]);
  });
});

describe('the lowering to ONNX', () => {
  it('never adds with ScatterND, which loses updates when indices repeat and several threads run', () => {
    const program = buildSelfCheckProgram();
    const table = gather(
      tanh(softmax(input(program, 'extra', 'float32', [4, 2]))),
      input(program, 'rows', 'int32', [3]),
    );
    const [scattered] = gradientsOf(sum(table), [program.inputs.get('extra')!]);
    output(program, 'scattered', scattered!);
    const outputs = new Map(program.outputs);
    program.gradients.forEach(({ parameter, dense, rows }) => {
      if (dense) outputs.set(parameter.name, dense);
      rows.forEach((row, index) => outputs.set(`${parameter.name}:${String(index)}`, row.rows));
    });
    const kinds = new Set(lowerToOnnx(program, outputs).nodes.map(({ opType }) => opType));
    expect(kinds).toContain('ScatterElements');
    expect(kinds).not.toContain('ScatterND');
  });

  it('transposes nothing in the gradients of products', () => {
    const program = buildSelfCheckProgram();
    const transposes = program.nodes.filter(({ op }) => op.name === 'transpose');
    // Splitting and merging heads: four forward and four backward. Time before the batch, of the states (both ways) and their mask.
    // Steps as columns (both ways), and as rows the three last states of the recurrences, two of which have a gradient.
    expect(transposes).toHaveLength(8 + 3 + 2 + 3 + 2);
  });

  it('gives every node a name of its own', () => {
    const program = buildSelfCheckProgram();
    const names = lowerToOnnx(program, program.outputs).nodes.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
