/** Maximum and average pooling over the last two axes of [N, C, H, W]; windows may overlap. */
import { LabError } from '../../../shared/errors.ts';
import type { OnnxEmitter } from '../onnx.ts';
import { apply, at, defineOp, requireFloat } from '../op.ts';
import type { Node, Shape, TensorType, Value } from '../program.ts';
import { elementCount, showShape, sizeAt } from '../shape.ts';
import { reshape } from './broadcasting.ts';
import type { ConvolutionOptions } from './convolution.ts';
import { convolvedSize } from './convolution-kernels.ts';
import { convolutionAttributes } from './convolution.ts';
import { mean } from './reductions.ts';
import { averageGradientWithTfjs, maximumGradientWithTfjs, poolWithTfjs } from './tfjs-convolution.ts';

interface PoolingAttributes {
  readonly [name: string]: readonly number[];
  readonly window: readonly number[];
  readonly strides: readonly number[];
  /** [top, left, bottom, right] */
  readonly padding: readonly number[];
}

function inferPooled(
  inputs: readonly TensorType[],
  { window, strides, padding }: PoolingAttributes,
): readonly TensorType[] {
  const { shape } = requireFloat(at(inputs, 0));
  if (shape.length !== 4) throw new LabError('shape', 'needs [N, C, H, W]');
  const size = convolvedSize(shape, window, { strides, padding, dilations: [1, 1], groups: 1 });
  return [{ dtype: 'float32', shape: [...shape.slice(0, 2), ...size] }];
}

const onnxAttributes = ({ window, strides, padding }: PoolingAttributes) => ({
  kernel_shape: window,
  strides,
  pads: padding,
});

const flops = ({ outputs, attributes }: Node<PoolingAttributes>): number =>
  elementCount(at(outputs, 0).shape) * elementCount(attributes.window);

/** Windows that neither overlap nor leave pixels between them nor reach over the edge. */
function isTiling({ window, strides, padding }: PoolingAttributes): boolean {
  return window.every((size, axis) => size === strides[axis]) && padding.every((amount) => amount === 0);
}

const maximumPoolingOp = defineOp<PoolingAttributes>({
  name: 'maximum-pooling',
  infer: inferPooled,
  gradient: ({ inputs, attributes }, [gradient]) =>
    gradient ? [apply(maximumPoolingGradientOp, [at(inputs, 0), gradient], attributes)] : [],
  onnx: (emit, inputs, { attributes }) => [emit.one('MaxPool', inputs, onnxAttributes(attributes))],
  tfjs: (tf, inputs, { attributes }) => [poolWithTfjs(tf, 'max', at(inputs, 0), attributes)],
  flops,
});

/** The gradient goes to the pixel that was the maximum, the first one in row-major order where several are. */
const maximumPoolingGradientOp = defineOp<PoolingAttributes>({
  name: 'maximum-pooling-gradient',
  infer: (inputs) => [at(inputs, 0)],
  onnx(emit, inputs, { inputs: [x], attributes }) {
    const shape = x!.shape; // the op has two inputs
    if (emit.onDevice) return [maximumGradientByComparison(emit, at(inputs, 0), at(inputs, 1), shape, attributes)];
    const places = at(emit.node('MaxPool', [at(inputs, 0)], { attributes: onnxAttributes(attributes), outputs: 2 }), 1);
    // Places count through the whole tensor. MaxUnpool is twice as fast, but GPUs have no kernel for it.
    if (isTiling(attributes) && emit.channelBlock !== undefined) {
      return [emit.one('MaxUnpool', [at(inputs, 1), places, emit.ints(shape)], onnxAttributes(attributes))];
    }
    // Windows that overlap may share a maximum, so rows are added, not written; ScatterElements does that rightly with
    // several threads, ScatterND does not.
    const flat = (name: string): string => emit.one('Reshape', [name, emit.ints([-1])]);
    const zeros = emit.one('Expand', [emit.float(0), emit.ints([elementCount(shape)])]);
    const scattered = emit.one('ScatterElements', [zeros, flat(places), flat(at(inputs, 1))], {
      axis: 0,
      reduction: 'add',
    });
    return [emit.one('Reshape', [scattered, emit.ints(shape)])];
  },
  tfjs: (tf, inputs, { attributes }) => [maximumGradientWithTfjs(tf, at(inputs, 0), at(inputs, 1), attributes)],
  flops,
});

