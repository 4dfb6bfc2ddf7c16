// Graph models for TensorFlow.js: loaded by its own reader they compute what the lab does, for any number of examples and any length.
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { GraphModel } from '@tensorflow/tfjs-converter';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { beforeAll, describe, expect, it } from 'vitest';
import { packWeights, toTfjs } from '../../../src/main/formats/tfjs/graph-model.ts';
import { networkGraph } from '../../../src/main/runs/export/network-graph.ts';
import type { Network, Outputs } from '../runs/export/networks.ts';
import {
  compareOutputs,
  labOutputs,
  otherNetworks,
  portNames,
  randomFeeds,
  randomWeights,
  textNetworks,
} from '../runs/export/networks.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** As from a file, where everything is JSON. */
const reread = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value; // the same again

async function load({ model }: Network, weights: ReturnType<typeof randomWeights>): Promise<GraphModel> {
  const { topology, weights: packed } = toTfjs(networkGraph({ model, weights }).graph, 'a test');
  const { bytes, specs } = packWeights(packed);
  const weightData = Uint8Array.from(bytes).buffer;
  const artifacts = {
    ...reread(topology),
    weightSpecs: specs.map((spec) => ({ ...spec, shape: [...spec.shape] })),
    weightData,
  };
  return loadGraphModel(tf.io.fromMemory(artifacts));
}

async function run(
  loaded: GraphModel,
  { model }: Network,
  batch: number,
  feeds: Readonly<Record<string, Int32Array | Float32Array>>,
  length?: number,
): Promise<Outputs> {
  const { input } = model.facts;
  const names = new Set(loaded.inputs.map(({ name }) => name));
  const given: Record<string, Tensor> = {};
  for (const [own, name] of Object.entries(portNames)) {
    const data = feeds[own];
    if (!data || !names.has(name)) continue;
    if (input.kind === 'image') {
      given[name] = tf.tensor(data, [
        data.length / (input.channels * input.height * input.width),
        input.channels,
        input.height,
        input.width,
      ]);
    } else if (own === 'frames' && input.kind === 'frames') {
      given[name] = tf.tensor(data, [batch, input.length, input.features]);
    } else {
      const kept = length ?? input.length;
      const cut = Int32Array.from(
        { length: batch * kept },
        (_, place) => data[Math.floor(place / kept) * input.length + (place % kept)]!,
      );
      given[name] = tf.tensor(cut, [batch, kept], 'int32');
    }
  }
  const outputs = loaded.outputs.map(({ name }) => name);
  const answered = [loaded.execute(given, outputs)].flat(); // one name gives one tensor
  const read = await Promise.all(
    answered.map(
      async (tensor, index) => [outputs[index]!, { shape: tensor.shape, data: await tensor.data() }] as const,
    ),
  );
  tf.dispose([...answered, ...Object.values(given)]);
  return Object.fromEntries(read);
}

describe.each([...textNetworks, ...otherNetworks])('$name', (network) => {
  const { model, sizes } = network;

  it('is the same network in TensorFlow.js', async () => {
    const weights = randomWeights(model);
    const loaded = await load(network, weights);
    const batch = sizes.includes('batch') ? 2 : 1;
    const used = (row: number): number => 5 + 3 * row;
    const feeds = randomFeeds(model, batch, used);
    const expected = await labOutputs(model, weights, batch, feeds);
    expect(compareOutputs(await run(loaded, network, batch, feeds), expected, undefined)).toBeLessThan(2e-5);
    if (sizes.includes('length')) {
      const longest = used(batch - 1);
      expect(compareOutputs(await run(loaded, network, batch, feeds, longest), expected, longest)).toBeLessThan(2e-5);
    }
    loaded.dispose();
  });
});
