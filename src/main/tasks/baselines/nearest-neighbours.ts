/**
 * Classification by the nearest labelled examples, of raw pixels or of a network's embeddings: a measure of representations
 * that has nothing to train. The weighted vote is the one of Z. Wu, Y. Xiong, S. Yu, D. Lin, "Unsupervised feature learning via
 * non-parametric instance discrimination", CVPR 2018, which evaluations of self-supervised networks use since.
 */
import { runCooperatively } from './cooperative.ts';
import type { DenseFeatures } from './features.ts';

export interface NeighbourOptions {
  /** Number of neighbours that vote; all of them if there are fewer. */
  readonly neighbours?: number;
  readonly metric?: 'cosine' | 'euclidean';
  /** `similarity`: votes weigh e^(cosine / temperature), or 1 / distance for Euclidean distances. */
  readonly vote?: 'uniform' | 'similarity';
  readonly temperature?: number;
  readonly signal?: AbortSignal;
}

export interface Neighbours {
  /** Neighbours of each query. */
  readonly count: number;
  /** Row-major [queries, count]: the rows of the references, nearest first; of equally near ones, the lower row first. */
  readonly indices: Int32Array;
  /** Row-major [queries, count]: cosines, or negative squared distances. */
  readonly similarities: Float64Array;
}

/** Rows of a block: 64 rows of 512 float32 are 128 KiB, which a second-level cache holds while a block of queries passes. */
const BLOCK = 64;

/** Finds the nearest references of every query, block by block; yields after every block. */
function* searchNeighbours(
  references: DenseFeatures,
  queries: DenseFeatures,
  wanted: number,
  metric: 'cosine' | 'euclidean',
): Generator<undefined, Neighbours> {
  if (references.columns !== queries.columns || references.rows === 0) {
    throw new RangeError(
      `${queries.rows} × ${queries.columns} queries cannot be compared to ${references.rows} × ${references.columns} references.`,
    );
  }
  const count = Math.min(wanted, references.rows);
  const indices = new Int32Array(queries.rows * count).fill(-1);
  const similarities = new Float64Array(queries.rows * count).fill(Number.NEGATIVE_INFINITY);
  const referenceSquares = rowSquares(references);
  const querySquares = rowSquares(queries);
  const products = new Float64Array(BLOCK * BLOCK);
  for (let queryStart = 0; queryStart < queries.rows; queryStart += BLOCK) {
    const queryEnd = Math.min(queryStart + BLOCK, queries.rows);
    for (let start = 0; start < references.rows; start += BLOCK) {
      const end = Math.min(start + BLOCK, references.rows);
      multiplyBlock(queries, queryStart, queryEnd, references, start, end, products);
      for (let query = queryStart; query < queryEnd; query += 1) {
        const querySquare = querySquares[query]!;
        for (let reference = start; reference < end; reference += 1) {
          const product = products[(query - queryStart) * BLOCK + reference - start]!;
          const square = referenceSquares[reference]!;
          const similarity =
            metric === 'cosine'
              ? product / Math.max(Math.sqrt(querySquare * square), 1e-30)
              : -Math.max(0, querySquare + square - 2 * product);
          insert(indices, similarities, query * count, count, reference, similarity);
        }
      }
      yield;
    }
  }
  return { count, indices, similarities };
}

function rowSquares(features: DenseFeatures): Float64Array {
  const { columns, values } = features;
  return Float64Array.from({ length: features.rows }, (_, row) => {
    let sum = 0;
    for (let position = row * columns; position < (row + 1) * columns; position += 1) sum += values[position]! ** 2;
    return sum;
  });
}

