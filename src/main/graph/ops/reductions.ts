/** Reductions over axes: mean, maximum, position of the maximum. The sum is in `broadcasting.ts`. */
import { argmaxByComparison } from '../device-ops.ts';
import { apply, at, defineOp, requireFloat } from '../op.ts';
import type { Value } from '../program.ts';
import { elementCount, normaliseAxes, normaliseAxis, reducedShape, sizeAt } from '../shape.ts';
import { reshape, spreadOver, sum } from './broadcasting.ts';
import { cast, divide, equal, multiply, scale } from './elementwise.ts';

export { sum } from './broadcasting.ts';

interface ReductionAttributes {
  readonly [name: string]: readonly number[] | boolean;
  readonly axes: readonly number[];
  readonly keepDimensions: boolean;
}

const meanOp = defineOp<ReductionAttributes>({
  name: 'mean',
  infer: (inputs, { axes, keepDimensions }) => [
    { dtype: 'float32', shape: reducedShape(requireFloat(at(inputs, 0)).shape, axes, keepDimensions) },
  ],
  gradient({ inputs, attributes: { axes } }, [gradient]) {
    const { shape } = at(inputs, 0);
    return [
      gradient && spreadOver(scale(gradient, 1 / elementCount(axes.map((axis) => sizeAt(shape, axis)))), shape, axes),
    ];
  },
  onnx: (emit, inputs, { attributes: { axes, keepDimensions } }) => [
    emit.one('ReduceMean', inputs, { axes, keepdims: Number(keepDimensions) }),
  ],
  tfjs: (tf, inputs, { attributes: { axes, keepDimensions } }) => [tf.mean(at(inputs, 0), [...axes], keepDimensions)],
  flops: ({ inputs }) => elementCount(at(inputs, 0).shape),
});

/** The mean over the axes (all of them unless given), which disappear or stay with the size 1. */
export function mean(x: Value, axes?: readonly number[], keepDimensions = false): Value {
  const normal = normaliseAxes(axes, x.shape.length);
  return normal.length === 0 ? x : apply(meanOp, [x], { axes: normal, keepDimensions });
}

const maxOp = defineOp<ReductionAttributes>({
  name: 'max',
  infer: (inputs, { axes, keepDimensions }) => [
    { dtype: 'float32', shape: reducedShape(requireFloat(at(inputs, 0)).shape, axes, keepDimensions) },
  ],
  gradient({ inputs, outputs, attributes: { axes } }, [gradient]) {
    if (!gradient) return [];
    const x = at(inputs, 0);
    const kept = reducedShape(x.shape, axes, true);
    const isMaximum = cast(equal(x, reshape(at(outputs, 0), kept)), 'float32');
    return [multiply(isMaximum, divide(reshape(gradient, kept), sum(isMaximum, axes, true)))];
  },
  onnx: (emit, inputs, { attributes: { axes, keepDimensions } }) => [
    emit.one('ReduceMax', inputs, { axes, keepdims: Number(keepDimensions) }),
  ],
  tfjs: (tf, inputs, { attributes: { axes, keepDimensions } }) => [tf.max(at(inputs, 0), [...axes], keepDimensions)],
  flops: ({ inputs }) => elementCount(at(inputs, 0).shape),
});

/**
 * The maximum over the axes (all of them unless given), which disappear or stay with the size 1. Where several elements
 * are the maximum, its gradient is split evenly between them, as in TensorFlow and PyTorch's `amax`.
 */
export function max(x: Value, axes?: readonly number[], keepDimensions = false): Value {
  const normal = normaliseAxes(axes, x.shape.length);
  return normal.length === 0 ? x : apply(maxOp, [x], { axes: normal, keepDimensions });
}

const argmaxOp = defineOp<{ readonly axis: number }>({
  name: 'argmax',
  infer: (inputs, { axis }) => [
    { dtype: 'int32', shape: reducedShape(requireFloat(at(inputs, 0)).shape, [axis], false) },
  ],
  onnx(emit, inputs, { inputs: [x], attributes: { axis } }) {
    const { shape } = x!; // it has one
    if (emit.onDevice) return [argmaxByComparison(emit, at(inputs, 0), shape.length, axis, sizeAt(shape, axis))];
    return [emit.one('Cast', [emit.one('ArgMax', inputs, { axis, keepdims: 0 })], { to: onnxInt32 })];
  },
  tfjs: (tf, inputs, { attributes: { axis } }) => [tf.argMax(at(inputs, 0), axis)],
  flops: ({ inputs }) => elementCount(at(inputs, 0).shape),
});

/** TensorProto.DataType.INT32. */
const onnxInt32 = 6;

/** The position of the maximum along one axis, the first of several; int32, without a gradient. */
export function argmax(x: Value, axis = -1): Value {
  return apply(argmaxOp, [x], { axis: normaliseAxis(axis, x.shape.length) });
}