const averagePoolingOp = defineOp<PoolingAttributes>({
  name: 'average-pooling',
  infer: inferPooled,
  gradient: ({ inputs, attributes }, [gradient]) =>
    gradient
      ? [apply(averagePoolingGradientOp, [gradient], { ...attributes, size: at(inputs, 0).shape.slice(2) })]
      : [],
  onnx: (emit, inputs, { attributes }) => [
    emit.one('AveragePool', inputs, { ...onnxAttributes(attributes), count_include_pad: 1 }),
  ],
  tfjs: (tf, inputs, { attributes }) => [poolWithTfjs(tf, 'avg', at(inputs, 0), attributes)],
  flops,
});

const averagePoolingGradientOp = defineOp<PoolingAttributes & { readonly size: readonly number[] }>({
  name: 'average-pooling-gradient',
  infer: (inputs, { size }) => [{ dtype: 'float32', shape: [...at(inputs, 0).shape.slice(0, 2), ...size] }],
  onnx(emit, inputs, node) {
    const shape = at(node.inputs, 0).shape;
    const { attributes } = node;
    const scaled = emit.one('Mul', [at(inputs, 0), emit.float(1 / elementCount(attributes.window))]);
    return [
      isTiling(attributes)
        ? repeatPixels(emit, scaled, shape, attributes)
        : spreadPixels(emit, scaled, shape, attributes),
    ];
  },
  tfjs: (tf, inputs, { attributes, outputs }) => [
    averageGradientWithTfjs(tf, at(inputs, 0), attributes, at(outputs, 0).shape),
  ],
  flops: ({ outputs }) => elementCount(at(outputs, 0).shape),
});

/** By comparing each pixel of a window with its maximum: as convolutions of every channel, with a filter for each place of a window. */
function maximumGradientByComparison(
  emit: OnnxEmitter,
  x: string,
  gradient: string,
  shape: Shape,
  attributes: PoolingAttributes,
): string {
  const { window, strides, padding } = attributes;
  const [count, channels, height, width] = shape as readonly [number, number, number, number]; // inferred with four axes
  const places = elementCount(window);
  const [rows, columns] = convolvedSize(shape, window, { strides, padding, dilations: [1, 1], groups: 1 }) as [
    number,
    number,
  ]; // of two axes
  const images = count * channels;
  const table = (values: readonly number[], sizes: Shape): string =>
    emit.one('Reshape', [emit.floats(values), emit.ints(sizes)]);
  const square = (isOne: (row: number, column: number) => boolean): readonly number[] =>
    Array.from({ length: places * places }, (_, index) => Number(isOne(Math.floor(index / places), index % places)));
  const one = table(
    square((row, column) => row === column),
    [places, 1, ...window],
  );
  const before = table(
    square((row, column) => column < row),
    [places, places, 1, 1],
  );
  /** 0 where a place of a window lies beyond the edge: padding is never the maximum. */
  const inside = Array.from({ length: places * rows * columns }, (_, index) => {
    const [place, row, column] = [
      Math.floor(index / (rows * columns)),
      Math.floor(index / columns) % rows,
      index % columns,
    ];
    const down = row * at(strides, 0) - at(padding, 0) + Math.floor(place / at(window, 1));
    const across = column * at(strides, 1) - at(padding, 1) + (place % at(window, 1));
    return Number(down >= 0 && down < height && across >= 0 && across < width);
  });
  const own = { strides, pads: padding };
  const apart = (name: string, size: readonly number[]): string =>
    emit.one('Reshape', [name, emit.ints([images, 1, ...size])]);
  const largest = apart(emit.one('MaxPool', [x], onnxAttributes(attributes)), [rows, columns]);
  const pixels = emit.one('Conv', [apart(x, [height, width]), one], own);
  // In numbers, because flags are not transposed there: 0 where nothing is missing to the largest, else 1.
  const isLess = emit.one('HardSigmoid', [emit.one('Sub', [largest, pixels])], {
    alpha: { float: 1e38 },
    beta: { float: 0 },
  });
  const isLargest = emit.one('Mul', [
    emit.one('Sub', [emit.float(1), isLess]),
    table(inside, [1, places, rows, columns]),
  ]);
  const hasEarlier = emit.one('Clip', [emit.one('Conv', [isLargest, before]), emit.float(0), emit.float(1)]);
  const isFirst = emit.one('Mul', [isLargest, emit.one('Sub', [emit.float(1), hasEarlier])]);
  const missing = [0, 1].map((axis) => {
    const covered = (at([rows, columns], axis) - 1) * at(strides, axis) + at(window, axis);
    return at([height, width], axis) + at(padding, axis) + at(padding, axis + 2) - covered;
  });
  const placed = emit.one('ConvTranspose', [emit.one('Mul', [isFirst, apart(gradient, [rows, columns])]), one], {
    ...own,
    output_padding: missing,
  });
  return emit.one('Reshape', [placed, emit.ints(shape)]);
}

