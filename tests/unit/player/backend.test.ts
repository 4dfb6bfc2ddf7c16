// The program of demo pages on WebAssembly: every network answers as in the lab, also where the binary lacks a kernel.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createExecutable } from '../../../src/main/engines/tensorflow/executable.ts';
import { createParameterStore } from '../../../src/main/engines/tensorflow/parameter-store.ts';
import { exportProgram } from '../../../src/main/runs/export/network-graph.ts';
import { startBackend } from '../../../src/player/backend.ts';
import {
  labOutputs,
  largestDifference,
  otherNetworks,
  randomFeeds,
  randomWeights,
  textNetworks,
} from '../runs/export/networks.ts';

beforeAll(async () => {
  const file = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');
  expect(await startBackend(await readFile(file))).toBe('wasm');
});

describe.each([...textNetworks, ...otherNetworks])('$name', ({ model }) => {
  it('answers on WebAssembly as in the lab', async () => {
    const weights = randomWeights(model);
    const feeds = randomFeeds(model, 1, () => 9);
    const expected = await labOutputs(model, weights, 1, feeds);
    const program = exportProgram({ ...model, everyPosition: true }, 1);
    const store = createParameterStore(tf, program, {});
    const device = { device: 'javascript', description: 'a test', available: true };
    const executable = createExecutable(tf, program, store, device);
    await executable.importState({ parameters: weights });
    const before = tf.memory().numTensors;
    const outputs = await executable.run(feeds);
    for (const [name, { data }] of Object.entries(expected)) {
      expect(largestDifference(outputs[name]?.data ?? [], data)).toBeLessThan(2e-5);
    }
    expect(tf.memory().numTensors).toBe(before);
    await executable.release();
  });
});

it('computes in JavaScript where there is no binary', async () => {
  expect(await startBackend(undefined)).toBe('cpu');
  expect(tf.getBackend()).toBe('cpu');
});
