/**
 * Cross-entropy over class ids. The ops compute one loss for each example; weighting and averaging are ordinary
 * arithmetic on vectors, through which the examples' weights reach the gradient.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { LabError } from '../../../shared/errors.ts';
import type { OnnxEmitter } from '../onnx.ts';
import type { TensorFlow } from '../op.ts';
import { applyAll, at, defineOp, requireDtype, requireFloat } from '../op.ts';
import type { Value } from '../program.ts';
import { constant } from '../program.ts';
import { elementCount, sizeAt } from '../shape.ts';
import { reshape, sum, sumTo } from './broadcasting.ts';
import { pickByComparison } from './by-comparison.ts';
import { divide, maximum, multiply, negate, scale, shift, subtract } from './elementwise.ts';
import { addAt, gather } from './gather.ts';
import { matmul } from './matmul.ts';
import { argmax } from './reductions.ts';
import { tfjsPlaces } from './tfjs-places.ts';

export interface CrossEntropy {
  /** Weighted mean over the examples, a scalar. */
  readonly loss: Value;
  /** One for each example, unweighted: −log of the label's probability (unless labels are smoothed). */
  readonly losses: Value;
  /** The likeliest class of each example, int32; costs nothing where it is not used. */
  readonly predictions: Value;
}

/** Keeps a batch in which every weight is 0 from dividing by it: its loss is 0. */
const tiny = 1e-12;

function summarise(losses: Value, weights: Value, probabilities: Value): CrossEntropy {
  const total = maximum(sum(weights), constant(weights.program, tiny));
  return { loss: divide(sum(multiply(losses, weights)), total), losses, predictions: argmax(probabilities, -1) };
}

/**
 * log Σ exp over each row, from the row's probabilities: the largest logit minus the logarithm of the largest probability,
 * which never underflows. Two reading passes, instead of keeping the logarithms of all probabilities.
 */
function logSumExp(emit: OnnxEmitter, logits: string, probabilities: string): string {
  const largest = (x: string): string => emit.one('ReduceMax', [x], { axes: [1], keepdims: 0 });
  return emit.one('Sub', [largest(logits), emit.one('Log', [largest(probabilities)])]);
}

function matrixOf({ shape }: Value): readonly [number, number] {
  return [sizeAt(shape, 0), sizeAt(shape, 1)];
}

function pickLabels(
  emit: OnnxEmitter,
  logits: string,
  labels: string,
  [count, classes]: readonly [number, number],
): string {
  if (emit.onDevice) return pickByComparison(emit, logits, labels, [count, classes]);
  const column = emit.one('Reshape', [labels, emit.ints([count, 1])]);
  return emit.one('Reshape', [emit.one('GatherElements', [logits, column], { axis: 1 }), emit.ints([count])]);
}

const softmaxCrossEntropyOp = defineOp<{ readonly smoothing: number }>({
  name: 'softmax-cross-entropy',
  infer(inputs) {
    const logits = requireFloat(at(inputs, 0), 'the logits');
    const labels = requireDtype(at(inputs, 1), 'int32', 'the labels');
    if (logits.shape.length !== 2 || labels.shape.length !== 1 || labels.shape[0] !== logits.shape[0]) {
      throw new LabError('shape', 'cross-entropy needs logits [examples, classes] and labels [examples]');
    }
    return [{ dtype: 'float32', shape: labels.shape }, logits];
  },
  /** gradient∘(probabilities − target): one pass over the matrix, and one element of each row changed in place. */
  gradient({ inputs, outputs, attributes: { smoothing } }, [gradient]) {
    if (!gradient) return [];
    const [labels, probabilities] = [at(inputs, 1), at(outputs, 1)];
    const classes = sizeAt(probabilities.shape, 1);
    const column = reshape(gradient, [-1, 1]);
    const excess = smoothing === 0 ? probabilities : shift(probabilities, -smoothing / classes);
    return [addAt(multiply(excess, column), labels, scale(gradient, smoothing - 1))];
  },
  onnx(emit, inputs, { outputs, attributes: { smoothing } }) {
    const [logits, labels] = [at(inputs, 0), at(inputs, 1)];
    const probabilities = emit.one('Softmax', [logits], { axis: -1 });
    const picked = pickLabels(emit, logits, labels, matrixOf(at(outputs, 1)));
    const total = logSumExp(emit, logits, probabilities);
    if (smoothing === 0) return [emit.one('Sub', [total, picked]), probabilities];
    const average = emit.one('ReduceMean', [logits], { axes: [1], keepdims: 0 });
    const expected = emit.one('Add', [
      emit.one('Mul', [picked, emit.float(1 - smoothing)]),
      emit.one('Mul', [average, emit.float(smoothing)]),
    ]);
    return [emit.one('Sub', [total, expected]), probabilities];
  },
  tfjs(tf, inputs, { attributes: { smoothing } }) {
    const [logits, labels] = [at(inputs, 0), at(inputs, 1)];
    const picked = tf.gatherND(logits, tfjsPlaces(tf, labels));
    const expected = tf.add(tf.mul(picked, 1 - smoothing), tf.mul(tf.mean(logits, 1), smoothing));
    return [tf.sub(tf.logSumExp(logits, 1), expected), tf.softmax(logits)];
  },
  flops: ({ inputs }) => 7 * elementCount(at(inputs, 0).shape),
});

