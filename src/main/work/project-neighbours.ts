/** UMAP (L. McInnes, J. Healy, J. Melville, 2018) by umap-js, with random numbers of ours, so that a projection can be repeated. */
import { setImmediate } from 'node:timers/promises';
import { UMAP } from 'umap-js';
import { LabError } from '../../shared/errors.ts';
import { randomStream } from '../../shared/random.ts';

const neighbours = 15;
/** From the first two components on, rather than from noise, the picture has settled by then. */
const epochs = 100;
/** How far the points lie apart at the beginning, and what parts copies of one vector. */
const [reach, jitter] = [10, 1e-4];
/** Rows of distances between two looks at whether to go on. */
const rowsTogether = 200;

/**
 * Two coordinates for each vector.
 *
 * @param vectors along their principal components, which the projection begins with
 */
export async function projectNeighbours(
  vectors: readonly Float64Array[],
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void,
): Promise<number[][]> {
  const stream = randomStream(0, 0x03a9);
  const count = Math.min(neighbours, vectors.length - 1);
  const umap = new UMAP({ nComponents: 2, nNeighbors: count, nEpochs: epochs, random: () => stream.uniform() });
  const { indices, distances } = await nearestNeighbours(vectors, count, signal);
  umap.setPrecomputedKNN(indices, distances);
  const total = umap.initializeFit(vectors.map((vector) => Array.from(vector)));
  const widest = vectors.reduce((most, [x = 0, y = 0]) => Math.max(most, Math.abs(x), Math.abs(y)), 0) || 1;
  for (const [row, place] of umap.getEmbedding().entries()) {
    // The optimiser goes on from this very array.
    for (const axis of [0, 1]) place[axis] = (reach * (vectors[row]![axis] ?? 0)) / widest + jitter * stream.normal();
  }
  for (let epoch = 0; epoch < total; epoch++) {
    umap.step();
    if (epoch % 10 !== 0) continue;
    onProgress(epoch, total);
    await setImmediate();
    if (signal.aborted) throw new LabError('aborted', 'Cancelled');
  }
  return umap.getEmbedding();
}

/**
 * The nearest of all vectors to each, itself included and first, by Euclidean distance: exactly, since for the few thousand that are
 * shown that takes less time than to approximate it.
 */
export async function nearestNeighbours(
  vectors: readonly Float64Array[],
  count: number,
  signal: AbortSignal,
): Promise<{ readonly indices: number[][]; readonly distances: number[][] }> {
  const indices: number[][] = [];
  const distances: number[][] = [];
  for (const [row, vector] of vectors.entries()) {
    if (row % rowsTogether === 0) {
      await setImmediate();
      if (signal.aborted) throw new LabError('aborted', 'Cancelled');
    }
    const { places, squares } = nearestTo(vector, vectors, count, row);
    indices.push(places);
    distances.push(squares.map(Math.sqrt));
  }
  return { indices, distances };
}

/** By insertion into a short sorted list; of copies of a vector, it itself comes first. */
function nearestTo(
  vector: Float64Array,
  vectors: readonly Float64Array[],
  count: number,
  own: number,
): { readonly places: number[]; readonly squares: number[] } {
  const places = [own];
  const squares = [0];
  for (let other = 0; other < vectors.length; other++) {
    if (other === own) continue;
    const limit = squares.length < count ? Infinity : squares.at(-1)!;
    const square = squaredDistance(vector, vectors[other]!, limit);
    if (square >= limit) continue;
    let at = squares.length;
    while (at > 1 && squares[at - 1]! > square) at -= 1;
    squares.splice(at, 0, square);
    places.splice(at, 0, other);
    if (squares.length > count) {
      squares.pop();
      places.pop();
    }
  }
  return { places, squares };
}

/** Anything from the limit on where it is reached on the way. */
function squaredDistance(a: Float64Array, b: Float64Array, limit: number): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) {
    const difference = a[index]! - b[index]!;
    sum += difference * difference;
    if (sum >= limit) return sum;
  }
  return sum;
}
