/**
 * Convolution and pooling with TensorFlow.js, which has channels last, neither groups nor stride together with dilation,
 * and its gradients as kernels of their own. Groups are done one by one, holes of a kernel filled with zeros.
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { TensorFlow } from '../op.ts';
import { at } from '../op.ts';
import type { Shape } from '../program.ts';
import type { ConvolutionAttributes } from './convolution-kernels.ts';

type Padding = readonly number[];

/** [N, C, H, W] → [N, H, W, C] with `padding` [top, left, bottom, right] filled. */
export function padChannelsLast(tf: TensorFlow, x: Tensor, padding: Padding, value = 0): Tensor4D {
  const [top, left, bottom, right] = padding as readonly [number, number, number, number]; // one for each side
  const sides: [number, number][] = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  return tf.pad(tf.transpose(x, [0, 2, 3, 1]), sides, value) as Tensor4D; // four axes by inference
}

/** The padding cut off again: [N, H, W, C] → [N, C, H, W] of the given shape. */
function cropChannelsFirst(tf: TensorFlow, x: Tensor, padding: Padding, shape: Shape): Tensor {
  const [count, channels, height, width] = shape as readonly [number, number, number, number]; // inferred with four axes
  const inside = tf.slice(x, [0, at(padding, 0), at(padding, 1), 0], [count, height, width, channels]);
  return tf.transpose(inside, [0, 3, 1, 2]);
}

/** Sizes of the padded image with channels last. */
function paddedShape(shape: Shape, padding: Padding, channels: number): [number, number, number, number] {
  const [count, , height, width] = shape as readonly [number, number, number, number]; // inferred with four axes
  return [count, height + at(padding, 0) + at(padding, 2), width + at(padding, 1) + at(padding, 3), channels];
}

const both = (pair: readonly number[]): [number, number] => [at(pair, 0), at(pair, 1)];

/** Kernel [O, C / groups, h, w] → one [extent, extent, C / groups, O / groups] for each group. */
function filtersOf(tf: TensorFlow, kernel: Tensor, { dilations, groups }: ConvolutionAttributes): Tensor4D[] {
  let filter = tf.transpose(kernel, [2, 3, 1, 0]);
  for (const axis of [0, 1]) filter = spreadAxis(tf, filter, axis, at(dilations, axis));
  return tf.split(filter, groups, 3); // a transposed kernel
}

/** Puts `dilation` − 1 zeros between the elements along an axis. */
function spreadAxis(tf: TensorFlow, x: Tensor, axis: number, dilation: number): Tensor {
  if (dilation === 1) return x;
  const apart = x.shape.toSpliced(axis + 1, 0, 1);
  const zeros = apart.map((_, index): [number, number] => [0, index === axis + 1 ? dilation - 1 : 0]);
  const size = at(x.shape, axis);
  const merged = tf.reshape(tf.pad(tf.reshape(x, apart), zeros), x.shape.with(axis, size * dilation));
  return tf.slice(
    merged,
    x.shape.map(() => 0),
    x.shape.with(axis, (size - 1) * dilation + 1),
  );
}

export function convolveWithTfjs(tf: TensorFlow, x: Tensor, kernel: Tensor, attributes: ConvolutionAttributes): Tensor {
  const images = tf.split(padChannelsLast(tf, x, attributes.padding), attributes.groups, 3);
  const results = filtersOf(tf, kernel, attributes).map(
    (filter, group) => tf.conv2d(at(images, group) as Tensor4D, filter, both(attributes.strides), 'valid'), // split keeps the rank
  );
  return tf.transpose(tf.concat(results, 3), [0, 3, 1, 2]);
}

/** ∂loss/∂x of the given shape. */
export function inputGradientWithTfjs(
  tf: TensorFlow,
  gradient: Tensor,
  kernel: Tensor,
  attributes: ConvolutionAttributes,
  shape: Shape,
): Tensor {
  const { strides, padding, groups } = attributes;
  const gradients = tf.split(tf.transpose(gradient, [0, 2, 3, 1]), groups, 3); // four axes by inference
  const padded = paddedShape(shape, padding, at(shape, 1) / groups);
  const parts = filtersOf(tf, kernel, attributes).map(
    (filter, group) => tf.conv2dTranspose(at(gradients, group) as Tensor4D, filter, padded, both(strides), 'valid'), // split keeps the rank
  );
  return cropChannelsFirst(tf, tf.concat(parts, 3), padding, shape);
}

