/**
 * The feed-forward sublayers of bert-mini, forward and backward: on all rows at once, and on slices of them that fit the
 * processor's cache (`tileRows`). It is where the default size of a slice comes from.
 */
import { fillNormal } from '../src/shared/random.ts';
import { adamWDefaults } from '../src/main/engines/optimizer.ts';
import { createOnnxRuntimeEngine } from '../src/main/engines/onnxruntime/engine.ts';
import type { Executable } from '../src/main/engines/engine.ts';
import {
  appendGradients,
  createProgram,
  gelu,
  input,
  multiply,
  output,
  sum,
  withScope,
} from '../src/main/graph/index.ts';
import { initialParameters } from '../src/main/nn/index.ts';
import { denseLayer, tileRows } from '../src/main/nn/layers.ts';
import type { Bench } from './lib/bench.ts';
import { roundTo, summariseTimes } from './lib/bench.ts';

const size = { layers: 4, rows: 4096, features: 256, inner: 1024 };
const mebibytes = [1, 2, 4, 8] as const;
const whole = Infinity;

async function compileLayers(bytesPerTile: number, threads: number): Promise<Executable> {
  const program = createProgram('feed-forward');
  let x = input(program, 'x', 'float32', [size.rows, size.features]);
  for (let layer = 0; layer < size.layers; layer++) {
    const compute = () =>
      tileRows(
        x,
        Float32Array.BYTES_PER_ELEMENT * size.inner,
        (rows) => denseLayer(gelu(denseLayer(rows, 'inner', size.inner)), 'outer', size.features),
        bytesPerTile,
      );
    x = withScope(program, `layer.${layer}`, compute);
  }
  const loss = sum(multiply(x, x));
  output(program, 'loss', loss);
  appendGradients(program, loss);
  const executable = await createOnnxRuntimeEngine().compile(program, { threads, optimizer: adamWDefaults });
  await executable.importState({ parameters: initialParameters(program, 1) });
  return executable;
}

export const bench: Bench = {
  summary: 'feed-forward layers on all rows at once, against slices of rows that fit the cache',
  async run(name, { steps, threads, progress }) {
    const x = new Float32Array(size.rows * size.features);
    fillNormal(x, 1);
    const variants = await Promise.all(
      [whole, ...mebibytes.map((count) => count * 2 ** 20)].map(async (bytesPerTile) => ({
        bytesPerTile,
        executable: await compileLayers(bytesPerTile, threads),
        times: [] as number[],
      })),
    );
    progress('measuring');
    // In turns, so that whatever else the machine does hits all alike. The first step of each pages its memory in.
    for (let step = 0; step <= steps; step++) {
      for (const { executable, times } of variants) {
        const begin = performance.now();
        await executable.step([{ x }], { learningRate: 0, seed: 0, step });
        if (step > 0) times.push(performance.now() - begin);
      }
    }
    const results = variants.map(({ bytesPerTile, times }) => ({
      mebibytesPerTile: bytesPerTile === whole ? null : bytesPerTile / 2 ** 20,
      ...summariseTimes(times),
    }));
    for (const { executable } of variants) await executable.release();
    const [untiled, ...tiled] = results;
    const best = Math.min(...tiled.map(({ milliseconds }) => milliseconds));
    return { name, ratio: roundTo((untiled?.milliseconds ?? NaN) / best, 3), threads, size, results };
  },
};
