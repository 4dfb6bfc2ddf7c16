/**
 * Batches of a language model. With a carried state, the stream is cut into as many rows as the batch has, and each batch goes
 * on in every row where the one before ended (truncated back-propagation, Mikolov et al. 2010); every epoch begins at another
 * place. Without, windows come in random order. Either way a batch is a function of the seed and its number.
 */
import { LabError } from '../../../shared/errors.ts';
import { randomStream } from '../../../shared/random.ts';
import type { TextTokenizer } from '../../data/tokenizer/tokenizer.ts';
import type { EvaluationSplit, Feeds, PreviewItem, TaskSampler } from '../task.ts';
import { evaluationChoice, trainingOrder } from './example-order.ts';
import { purpose } from './purposes.ts';
import type { TokenStream } from './token-stream.ts';
import { showTokens } from './vocabulary.ts';

export interface NextWordSamplerSetup {
  readonly streams: Readonly<Record<'training' | EvaluationSplit, TokenStream>>;
  readonly tokenizer: TextTokenizer;
  /** Tokens of a window, each of which predicts the one after it. */
  readonly length: number;
  /** Of each evaluated window, the first tokens that are read and not scored. */
  readonly context: number;
  readonly isCarried: boolean;
  readonly splitSeed: number;
  readonly evaluationExamples: number;
  readonly close: () => void;
}

export function createNextWordSampler(setup: NextWordSamplerSetup): TaskSampler {
  const { streams, tokenizer, length, context, isCarried, splitSeed } = setup;
  const trainingExamples = Math.max(1, Math.floor((streams.training.length - 1) / length));
  const order = trainingOrder(trainingExamples);
  const stride = length - context;
  const windows = (split: EvaluationSplit): Uint32Array =>
    evaluationChoice(
      Math.max(0, Math.floor((streams[split].length - 1 - context) / stride)),
      setup.evaluationExamples,
      splitSeed,
    );
  const chosen = { validation: windows('validation'), test: windows('test') };

  /** Rows of windows; undefined stands for none. */
  function createBatch(stream: TokenStream, starts: readonly (number | undefined)[], unscored: number): Feeds {
    const size = starts.length * length;
    const tokens = new Int32Array(size);
    const nextLabels = new Int32Array(size);
    const nextWeights = new Float32Array(size);
    for (const [row, start] of starts.entries()) {
      if (start === undefined) continue;
      const read = stream.read(start, length + 1);
      tokens.set(read.subarray(0, length), row * length);
      nextLabels.set(read.subarray(1), row * length);
      nextWeights.fill(1, row * length + unscored, (row + 1) * length);
    }
    const mask = new Float32Array(size).fill(1);
    // Prediction asks what follows the window.
    const nextPosition = new Int32Array(starts.length).fill(length - 1);
    return { tokens, segments: new Int32Array(size), mask, nextLabels, nextWeights, nextPosition };
  }

  function carriedBatch(seed: number, step: number, batchSize: number): Feeds {
    const stream = streams.training;
    const row = Math.floor(stream.length / batchSize);
    const stepsInEpoch = Math.floor((row - 1) / length);
    if (stepsInEpoch < 1) {
      throw new LabError(
        'bad-input',
        `the corpus has ${stream.length} tokens for training; ${batchSize} rows of ${length} need ${batchSize * (length + 1)}. Take a smaller training.batchSize or task.length, or set task.state to reset`,
      );
    }
    const epoch = Math.floor(step / stepsInEpoch);
    const within = step - epoch * stepsInEpoch;
    const offset = Math.floor(randomStream(seed, purpose.streamOffset, epoch).uniform() * stream.length);
    const starts = Array.from({ length: batchSize }, (_, index) => offset + index * row + within * length);
    const carry = new Float32Array(batchSize).fill(within === 0 ? 0 : 1);
    return { ...createBatch(stream, starts, 0), carry };
  }

  function trainingBatch(seed: number, step: number, batchSize: number): Feeds {
    if (isCarried) return carriedBatch(seed, step, batchSize);
    const starts = Array.from({ length: batchSize }, (_, row) => order(seed, step * batchSize + row) * length);
    return createBatch(streams.training, starts, 0);
  }

  return {
    input: { kind: 'tokens', length, vocabularySize: tokenizer.vocabularySize },
    trainingExamples,
    trainingBatch,
    evaluationBatchCount: (split, batchSize) => Math.ceil(chosen[split].length / batchSize),
    evaluationBatch(split, index, batchSize) {
      const starts = Array.from({ length: batchSize }, (_, row) => {
        const window = chosen[split][index * batchSize + row];
        return window === undefined ? undefined : window * stride;
      });
      return createBatch(streams[split], starts, context);
    },
    preview(seed, count) {
      if (count === 0) return [];
      const { tokens, nextLabels } = trainingBatch(seed, 0, count);
      return Array.from({ length: count }, (_, row): PreviewItem => {
        const shown = showTokens(tokenizer, tokens!.subarray(row * length, (row + 1) * length));
        const last = showTokens(tokenizer, nextLabels!.subarray((row + 1) * length - 1, (row + 1) * length));
        return { kind: 'text', text: `Input: ${shown}\nNext: ${last}` };
      });
    },
    close: () => {
      setup.close();
    },
  };
}
