/**
 * The heads of the text tasks. Each lives under its own name in the scope `head`, so that a head trained with one task is
 * found again by another that has the same one.
 */
import { LabError } from '../../../shared/errors.ts';
import type { Value } from '../../graph/index.ts';
import {
  add,
  gelu,
  input,
  linearCrossEntropy,
  matmul,
  output,
  parameter,
  reshape,
  sizeAt,
  tanh,
  withScope,
} from '../../graph/index.ts';
import type { BuildContext } from '../../nn/block.ts';
import { poolSequence } from '../../nn/blocks/sequence-pooling.ts';
import { denseLayer, normalizationLayer } from '../../nn/layers.ts';
import type { Backbone } from '../../nn/pipeline.ts';
import { backboneOutput } from '../../nn/pipeline.ts';
import { atPositions, positionsAt } from '../../nn/positions.ts';
import { classLoss } from '../classification/head.ts';

/** What the heads of the references differ in. BERT and RoBERTa have biases everywhere, ModernBERT (B. Warner et al. 2024) at the output alone. */
const headStyles = {
  bert: { bias: true, epsilon: 1e-12 },
  roberta: { bias: true, epsilon: 1e-5 },
  modernbert: { bias: false, epsilon: 1e-5 },
} as const;

/**
 * Masked words (J. Devlin et al. 2018): dense + GELU + layer normalisation at the masked positions alone, then the
 * product with the token table where the pipeline has one (an output `table` [vocabulary, D]), or an own matrix.
 *
 * Reads `maskedPositions` [batch, places]; for the loss also `maskedLabels` and `maskedWeights` of the same shape. Evaluation
 * outputs `maskedPredictions` and `maskedLosses` [batch · places], prediction `maskedLogits` [batch, places, vocabulary]. Where
 * the context asks for every position it reads none of these and outputs `tokenLogits` [batch, length, vocabulary].
 * Returns the mean loss over the masked positions, which prediction has none of.
 */
export function maskedWordsHead(
  context: BuildContext,
  backbone: Backbone,
  places: number,
  task: string,
  style: keyof typeof headStyles,
): Value | undefined {
  const { program, mode, batchSize, input: kind } = context;
  if (kind.kind !== 'tokens') {
    throw new LabError('bad-spec', `${task} needs a pipeline that reads tokens, not ${kind.kind}`);
  }
  const sequence = backboneOutput(backbone, 'sequence', task);
  const features = sizeAt(sequence.shape, -1);
  const everyPosition = context.everyPosition === true && mode === 'prediction';
  const chosenRows = (): Value =>
    atPositions(sequence, positionsAt(input(program, 'maskedPositions', 'int32', [batchSize, places])));
  const chosen = reshape(everyPosition ? sequence : chosenRows(), [-1, features]);
  return withScope(program, 'head', () =>
    withScope(program, 'masked-words', () => {
      const table = backbone.outputs.table ?? ownTable(context, kind.vocabularySize, features);
      const [vocabularySize, width] = [sizeAt(table.shape, 0), sizeAt(table.shape, 1)];
      const { bias: hasBias, epsilon } = headStyles[style];
      const transformed = gelu(denseLayer(chosen, 'transform', width, { bias: hasBias }));
      const hidden = normalizationLayer(transformed, 'normalisation', { epsilon, bias: hasBias });
      const bias = parameter(program, 'bias', [vocabularySize], { initialiser: { type: 'zeros' } });
      if (mode === 'prediction') {
        const logits = add(matmul(hidden, table, { transposeB: true }), bias);
        const name = everyPosition ? 'tokenLogits' : 'maskedLogits';
        output(program, name, reshape(logits, [batchSize, -1, vocabularySize]));
        return undefined;
      }
      const labels = input(program, 'maskedLabels', 'int32', [batchSize, places]);
      const weights = input(program, 'maskedWeights', 'float32', [batchSize, places]);
      const flat = (value: Value): Value => reshape(value, [batchSize * places]);
      const { loss, losses, predictions } = linearCrossEntropy(hidden, table, flat(labels), flat(weights), { bias });
      if (mode === 'evaluation') {
        output(program, 'maskedLosses', losses);
        output(program, 'maskedPredictions', predictions);
      }
      return loss;
    }),
  );
}

function ownTable({ program }: BuildContext, vocabularySize: number, width: number): Value {
  return parameter(program, 'table', [vocabularySize, width], {
    initialiser: { type: 'truncated-normal', std: 0.02 },
  });
}

/**
 * A pair of sentences: the vector of [CLS] through dense + tanh (BERT's pooler) to two classes. Inputs and outputs as
 * `classesOf`.
 */
export function sentencePairHead(context: BuildContext, backbone: Backbone, task: string): Value | undefined {
  const first = poolSequence(backboneOutput(backbone, 'sequence', task), undefined, 'first');
  return withScope(context.program, 'head', () =>
    withScope(context.program, 'sentence-pair', () => {
      const pooled = tanh(denseLayer(first, 'pooler', sizeAt(first.shape, -1)));
      return classLoss(context, denseLayer(pooled, 'output', 2));
    }),
  );
}
