/**
 * The sampler of the pretext tasks on text: rows of single sequences or of pairs, masked or not. A training example is a
 * function of (seed, number of the example since the beginning), an evaluation example of (split seed, its number), so
 * that batches depend on no state and the masks of an evaluation are always the same.
 */
import type { RandomStream } from '../../../shared/random.ts';
import { randomStream } from '../../../shared/random.ts';
import type { EvaluationSplit, Feeds, PreviewItem, TaskSampler } from '../task.ts';
import type { SpecialTokens } from './corpus-source.ts';
import { balancedLabel, evaluationChoice, trainingOrder } from './example-order.ts';
import type { Masker } from './masking.ts';
import { purpose } from './purposes.ts';
import type { TokenBatch } from './token-batch.ts';
import { createTokenBatch, writePaddingRow } from './token-batch.ts';

/** One kind of example over one side of a split. */
export interface ExampleSource {
  readonly count: number;
  /** Writes example `index` into a row of padding and returns the length used. Sources without labels ignore the label. */
  write(batch: TokenBatch, row: number, index: number, label: 0 | 1, stream: RandomStream): number;
}

/** How the examples of a batch are masked, and how many predictions each has at most. */
export interface MaskedPart {
  readonly mask: Masker;
  readonly places: number;
}

export interface PretextSamplerSetup {
  readonly sources: Readonly<Record<'training' | EvaluationSplit, ExampleSource>>;
  readonly length: number;
  readonly vocabularySize: number;
  readonly special: SpecialTokens;
  readonly splitSeed: number;
  readonly evaluationExamples: number;
  readonly masking?: { readonly training: MaskedPart; readonly evaluation: MaskedPart };
  /** Names of the two classes of a pair. */
  readonly classes?: readonly [string, string];
  readonly describe: (feeds: Feeds, row: number) => PreviewItem;
  readonly close: () => void;
}

/** The feeds of a batch while it is written. */
interface PretextBatch extends TokenBatch {
  readonly masked?: { readonly positions: Int32Array; readonly labels: Int32Array; readonly weights: Float32Array };
  readonly sentence?: { readonly labels: Int32Array; readonly weights: Float32Array };
}

export function createPretextSampler(setup: PretextSamplerSetup): TaskSampler {
  const { sources, length, special, splitSeed, masking, classes } = setup;
  const order = trainingOrder(sources.training.count);
  const chosen = {
    validation: evaluationChoice(sources.validation.count, setup.evaluationExamples, splitSeed),
    test: evaluationChoice(sources.test.count, setup.evaluationExamples, splitSeed),
  };

  function createBatch(batchSize: number, masked: MaskedPart | undefined): PretextBatch {
    const places = batchSize * (masked?.places ?? 0);
    return {
      ...createTokenBatch(batchSize, length, special),
      ...(masked && {
        masked: {
          positions: new Int32Array(places),
          labels: new Int32Array(places),
          weights: new Float32Array(places),
        },
      }),
      ...(classes && { sentence: { labels: new Int32Array(batchSize), weights: new Float32Array(batchSize) } }),
    };
  }

  function write(
    batch: PretextBatch,
    row: number,
    source: ExampleSource,
    masked: MaskedPart | undefined,
    index: number,
    label: 0 | 1,
    stream: RandomStream,
  ): void {
    const used = source.write(batch, row, index, label, stream);
    if (batch.sentence) {
      batch.sentence.labels[row] = label;
      batch.sentence.weights[row] = 1;
    }
    if (masked && batch.masked) {
      const { mask, places } = masked;
      const { positions, labels, weights } = batch.masked;
      const example = {
        tokens: batch.tokens.subarray(row * length, (row + 1) * length),
        positions: positions.subarray(row * places, (row + 1) * places),
        labels: labels.subarray(row * places, (row + 1) * places),
        weights: weights.subarray(row * places, (row + 1) * places),
      };
      mask(example, used, stream);
    }
  }

  function trainingBatch(seed: number, step: number, batchSize: number): Feeds {
    const batch = createBatch(batchSize, masking?.training);
    for (let row = 0; row < batchSize; row += 1) {
      const counter = step * batchSize + row;
      const stream = randomStream(seed, purpose.trainingExample, counter);
      const label = balancedLabel(seed, counter);
      write(batch, row, sources.training, masking?.training, order(seed, counter), label, stream);
    }
    return feedsOf(batch);
  }

  return {
    input: { kind: 'tokens', length, vocabularySize: setup.vocabularySize },
    ...(classes && { classes }),
    trainingExamples: sources.training.count,
    trainingBatch,
    evaluationBatchCount: (split, batchSize) => Math.ceil(chosen[split].length / batchSize),
    evaluationBatch(split, index, batchSize) {
      const batch = createBatch(batchSize, masking?.evaluation);
      for (let row = 0; row < batchSize; row += 1) {
        const counter = index * batchSize + row;
        const example = chosen[split][counter];
        if (example === undefined) {
          writePaddingRow(batch, row, special);
          continue;
        }
        const stream = randomStream(splitSeed, purpose.evaluationExample, counter);
        const label = balancedLabel(splitSeed, counter);
        write(batch, row, sources[split], masking?.evaluation, example, label, stream);
      }
      return feedsOf(batch);
    },
    preview(seed, count) {
      if (count === 0) return [];
      const feeds = trainingBatch(seed, 0, count);
      return Array.from({ length: count }, (_, row) => setup.describe(feeds, row));
    },
    close: () => setup.close(),
  };
}

function feedsOf({ tokens, segments, mask, masked, sentence }: PretextBatch): Feeds {
  return {
    tokens,
    segments,
    mask,
    ...(masked && { maskedPositions: masked.positions, maskedLabels: masked.labels, maskedWeights: masked.weights }),
    ...(sentence && { labels: sentence.labels, weights: sentence.weights }),
  };
}
