/** The TensorFlow engine where no native package is installed: what it says, what it refuses, and that it leaks nothing. */
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { defineRemovedUtilities } from '../../../src/main/engines/tensorflow/backend.ts';
import { createTensorFlowEngine } from '../../../src/main/engines/tensorflow/engine.ts';
import {
  appendGradients,
  createProgram,
  dropout,
  gather,
  input,
  output,
  parameter,
  split,
  sum,
  tanh,
} from '../../../src/main/graph/index.ts';
import type { Program } from '../../../src/main/graph/index.ts';
import type { TensorFlow } from '../../../src/main/graph/op.ts';

function smallProgram(): Program {
  const program = createProgram('small');
  const table = parameter(program, 'table', [4, 6], { initialiser: { type: 'zeros' } });
  const rows = gather(table, input(program, 'indices', 'int32', [3]));
  const [left] = split(dropout(tanh(rows), 0.5), 1, [2, 4]);
  const loss = sum(left!);
  output(program, 'loss', loss);
  output(program, 'table', table);
  appendGradients(program, loss);
  return program;
}

describe('the TensorFlow engine', () => {
  it('offers plain JavaScript only when asked for it', async () => {
    const { devices } = await createTensorFlowEngine().probe();
    expect(devices.map(({ device }) => device)).toEqual(['cuda', 'cpu']);
    const offered = await createTensorFlowEngine({ offerJavaScript: true }).probe();
    expect(offered.devices.at(-1)).toMatchObject({ device: 'javascript', available: true });
    expect(offered.version).toMatch(/^4\./);
  });

  it('never falls back to it: without a native package it says what to install', async () => {
    const engine = createTensorFlowEngine();
    const { devices } = await engine.probe();
    // On a machine that has a native package there is nothing to refuse.
    if (devices.some(({ available }) => available)) return;
    for (const { reason } of devices) expect(reason).toContain('npm install @tensorflow/tfjs-node');
    await expect(engine.compile(smallProgram())).rejects.toMatchObject({
      code: 'engine-unavailable',
      message: expect.stringContaining('npm install @tensorflow/tfjs-node-gpu'),
    });
    await expect(engine.compile(smallProgram(), { device: 'javascript' })).rejects.toMatchObject({
      code: 'engine-unavailable',
    });
  });

  it('gives back every tensor: none more after steps, inference, a failure and release', async () => {
    const engine = createTensorFlowEngine({ offerJavaScript: true });
    const tf = createRequire(import.meta.url)('@tensorflow/tfjs-core') as TensorFlow;
    const before = tf.memory().numTensors;
    const executable = await engine.compile(smallProgram(), {
      device: 'javascript',
      optimizer: { type: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0, clipNorm: 1 },
    });
    const feeds = { indices: Int32Array.of(3, 0, 3) };
    const step = (index: number) => executable.step([feeds, feeds], { learningRate: 0.1, seed: 1, step: index });
    await step(0); // uploads the dropout pool
    const afterFirst = tf.memory().numTensors;
    for (let index = 1; index < 4; index++) await step(index);
    await executable.run(feeds);
    await executable.gradients(feeds);
    await executable.exportState();
    await expect(executable.run({ indices: Int32Array.of(9, 0, 0) })).rejects.toMatchObject({ code: 'engine-failed' });
    expect(tf.memory().numTensors).toBe(afterFirst);
    await executable.release();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('answers with copies: changing them changes no weight', async () => {
    const engine = createTensorFlowEngine({ offerJavaScript: true });
    const executable = await engine.compile(smallProgram(), { device: 'javascript' });
    const feeds = { indices: Int32Array.of(3, 0, 3) };
    (await executable.run(feeds)).table!.data.fill(5);
    (await executable.exportState()).parameters.get('table')!.data.fill(5);
    expect((await executable.run(feeds)).table!.data).toEqual(new Float32Array(24));
    await executable.release();
  });
});

describe('what Node 23 removed from node:util', () => {
  it('is put back, with its old meaning, where it is missing', () => {
    const kept = (): boolean => true;
    const target: Record<string, unknown> = { isArray: kept };
    defineRemovedUtilities(target);
    const test = (name: string, value: unknown): unknown => (target[name] as (value: unknown) => boolean)(value);
    expect(target.isArray).toBe(kept);
    expect([null, undefined, 0, ''].map((value) => test('isNullOrUndefined', value))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([{}, null, 'x'].map((value) => test('isObject', value))).toEqual([true, false, false]);
    expect(['x', 1, () => 1, true].map((value) => test('isString', value))).toEqual([true, false, false, false]);
    expect(['x', 1, () => 1, true].map((value) => test('isFunction', value))).toEqual([false, false, true, false]);
  });
});
