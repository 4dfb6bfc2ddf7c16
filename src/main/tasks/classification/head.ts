/** The head of tasks with classes: what a network makes of an example, through one dense layer to the classes. */
import type { Value } from '../../graph/index.ts';
import { crossEntropy, input, output, withScope } from '../../graph/index.ts';
import type { BuildContext } from '../../nn/block.ts';
import { denseLayer, dropoutLayer } from '../../nn/layers.ts';

export interface ClassHead {
  /** The name that its weights have below `head`. */
  readonly scope: string;
  readonly classCount: number;
  /** Of what the classes are read from, while training. */
  readonly dropout: number;
  readonly initialisation?: 'glorot';
  /** What stands for an example, [batch, features], built within the scope. */
  pooled(this: void): Value;
  /** A layer of the head's own between that and the classes. */
  hidden?(this: void, pooled: Value): Value;
}

/** Outputs `embeddings` [batch, features] in evaluation, and as `classLoss`. */
export function classHead(
  context: BuildContext,
  { scope, classCount, dropout, initialisation, pooled, hidden }: ClassHead,
): Value | undefined {
  const { program, mode } = context;
  return withScope(program, 'head', () =>
    withScope(program, scope, () => {
      const vector = pooled();
      if (mode === 'evaluation') output(program, 'embeddings', vector);
      const features = dropoutLayer(hidden?.(vector) ?? vector, dropout, mode);
      return classLoss(context, denseLayer(features, 'output', classCount, initialisation && { initialisation }));
    }),
  );
}

/**
 * The loss of class logits [batch, classes]: reads `labels` and `weights` [batch], outputs `logits` outside training.
 * Prediction has no loss.
 */
export function classLoss({ program, mode, batchSize }: BuildContext, logits: Value): Value | undefined {
  if (mode !== 'training') output(program, 'logits', logits);
  if (mode === 'prediction') return undefined;
  const labels = input(program, 'labels', 'int32', [batchSize]);
  const weights = input(program, 'weights', 'float32', [batchSize]);
  return crossEntropy(logits, labels, weights).loss;
}
