// Exported networks run in ONNX Runtime with any number of examples and any length, and give what the lab computes.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { quantiseWeights } from '../../../../src/main/formats/onnx/quantise.ts';
import { writeOnnx } from '../../../../src/main/formats/onnx/write.ts';
import { networkGraph } from '../../../../src/main/runs/export/network-graph.ts';
import type { Network, Outputs } from './networks.ts';
import {
  compareOutputs,
  labOutputs,
  largestDifference,
  otherNetworks,
  portNames,
  randomFeeds,
  randomWeights,
  textNetworks,
} from './networks.ts';

async function runExported(
  session: InferenceSession,
  { model }: Network,
  batch: number,
  feeds: Readonly<Record<string, Int32Array | Float32Array>>,
  length?: number,
): Promise<Outputs> {
  const { input } = model.facts;
  const given = Object.entries(portNames).flatMap(([own, name]): [string, Tensor][] => {
    const data = feeds[own];
    if (!data || !session.inputNames.includes(name)) return [];
    if (input.kind === 'image') {
      const shape = [-1, input.channels, input.height, input.width];
      shape[0] = data.length / (input.channels * input.height * input.width);
      return [[name, new Tensor('float32', data as Float32Array, shape)]]; // images are numbers
    }
    if (own === 'frames' && input.kind === 'frames') {
      return [[name, new Tensor('float32', data as Float32Array, [batch, input.length, input.features])]]; // so are frames
    }
    const kept = length ?? input.length;
    const cut = Array.from({ length: batch * kept }, (_, place) => {
      const row = Math.floor(place / kept);
      return BigInt(data[row * input.length + (place % kept)]!);
    });
    return [[name, new Tensor('int64', BigInt64Array.from(cut), [batch, kept])]];
  });
  const answered = await session.run(Object.fromEntries(given));
  return Object.fromEntries(
    Object.entries(answered).map(([name, { dims, data }]) => [name, { shape: dims, data: data as Float32Array }]), // all outputs are numbers
  );
}

describe.each([...textNetworks, ...otherNetworks])('$name', (network) => {
  const { model, sizes } = network;

  it('is the same network with any number of examples, at any length', async () => {
    const weights = randomWeights(model);
    const { graph, symbolicSizes } = networkGraph({ model, weights });
    expect(symbolicSizes).toEqual(sizes);
    expect(graph.nodes.filter(({ domain }) => domain !== '')).toEqual([]);
    const session = await InferenceSession.create(writeOnnx(graph), { intraOpNumThreads: 1 });
    for (const batch of sizes.includes('batch') ? [1, 2, 7] : [1]) {
      const used = (row: number): number => 5 + ((3 * row) % 12);
      const feeds = randomFeeds(model, batch, used);
      const expected = await labOutputs(model, weights, batch, feeds);
      expect(compareOutputs(await runExported(session, network, batch, feeds), expected, undefined)).toBeLessThan(2e-5);
      if (!sizes.includes('length')) continue;
      const longest = Math.max(...Array.from({ length: batch }, (_, row) => used(row)));
      const short = await runExported(session, network, batch, feeds, longest);
      expect(compareOutputs(short, expected, longest)).toBeLessThan(2e-5);
    }
    await session.release();
  });
});

describe('weights as 8-bit integers', () => {
  it.each([...textNetworks.slice(0, 4), ...otherNetworks.slice(0, 1)])(
    'compute what the rounded weights of $name do',
    async (network) => {
      const { model } = network;
      const weights = randomWeights(model);
      const whole = networkGraph({ model, weights });
      const { graph, rounded } = quantiseWeights(whole.graph);
      expect(rounded.size).toBeGreaterThan(2);
      const bytes = writeOnnx(graph);
      expect(bytes.length).toBeLessThan(writeOnnx(whole.graph).length);
      const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
      const replaced = new Map(
        [...weights].map(([name, tensor]) => [name, { ...tensor, data: rounded.get(name) ?? tensor.data }]),
      );
      for (const [name, values] of rounded) {
        // Half a step of the largest scale, and no weight further off.
        expect(largestDifference(values, weights.get(name)?.data ?? [])).toBeLessThan(
          Math.max(...Array.from(values, Math.abs)) / 127,
        );
      }
      const feeds = randomFeeds(model, 3, () => 9);
      const actual = await runExported(session, network, 3, feeds);
      expect(compareOutputs(actual, await labOutputs(model, replaced, 3, feeds), undefined)).toBeLessThan(2e-5);
      await session.release();
    },
  );
});
