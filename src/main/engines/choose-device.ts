/** The fastest device of an engine, by a few steps of a dense network. */
import {
  appendGradients,
  createProgram,
  dense,
  input,
  mean,
  multiply,
  output,
  parameter,
  relu,
} from '../graph/index.ts';
import type { Program } from '../graph/index.ts';
import type { Engine } from './engine.ts';
import { adamWDefaults } from './optimizer.ts';
import { selfCheck } from './self-check.ts';

const [rows, features, layers] = [512, 512, 4];
/** The first step allocates, and does not count. */
const steps = 4;

/** Devices that are missing, fail or compute wrongly take no part; the processor is left where nothing else is. */
export async function fastestDevice(engine: Engine): Promise<string> {
  const available = (await engine.probe()).devices.filter((device) => device.available).map(({ device }) => device);
  if (available.length < 2) return available[0] ?? 'cpu';
  const seconds = new Map<string, number>();
  for (const device of available) {
    try {
      const { passed } = await selfCheck(engine, { device });
      if (passed) seconds.set(device, await fastestStep(engine, device));
    } catch {
      // it takes no part; `pretext doctor` says why
    }
  }
  const [fastest] = [...seconds].toSorted(([, a], [, b]) => a - b);
  return fastest?.[0] ?? 'cpu';
}

async function fastestStep(engine: Engine, device: string): Promise<number> {
  await using executable = await engine.compile(denseProgram(), { device, optimizer: adamWDefaults });
  const x = new Float32Array(rows * features).fill(0.1);
  let fastest = Infinity;
  for (let step = 0; step < steps; step++) {
    const started = performance.now();
    await executable.step([{ x }], { learningRate: 0, seed: 0, step });
    if (step > 0) fastest = Math.min(fastest, performance.now() - started);
  }
  return fastest;
}

function denseProgram(): Program {
  const program = createProgram('dense');
  let value = input(program, 'x', 'float32', [rows, features]);
  for (let layer = 0; layer < layers; layer++) {
    const weight = parameter(program, `weight.${String(layer)}`, [features, features], {
      initialiser: { type: 'zeros' },
    });
    value = relu(dense(value, weight));
  }
  const loss = mean(multiply(value, value));
  output(program, 'loss', loss);
  appendGradients(program, loss);
  return program;
}
