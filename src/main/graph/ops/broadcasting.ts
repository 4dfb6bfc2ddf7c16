/**
 * The ops behind broadcasting: reshaping, repeating along axes, and summing over axes, which undoes the repetition.
 * They are each other's gradients, and every other family builds on them.
 */
import { LabError } from '../../../shared/errors.ts';
import { apply, at, defineOp, requireFloat } from '../op.ts';
import type { Shape, Value } from '../program.ts';
import { broadcastShapes, elementCount, normaliseAxes, reducedShape, sameShape, showShape } from '../shape.ts';

const reshapeOp = defineOp<{ readonly shape: Shape }>({
  name: 'reshape',
  infer(inputs, { shape }) {
    const x = at(inputs, 0);
    if (elementCount(shape) !== elementCount(x.shape) || !shape.every(Number.isInteger)) {
      throw new LabError('shape', `${showShape(x.shape)} cannot be reshaped to ${showShape(shape)}`);
    }
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ inputs }, [gradient]) => [gradient && reshape(gradient, at(inputs, 0).shape)],
  onnx: (emit, inputs, { attributes }) => [emit.one('Reshape', [at(inputs, 0), emit.ints(attributes.shape)])],
  tfjs: (tf, inputs, { attributes }) => [tf.reshape(at(inputs, 0), [...attributes.shape])],
  flops: () => 0,
});

/** The same elements in another shape, of which one size may be −1: what is left. Throws `LabError('shape')`. */
export function reshape(x: Value, shape: Shape): Value {
  const known = elementCount(shape.filter((size) => size !== -1));
  const whole = shape.map((size) => (size === -1 ? elementCount(x.shape) / known : size));
  if (sameShape(whole, x.shape)) return x;
  // A reshape of a reshape is one reshape.
  const { source } = x;
  const origin = source.kind === 'node' && source.node.op.name === reshapeOp.name ? at(source.node.inputs, 0) : x;
  return sameShape(whole, origin.shape) ? origin : apply(reshapeOp, [origin], { shape: whole });
}

const broadcastOp = defineOp<{ readonly shape: Shape }>({
  name: 'broadcast',
  infer(inputs, { shape }) {
    const x = at(inputs, 0);
    if (!sameShape(broadcastShapes(x.shape, shape), shape)) {
      throw new LabError('shape', `${showShape(x.shape)} cannot be broadcast to ${showShape(shape)}`);
    }
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ inputs }, [gradient]) => [gradient && sumTo(gradient, at(inputs, 0).shape)],
  onnx: (emit, inputs, { attributes }) => [emit.one('Expand', [at(inputs, 0), emit.ints(attributes.shape)])],
  tfjs: (tf, inputs, { attributes }) => [tf.broadcastTo(at(inputs, 0), [...attributes.shape])],
  flops: () => 0,
});

/** Repeats along axes of size 1 and new leading axes. Elementwise ops broadcast by themselves: this is rarely needed. */
export function broadcastTo(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : apply(broadcastOp, [x], { shape });
}

const sumOp = defineOp<{ readonly axes: readonly number[]; readonly keepDimensions: boolean }>({
  name: 'sum',
  infer(inputs, { axes, keepDimensions }) {
    const x = requireFloat(at(inputs, 0));
    return [{ dtype: x.dtype, shape: reducedShape(x.shape, axes, keepDimensions) }];
  },
  gradient: ({ inputs, attributes }, [gradient]) => [
    gradient && spreadOver(gradient, at(inputs, 0).shape, attributes.axes),
  ],
  onnx: (emit, inputs, { attributes: { axes, keepDimensions } }) => [
    emit.one('ReduceSum', [at(inputs, 0), emit.ints(axes)], { keepdims: Number(keepDimensions) }),
  ],
  tfjs: (tf, inputs, { attributes: { axes, keepDimensions } }) => [tf.sum(at(inputs, 0), [...axes], keepDimensions)],
  flops: ({ inputs }) => elementCount(at(inputs, 0).shape),
});

/** The sum over the axes (all of them unless given), which disappear or stay with the size 1. */
export function sum(x: Value, axes?: readonly number[], keepDimensions = false): Value {
  const normal = normaliseAxes(axes, x.shape.length);
  return normal.length === 0 ? x : apply(sumOp, [x], { axes: normal, keepDimensions });
}

/** Undoes broadcasting: sums over the axes that were repeated. Returns `x` itself when it has the shape already. */
export function sumTo(x: Value, shape: Shape): Value {
  const added = x.shape.length - shape.length;
  const repeated = x.shape.flatMap((size, axis) =>
    axis < added || (shape[axis - added] === 1 && size !== 1) ? [axis] : [],
  );
  return reshape(sum(x, repeated), shape);
}

/** The gradient of a sum over `axes`: the same value everywhere along them. */
export function spreadOver(gradient: Value, shape: Shape, axes: readonly number[]): Value {
  return broadcastTo(reshape(gradient, reducedShape(shape, axes, true)), shape);
}
