/** The loss of several labels at once: a binary cross-entropy for each. */
import type { Value } from '../../graph/index.ts';
import {
  add,
  constant,
  divide,
  maximum,
  multiply,
  negate,
  reshape,
  scale,
  sizeAt,
  softplus,
  subtract,
  sum,
} from '../../graph/index.ts';

/**
 * Mean over the labels of the examples that count, in nats, as PyTorch's BCEWithLogitsLoss: from logits, so that nothing overflows.
 * @param logits [batch, labels]
 * @param truth the same: 1 where an example has the label
 * @param weights [batch]; 0 for padding
 * @param positiveWeights how much more a label counts where it is there, one for each (PyTorch's pos_weight); 1 without them
 */
export function binaryCrossEntropy(
  logits: Value,
  truth: Value,
  weights: Value,
  positiveWeights?: readonly number[],
): Value {
  const { program } = logits;
  const labels = sizeAt(logits.shape, 1);
  // −log σ(x) = softplus(−x) where the label is there, −log(1 − σ(x)) = softplus(x) where it is not.
  const there = multiply(truth, softplus(negate(logits)));
  const absent = multiply(subtract(constant(program, 1), truth), softplus(logits));
  const weighted = positiveWeights
    ? multiply(there, constant(program, Float32Array.from(positiveWeights), [1, labels]))
    : there;
  const losses = multiply(add(weighted, absent), reshape(weights, [-1, 1]));
  return divide(sum(losses), scale(maximum(sum(weights), constant(program, 1)), labels));
}