/** The products of a block of queries and a block of references, two of each at a time: every loaded number is used twice. */
function multiplyBlock(
  queries: DenseFeatures,
  queryStart: number,
  queryEnd: number,
  references: DenseFeatures,
  start: number,
  end: number,
  products: Float64Array,
): void {
  const { columns } = queries;
  const a = queries.values;
  const b = references.values;
  for (let query = queryStart; query < queryEnd; query += 2) {
    const a0 = query * columns;
    const a1 = query + 1 < queryEnd ? a0 + columns : a0;
    const target0 = (query - queryStart) * BLOCK - start;
    const target1 = a1 === a0 ? target0 : target0 + BLOCK;
    for (let reference = start; reference < end; reference += 2) {
      const b0 = reference * columns;
      const b1 = reference + 1 < end ? b0 + columns : b0;
      const second = b1 === b0 ? reference : reference + 1;
      let sum00 = 0;
      let sum01 = 0;
      let sum10 = 0;
      let sum11 = 0;
      for (let column = 0; column < columns; column += 1) {
        const x0 = a[a0 + column]!;
        const x1 = a[a1 + column]!;
        const y0 = b[b0 + column]!;
        const y1 = b[b1 + column]!;
        sum00 += x0 * y0;
        sum01 += x0 * y1;
        sum10 += x1 * y0;
        sum11 += x1 * y1;
      }
      // Where a block has an odd side, the doubled row or column writes the same number twice.
      products[target0 + reference] = sum00;
      products[target0 + second] = sum01;
      products[target1 + reference] = sum10;
      products[target1 + second] = sum11;
    }
  }
}

/** Keeps the list at `start` … sorted; a newcomer that is only as near as the last one stays out. */
function insert(
  indices: Int32Array,
  similarities: Float64Array,
  start: number,
  count: number,
  index: number,
  similarity: number,
): void {
  let position = start + count - 1;
  if (!(similarity > similarities[position]!)) return;
  while (position > start && similarity > similarities[position - 1]!) {
    similarities[position] = similarities[position - 1]!;
    indices[position] = indices[position - 1]!;
    position -= 1;
  }
  similarities[position] = similarity;
  indices[position] = index;
}

/**
 * The nearest references of every query.
 * @throws RangeError for features of different size or without references; LabError 'aborted' when the signal fires.
 */
export async function findNeighbours(
  references: DenseFeatures,
  queries: DenseFeatures,
  options: Pick<NeighbourOptions, 'neighbours' | 'metric' | 'signal'> = {},
): Promise<Neighbours> {
  const { neighbours = 20, metric = 'cosine', signal } = options;
  return runCooperatively(searchNeighbours(references, queries, neighbours, metric), signal);
}

/**
 * Class probabilities of the queries by the votes of their nearest references, row-major [queries, classes].
 * @param labels class indices of the references
 */
export async function neighbourProbabilities(
  references: DenseFeatures,
  labels: ArrayLike<number>,
  queries: DenseFeatures,
  classCount: number,
  options: NeighbourOptions = {},
): Promise<Float64Array> {
  const { metric = 'cosine', vote = 'similarity', temperature = 0.07 } = options;
  if (labels.length !== references.rows) {
    throw new RangeError(`${labels.length} labels for ${references.rows} examples.`);
  }
  const { count, indices, similarities } = await findNeighbours(references, queries, options);
  const probabilities = new Float64Array(queries.rows * classCount);
  for (let query = 0; query < queries.rows; query += 1) {
    const nearest = similarities[query * count]!;
    let total = 0;
    for (let position = query * count; position < (query + 1) * count; position += 1) {
      const weight = vote === 'uniform' ? 1 : voteWeight(metric, similarities[position]!, nearest, temperature);
      probabilities[query * classCount + labels[indices[position]!]!]! += weight;
      total += weight;
    }
    for (let label = 0; label < classCount; label += 1) probabilities[query * classCount + label]! /= total;
  }
  return probabilities;
}

/** Up to a common factor, which cancels in the shares: relative to the nearest, so that nothing overflows. */
function voteWeight(metric: 'cosine' | 'euclidean', similarity: number, nearest: number, temperature: number): number {
  if (metric === 'cosine') return Math.exp((similarity - nearest) / temperature);
  // References at distance zero take all, as 1 / distance does in the limit.
  if (nearest === 0) return similarity === 0 ? 1 : 0;
  return Math.sqrt(nearest / similarity);
}