/** Windows side by side: every pixel of a window gets the same. Rows and columns beyond the last window get nothing. */
function repeatPixels(
  emit: OnnxEmitter,
  x: string,
  shape: Shape,
  { window, size }: PoolingAttributes & { readonly size: readonly number[] },
): string {
  const [count, channels, height, width] = shape as readonly [number, number, number, number]; // inferred with four axes
  const [rows, columns] = [at(window, 0), at(window, 1)];
  const apart = emit.one('Reshape', [x, emit.ints([count, channels, height, 1, width, 1])]);
  const repeated = emit.one('Expand', [apart, emit.ints([count, channels, height, rows, width, columns])]);
  const joined = emit.one('Reshape', [repeated, emit.ints([count, channels, height * rows, width * columns])]);
  const [bottom, right] = [at(size, 0) - height * rows, at(size, 1) - width * columns];
  if (bottom === 0 && right === 0) return joined;
  return emit.one('Pad', [joined, emit.ints([0, 0, 0, 0, 0, 0, bottom, right])]);
}

/** Overlapping windows: a transposed convolution of every channel with ones. */
function spreadPixels(
  emit: OnnxEmitter,
  x: string,
  shape: Shape,
  attributes: PoolingAttributes & { readonly size: readonly number[] },
): string {
  const { window, strides, padding, size } = attributes;
  const missing = [0, 1].map((axis) => {
    const covered = (sizeAt(shape, axis - 2) - 1) * at(strides, axis) + at(window, axis);
    return at(size, axis) + at(padding, axis) + at(padding, axis + 2) - covered;
  });
  // Channels become images of their own, so that one kernel serves all of them.
  const [count, channels, height, width] = shape as readonly [number, number, number, number]; // inferred with four axes
  const apart = emit.one('Reshape', [x, emit.ints([count * channels, 1, height, width])]);
  const ones = emit.one('Expand', [emit.float(1), emit.ints([1, 1, ...window])]);
  const spread = emit.one('ConvTranspose', [apart, ones], { ...onnxAttributes(attributes), output_padding: missing });
  return emit.one('Reshape', [spread, emit.ints([count, channels, ...size])]);
}

export interface PoolingOptions {
  /** Square, or [height, width]. */
  readonly window: number | readonly [number, number];
  /** The window's size unless given. */
  readonly stride?: number | readonly [number, number];
  readonly padding?: ConvolutionOptions['padding'];
}

function poolingAttributes(x: Value, { window, stride, padding = 'valid' }: PoolingOptions): PoolingAttributes {
  const size = typeof window === 'number' ? ([window, window] as const) : window;
  const { strides, padding: sides } = convolutionAttributes(x.shape, size, { stride: stride ?? size, padding });
  return { window: size, strides, padding: sides };
}

/** The largest value of each window of x [N, C, H, W]; padding never wins. Throws `LabError('shape')`. */
export function maximumPooling(x: Value, options: PoolingOptions): Value {
  return apply(maximumPoolingOp, [x], poolingAttributes(x, options));
}

/** The mean of each window of x [N, C, H, W]; padding counts as zeros. Throws `LabError('shape')`. */
export function averagePooling(x: Value, options: PoolingOptions): Value {
  return apply(averagePoolingOp, [x], poolingAttributes(x, options));
}

/** [N, C, …] → [N, C]: the mean over all places. Throws `LabError('shape')` without places. */
export function globalAveragePooling(x: Value): Value {
  if (x.shape.length < 3) throw new LabError('shape', `needs [N, C, …], got ${showShape(x.shape)}`);
  return mean(reshape(x, [sizeAt(x.shape, 0), sizeAt(x.shape, 1), -1]), [2]);
}
