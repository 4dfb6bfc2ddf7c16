/**
 * The sampler of tasks that compare passages: rows 2i and 2i + 1 of a batch are two passages of one document, and no two pairs
 * of a batch are of the same document where that can be had, so that every other row is a true negative. A training pair is a
 * function of (seed, its place), an evaluation pair of (split seed, its number).
 */
import { LabError } from '../../../shared/errors.ts';
import type { RandomStream } from '../../../shared/random.ts';
import { hash32, permutation, randomStream } from '../../../shared/random.ts';
import type { EvaluationSplit, Feeds, TaskSampler } from '../task.ts';
import type { CorpusSource } from './corpus-source.ts';
import type { DocumentPassages } from './document-passages.ts';
import { trainingOrder } from './example-order.ts';
import type { PretextSamplerSetup } from './pretext-sampler.ts';
import { purpose } from './purposes.ts';
import { createTokenBatch, writePaddingRow, writeSingle } from './token-batch.ts';

export interface PassageSamplerSetup extends Omit<PretextSamplerSetup, 'sources' | 'masking' | 'classes'> {
  readonly corpus: Pick<CorpusSource, 'tokens'>;
  readonly passages: Readonly<Record<'training' | EvaluationSplit, DocumentPassages>>;
  readonly masking: NonNullable<PretextSamplerSetup['masking']>;
}

/** Throws `LabError('bad-spec')` for a number of rows that are not pairs, or not enough of them to be compared. */
export function requirePairs(batchSize: number, type: string): void {
  if (batchSize >= 4 && batchSize % 2 === 0) return;
  throw new LabError(
    'bad-spec',
    `training.batchSize and evaluation.batchSize: ${type} compares pairs of passages with each other: give an even number of at least 4`,
  );
}

/** How often another document is drawn for a pair whose document is in the batch already. */
const attempts = 16;

/**
 * Feeds beside those of masked words: `weights` [batch], 0 for rows that only fill a batch up. Evaluation has whole pairs, at most
 * `evaluationExamples` rows of them.
 */
export function createPassageSampler(setup: PassageSamplerSetup): TaskSampler {
  const { corpus, passages, length, special, splitSeed, masking } = setup;
  const order = trainingOrder(passages.training.count);

  /** The other passage of a pair: any of the same document. */
  function partner(side: DocumentPassages, passage: number, stream: RandomStream): number {
    const { first, end } = side.passages(side.document(passage));
    const other = first + stream.integer(end - first - 1);
    return other < passage ? other : other + 1;
  }

  function trainingPairs(seed: number, step: number, count: number): Pair[] {
    const side = passages.training;
    const taken = new Set<number>();
    return Array.from({ length: count }, (_, row) => {
      const counter = step * count + row;
      const stream = randomStream(seed, purpose.trainingExample, counter);
      let passage = order(seed, counter);
      for (let attempt = 0; attempt < attempts && taken.has(side.document(passage)); attempt += 1) {
        passage = stream.integer(side.count);
      }
      taken.add(side.document(passage));
      return { passages: [passage, partner(side, passage, stream)], stream };
    });
  }

  /** Document after document in a fixed order, around and around, with other passages each time. */
  function evaluationPairs(split: EvaluationSplit, first: number, count: number): Pair[] {
    const side = passages[split];
    const permute = permutation(side.documentCount, hash32(splitSeed, purpose.evaluationChoice, side.documentCount));
    const end = Math.min(first + count, pairCount(split));
    return Array.from({ length: Math.max(0, end - first) }, (_, row) => {
      const stream = randomStream(splitSeed, purpose.evaluationExample, first + row);
      const own = side.passages(permute((first + row) % side.documentCount));
      const passage = own.first + stream.integer(own.end - own.first);
      return { passages: [passage, partner(side, passage, stream)], stream };
    });
  }

  function pairCount(split: EvaluationSplit): number {
    return Math.floor(Math.min(passages[split].count, setup.evaluationExamples) / 2);
  }

  function write(
    side: DocumentPassages,
    { mask, places }: PassageSamplerSetup['masking']['training'],
    pairs: readonly Pair[],
    rows: number,
  ): Feeds {
    const batch = createTokenBatch(rows, length, special);
    const [positions, labels] = [new Int32Array(rows * places), new Int32Array(rows * places)];
    const [maskedWeights, weights] = [new Float32Array(rows * places), new Float32Array(rows)];
    for (let row = 0; row < rows; row += 1) {
      const pair = pairs[row >> 1];
      if (!pair) {
        writePaddingRow(batch, row, special);
        continue;
      }
      const passage = pair.passages[row & 1]!;
      const used = writeSingle(batch, row, corpus.tokens(side.offset(passage), side.length(passage)), special);
      const part = <T extends Int32Array | Float32Array>(array: T, size: number): T =>
        array.subarray(row * size, (row + 1) * size) as T; // subarrays are of the same type
      mask(
        {
          tokens: part(batch.tokens, length),
          positions: part(positions, places),
          labels: part(labels, places),
          weights: part(maskedWeights, places),
        },
        used,
        pair.stream,
      );
      weights[row] = 1;
    }
    const { tokens, segments, mask: real } = batch;
    return { tokens, segments, mask: real, maskedPositions: positions, maskedLabels: labels, maskedWeights, weights };
  }

  const trainingBatch = (seed: number, step: number, batchSize: number): Feeds =>
    write(passages.training, masking.training, trainingPairs(seed, step, batchSize / 2), batchSize);

  return {
    input: { kind: 'tokens', length, vocabularySize: setup.vocabularySize },
    trainingExamples: passages.training.count,
    trainingBatch,
    evaluationBatchCount: (split, batchSize) => Math.ceil((2 * pairCount(split)) / batchSize),
    evaluationBatch: (split, index, batchSize) =>
      write(
        passages[split],
        masking.evaluation,
        evaluationPairs(split, (index * batchSize) / 2, batchSize / 2),
        batchSize,
      ),
    // A row alone is half a pair: the first passage of one.
    question: (split, index) =>
      write(passages[split], masking.evaluation, evaluationPairs(split, index % Math.max(1, pairCount(split)), 1), 1),
    preview(seed, count) {
      if (count === 0) return [];
      const feeds = trainingBatch(seed, 0, count + (count % 2));
      return Array.from({ length: count }, (_, row) => setup.describe(feeds, row));
    },
    close: () => setup.close(),
  };
}

interface Pair {
  readonly passages: readonly [number, number];
  readonly stream: RandomStream;
}
