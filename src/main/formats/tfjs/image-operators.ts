/** Convolutions and pooling: ONNX has channels before rows, the kernels of TensorFlow.js after columns. */
import { LabError } from '../../../shared/errors.ts';
import type { ConstantData } from '../../graph/program.ts';
import type { OnnxAttributes } from '../../graph/types.ts';
import type { TfEmitter, TfOperator, TfValue } from './emitter.ts';

const toChannelsLast = [0, 2, 3, 1];
const toChannelsFirst = [0, 3, 1, 2];

function transpose(tf: TfEmitter, x: TfValue, permutation: readonly number[]): TfValue {
  const { constant } = x;
  if (!constant) return tf.op('Transpose', [x, tf.ints(permutation)], { rank: permutation.length });
  return tf.constant(transposedConstant(constant, permutation), x.name);
}

/** A constant with its axes in another order. */
function transposedConstant(
  { type, shape, data }: NonNullable<TfValue['constant']>,
  permutation: readonly number[],
): NonNullable<TfValue['constant']> {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const to = permutation.map((axis) => shape[axis] ?? 1);
  const steps = permutation.map((axis) => strides[axis] ?? 1);
  const result: ConstantData = data.slice();
  const place = to.map(() => 0);
  let from = 0;
  for (let index = 0; index < data.length; index += 1) {
    result[index] = data[from]!;
    for (let axis = to.length - 1; axis >= 0; axis -= 1) {
      place[axis]! += 1;
      from += steps[axis]!;
      if (place[axis]! < to[axis]!) break;
      from -= steps[axis]! * to[axis]!;
      place[axis] = 0;
    }
  }
  return { type, shape: to, data: result };
}

const numbers = (attributes: OnnxAttributes, name: string, otherwise: readonly number[]): readonly number[] => {
  const value = attributes[name];
  return Array.isArray(value) ? (value as readonly number[]) : otherwise; // lists of ONNX are numbers
};

/** Rows and columns of `value` around x [N, H, W, C]. ONNX: top, left, bottom, right. */
function padded(tf: TfEmitter, x: TfValue, pads: readonly number[], value: number): TfValue {
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  if (pads.every((pad) => pad === 0)) return x;
  const data = Int32Array.of(0, 0, top, bottom, left, right, 0, 0);
  const amounts = tf.constant({ type: 'int32', shape: [4, 2], data });
  return tf.op('PadV2', [x, amounts, tf.float(value)], { rank: 4 });
}

const convolution: TfOperator = (tf, { attributes }, [x, kernel, bias]) => {
  const groups = typeof attributes.group === 'number' ? attributes.group : 1;
  const strides = numbers(attributes, 'strides', [1, 1]);
  const dilations = numbers(attributes, 'dilations', [1, 1]);
  const settings = {
    strides: [1, ...strides, 1],
    dilations: [1, ...dilations, 1],
    padding: 'VALID',
    data_format: 'NHWC',
  };
  const image = padded(tf, transpose(tf, x!, toChannelsLast), numbers(attributes, 'pads', [0, 0, 0, 0]), 0);
  let result: TfValue;
  if (groups === 1) {
    const filters = transpose(tf, kernel!, [2, 3, 1, 0]);
    result = tf.op('Conv2D', [image, filters], { attributes: settings, rank: 4 });
  } else {
    // One input channel for each group, and its filters one after the other.
    const { constant } = kernel!;
    const [outputs = 0, inputs = 0, height = 0, width = 0] = constant?.shape ?? [];
    if (!constant || inputs !== 1) {
      throw new LabError('bad-input', 'TensorFlow.js: a convolution in groups of several channels has no counterpart');
    }
    const apart = { ...constant, shape: [groups, outputs / groups, height, width] };
    const filters = tf.constant(transposedConstant(apart, [2, 3, 0, 1]), kernel!.name);
    result = tf.op('DepthwiseConv2dNative', [image, filters], { attributes: settings, rank: 4 });
  }
  if (bias) result = tf.op('AddV2', [result, bias], { rank: 4 });
  return [transpose(tf, result, toChannelsFirst)];
};

const pooling =
  (op: 'MaxPool' | 'AvgPool', around: number): TfOperator =>
  (tf, { attributes }, [x]) => {
    const window = numbers(attributes, 'kernel_shape', []);
    const strides = numbers(attributes, 'strides', [1, 1]);
    const image = padded(tf, transpose(tf, x!, toChannelsLast), numbers(attributes, 'pads', [0, 0, 0, 0]), around);
    const settings = { ksize: [1, ...window, 1], strides: [1, ...strides, 1], padding: 'VALID', data_format: 'NHWC' };
    return [transpose(tf, tf.op(op, [image], { attributes: settings, rank: 4 }), toChannelsFirst)];
  };

/** Smaller than any number that a network computes. */
const lowest = -3.4e38;

export const imageOperators: Readonly<Record<string, TfOperator>> = {
  Conv: convolution,
  MaxPool: pooling('MaxPool', lowest),
  AveragePool: pooling('AvgPool', 0),
};