export interface CrossEntropyOptions {
  /** Share of the target spread evenly over all classes (Szegedy et al. 2016); 0 unless given. */
  readonly labelSmoothing?: number;
}

/**
 * Cross-entropy of logits [examples, classes] with int32 labels [examples]; the loss is Σ weight·loss / Σ weight, or 0 where
 * all weights are 0. Labels of examples with weight 0 must still be classes. Throws `LabError('shape')`.
 */
export function crossEntropy(
  logits: Value,
  labels: Value,
  weights: Value,
  options: CrossEntropyOptions = {},
): CrossEntropy {
  const outputs = applyAll(softmaxCrossEntropyOp, [logits, labels], { smoothing: options.labelSmoothing ?? 0 });
  return summarise(at(outputs, 0), weights, at(outputs, 1));
}

const linearCrossEntropyOp = defineOp<{ readonly hasBias: boolean }>({
  name: 'linear-cross-entropy',
  // The table and the bias are given twice, once for the product and once for the labels' rows: an input has one gradient,
  // and these two are of different kinds.
  infer(inputs, { hasBias }) {
    const [hidden, table] = [requireFloat(at(inputs, 0)).shape, requireFloat(at(inputs, 1)).shape];
    const labels = requireDtype(at(inputs, 3), 'int32', 'the labels').shape;
    const [examples, classes] = [hidden[0], table[0]];
    const biasFits = !hasBias || (at(inputs, 4).shape.length === 1 && at(inputs, 4).shape[0] === classes);
    if (
      hidden.length !== 2 ||
      table.length !== 2 ||
      hidden[1] !== table[1] ||
      labels.length !== 1 ||
      labels[0] !== examples
    ) {
      throw new LabError(
        'shape',
        'linear cross-entropy needs hidden [examples, D], table [classes, D] and labels [examples]',
      );
    }
    if (!biasFits) throw new LabError('shape', 'the bias needs one element for each class');
    return [
      { dtype: 'float32', shape: labels },
      { dtype: 'float32', shape: [sizeAt(hidden, 0), sizeAt(table, 0)] },
    ];
  },
  /**
   * With g the gradient of each example's loss and P the probabilities: ∂hidden = g∘(P·table − table[labels]), and
   * ∂table = Pᵀ·(g∘hidden) minus g∘hidden at the labels' rows. No pass over the [examples, classes] matrix but the products.
   */
  gradient({ inputs, outputs, attributes: { hasBias } }, [gradient], needed) {
    if (!gradient) return [];
    const [hidden, table, labels, probabilities] = [at(inputs, 0), at(inputs, 1), at(inputs, 3), at(outputs, 1)];
    const column = reshape(gradient, [-1, 1]);
    const needsTable = needed[1] === true;
    const weighted = needsTable ? multiply(hidden, column) : hidden;
    return [
      needed[0] ? multiply(subtract(matmul(probabilities, table), gather(table, labels)), column) : undefined,
      needsTable ? matmul(probabilities, weighted, { transposeA: true }) : undefined,
      needsTable ? { kind: 'rows', indices: labels, rows: negate(weighted) } : undefined,
      undefined,
      hasBias && needed[4]
        ? sumTo(matmul(column, probabilities, { transposeA: true, exact: true }), at(inputs, 4).shape)
        : undefined,
      hasBias && needed[5] ? { kind: 'rows', indices: labels, rows: negate(gradient) } : undefined,
    ];
  },
  onnx(emit, inputs, { outputs, attributes: { hasBias } }) {
    const factors = [at(inputs, 0), at(inputs, 1), ...(hasBias ? [at(inputs, 4)] : [])];
    const logits = emit.one('Gemm', factors, { transB: 1 });
    const probabilities = emit.one('Softmax', [logits], { axis: -1 });
    const picked = pickLabels(emit, logits, at(inputs, 3), matrixOf(at(outputs, 1)));
    return [emit.one('Sub', [logSumExp(emit, logits, probabilities), picked]), probabilities];
  },
  tfjs(tf: TensorFlow, inputs: readonly Tensor[], { attributes: { hasBias } }) {
    const product = tf.matMul(at(inputs, 0), at(inputs, 1), false, true);
    const logits = hasBias ? tf.add(product, at(inputs, 4)) : product;
    const picked = tf.gatherND(logits, tfjsPlaces(tf, at(inputs, 3)));
    return [tf.sub(tf.logSumExp(logits, 1), picked), tf.softmax(logits)];
  },
  flops: ({ inputs, outputs }) => elementCount(at(outputs, 1).shape) * (2 * sizeAt(at(inputs, 0).shape, 1) + 7),
});

export interface LinearCrossEntropyOptions {
  /** Added to the logits, [classes]. */
  readonly bias?: Value;
}

/**
 * `crossEntropy` of the logits hidden·tableᵀ + bias, for hidden [examples, D] and table [classes, D], such as the embedding
 * table of a language model: the projection and its loss in one, with a gradient that saves most of the memory traffic.
 */
export function linearCrossEntropy(
  hidden: Value,
  table: Value,
  labels: Value,
  weights: Value,
  { bias }: LinearCrossEntropyOptions = {},
): CrossEntropy {
  const outputs = applyAll(linearCrossEntropyOp, [hidden, table, table, labels, ...(bias ? [bias, bias] : [])], {
    hasBias: bias !== undefined,
  });
  return summarise(at(outputs, 0), weights, at(outputs, 1));
}
