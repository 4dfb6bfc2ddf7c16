/** UMAP (L. McInnes, J. Healy, J. Melville, 2018) by umap-js, with random numbers of ours, so that a projection can be repeated. */
import { setImmediate } from 'node:timers/promises';
import { UMAP } from 'umap-js';
import { LabError } from '../../shared/errors.ts';
import { randomStream } from '../../shared/random.ts';

const neighbours = 15;

/** Two coordinates for each vector. */
export async function projectNeighbours(
  vectors: readonly Float64Array[],
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void,
): Promise<number[][]> {
  const stream = randomStream(0, 0x03a9);
  const umap = new UMAP({
    nComponents: 2,
    nNeighbors: Math.min(neighbours, vectors.length - 1),
    random: () => stream.uniform(),
  });
  const epochs = umap.initializeFit(vectors.map((vector) => Array.from(vector)));
  for (let epoch = 0; epoch < epochs; epoch++) {
    umap.step();
    if (epoch % 10 !== 0) continue;
    onProgress(epoch, epochs);
    await setImmediate();
    if (signal.aborted) throw new LabError('aborted', 'Cancelled');
  }
  return umap.getEmbedding();
}
