/** A graph model of TensorFlow.js from a folder: as its reader for addresses does it, without the addresses. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { GraphModel } from '@tensorflow/tfjs-converter';
import { loadGraphModel } from '@tensorflow/tfjs-converter';

export async function loadGraphModelFrom(folder: string): Promise<GraphModel> {
  await tf.setBackend('cpu');
  const model = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as tf.io.ModelJSON; // written as one
  const artifacts = await tf.io.getModelArtifactsForJSON(model, async (manifest) => {
    const [group] = manifest;
    const shards = await Promise.all((group?.paths ?? []).map((path) => readFile(join(folder, path))));
    return [group?.weights ?? [], Uint8Array.from(Buffer.concat(shards)).buffer];
  });
  return loadGraphModel(tf.io.fromMemory(artifacts));
}