/** ∂loss/∂kernel of the given shape. */
export function filterGradientWithTfjs(
  tf: TensorFlow,
  x: Tensor,
  gradient: Tensor,
  attributes: ConvolutionAttributes,
  shape: Shape,
): Tensor {
  const { strides, padding, groups, dilations } = attributes;
  const [out, perGroup, height, width] = shape as readonly [number, number, number, number]; // inferred with four axes
  const images = tf.split(padChannelsLast(tf, x, padding), groups, 3);
  const gradients = tf.split(tf.transpose(gradient, [0, 2, 3, 1]), groups, 3);
  const extents = [(height - 1) * at(dilations, 0) + 1, (width - 1) * at(dilations, 1) + 1];
  const attrs = { strides: both(strides), pad: 'valid', dataFormat: 'NHWC', dimRoundingMode: 'floor' };
  const filterShape = [...extents, perGroup, out / groups];
  const parts = images.map((image, group) =>
    runKernel(tf, 'Conv2DBackpropFilter', { x: image, dy: at(gradients, group) }, { ...attrs, filterShape }),
  );
  // Only every dilation-th place of the filled kernel is one of the kernel.
  const places = [height, width].map((size, axis) =>
    tf.range(0, (size - 1) * at(dilations, axis) + 1, at(dilations, axis), 'int32'),
  );
  const filter = tf.gather(tf.gather(tf.concat(parts, 3), at(places, 0), 0), at(places, 1), 1);
  return tf.transpose(filter, [3, 2, 0, 1]);
}

/** Windows and steps of a pooling, as `pooling.ts` has them. */
export interface PoolingGeometry {
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly padding: readonly number[];
}

/** Less than any value of an image, and finite. */
const never = -3e38;

export function poolWithTfjs(tf: TensorFlow, kind: 'max' | 'avg', x: Tensor, geometry: PoolingGeometry): Tensor {
  const { window, strides, padding } = geometry;
  const image = padChannelsLast(tf, x, padding, kind === 'max' ? never : 0);
  const pool = kind === 'max' ? tf.maxPool : tf.avgPool;
  return tf.transpose(pool(image, both(window), both(strides), 'valid'), [0, 3, 1, 2]);
}

export function maximumGradientWithTfjs(
  tf: TensorFlow,
  x: Tensor,
  gradient: Tensor,
  geometry: PoolingGeometry,
): Tensor {
  const input = padChannelsLast(tf, x, geometry.padding, never);
  const attrs = { filterSize: both(geometry.window), strides: both(geometry.strides), pad: 'valid' };
  const output = tf.maxPool(input, attrs.filterSize, attrs.strides, 'valid');
  const dy = tf.transpose(gradient, [0, 2, 3, 1]);
  return cropChannelsFirst(tf, runKernel(tf, 'MaxPoolGrad', { dy, input, output }, attrs), geometry.padding, x.shape);
}

export function averageGradientWithTfjs(
  tf: TensorFlow,
  gradient: Tensor,
  geometry: PoolingGeometry,
  shape: Shape,
): Tensor {
  const input = tf.zeros(paddedShape(shape, geometry.padding, at(shape, 1)));
  const attrs = { filterSize: both(geometry.window), strides: both(geometry.strides), pad: 'valid' };
  const dy = tf.transpose(gradient, [0, 2, 3, 1]);
  return cropChannelsFirst(tf, runKernel(tf, 'AvgPoolGrad', { dy, input }, attrs), geometry.padding, shape);
}

/** Calls a kernel that has no function of its own in the library's interface. */
function runKernel(
  tf: TensorFlow,
  name: string,
  inputs: Readonly<Record<string, Tensor>>,
  attributes: Readonly<Record<string, string | number[]>>,
): Tensor {
  return tf.engine().runKernel<Tensor>(name, inputs, attributes);
}
