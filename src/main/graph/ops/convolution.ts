/**
 * Two-dimensional convolution over [N, C, H, W] with stride, padding, dilation and groups, and its two gradients.
 *
 * Each gradient is an op of its own, because the fast formulation is not the textbook one. On the CPU provider the input
 * gradient of a convolution with stride 1 runs faster as a convolution with the turned kernel than as ConvTranspose, and
 * the filter gradient faster as matrix products for each place of the kernel than as a convolution over the batch.
 */
import { LabError } from '../../../shared/errors.ts';
import type { OnnxEmitter } from '../onnx.ts';
import { blockedDomain, microsoftDomain } from '../onnx.ts';
import { apply, at, defineOp, requireFloat } from '../op.ts';
import type { Shape, Value } from '../program.ts';
import { elementCount, showShape, sizeAt } from '../shape.ts';
import { reshape } from './broadcasting.ts';
import { convolveWithTfjs, filterGradientWithTfjs, inputGradientWithTfjs } from './tfjs-convolution.ts';

export interface ConvolutionAttributes {
  readonly [name: string]: number | readonly number[];
  /** [vertical, horizontal] */
  readonly strides: readonly number[];
  /** Zeros added around the image: [top, left, bottom, right]. */
  readonly padding: readonly number[];
  readonly dilations: readonly number[];
  /** Channels are divided into this many groups that do not see each other; as many as channels is a depthwise convolution. */
  readonly groups: number;
}

/** Extent of a kernel with its holes. */
const extent = (size: number, dilation: number): number => (size - 1) * dilation + 1;

/** [height, width] of the result. Throws `LabError('shape')` where the kernel does not fit the padded image. */
export function convolvedSize(
  image: Shape,
  kernel: Shape,
  { strides, padding, dilations }: ConvolutionAttributes,
): number[] {
  return [0, 1].map((axis) => {
    const padded = sizeAt(image, axis - 2) + at(padding, axis) + at(padding, axis + 2);
    const size = extent(sizeAt(kernel, axis - 2), at(dilations, axis));
    if (size > padded) {
      throw new LabError('shape', `a kernel of extent ${String(size)} does not fit ${String(padded)} padded pixels`);
    }
    return Math.floor((padded - size) / at(strides, axis)) + 1;
  });
}

function onnxAttributes({ strides, padding, dilations, groups }: ConvolutionAttributes, kernel: Shape) {
  return { strides, pads: padding, dilations, group: groups, kernel_shape: kernel.slice(2) };
}

/**
 * A convolution with a kernel [O, C / groups, h, w]. Where the engine offers blocked channels and they fit, ONNX Runtime's
 * kernels for those: 1.3 to 2 times as fast, the reordering included.
 */
function convolve(
  emit: OnnxEmitter,
  x: string,
  kernel: string,
  shape: Shape,
  attributes: ReturnType<typeof onnxAttributes>,
): string {
  const block = emit.channelBlock;
  const [out, channels, height, width] = shape as readonly [number, number, number, number]; // checked by the convolution
  if (block === undefined || attributes.group !== 1 || out % block !== 0 || channels % block !== 0) {
    return emit.one('Conv', [x, kernel], attributes);
  }
  const blocks = emit.ints([out / block, block, channels / block, block, height, width]);
  const perm = [0, 2, 4, 5, 3, 1]; // [O / block, C / block, h, w, C in the block, O in the block]
  const apart = emit.one('Transpose', [emit.one('Reshape', [kernel, blocks])], { perm });
  const blocked = emit.one('Reshape', [apart, emit.ints(shape)]);
  const image = emit.one('ReorderInput', [x], {}, blockedDomain);
  const result = emit.one('Conv', [image, blocked], attributes, blockedDomain);
  return emit.one('ReorderOutput', [result], { channels: out }, blockedDomain);
}

function flops(result: Shape, kernel: Shape): number {
  return 2 * elementCount(result) * elementCount(kernel.slice(1));
}

const convolutionOp = defineOp<ConvolutionAttributes>({
  name: 'convolution',
  infer(inputs, attributes) {
    const [x, kernel] = [requireFloat(at(inputs, 0)).shape, requireFloat(at(inputs, 1), 'the kernel').shape];
    const { groups } = attributes;
    if (x.length !== 4 || kernel.length !== 4) {
      throw new LabError('shape', 'needs [N, C, H, W] and a kernel [O, C / groups, h, w]');
    }
    if (sizeAt(x, 1) !== sizeAt(kernel, 1) * groups || sizeAt(kernel, 0) % groups !== 0) {
      throw new LabError(
        'shape',
        `${String(sizeAt(x, 1))} channels in ${String(groups)} groups do not fit the kernel ${showShape(kernel)}`,
      );
    }
    return [{ dtype: 'float32', shape: [sizeAt(x, 0), sizeAt(kernel, 0), ...convolvedSize(x, kernel, attributes)] }];
  },
  gradient({ inputs, attributes }, [gradient], needed) {
    if (!gradient) return [];
    const [x, kernel] = [at(inputs, 0), at(inputs, 1)];
    return [
      needed[0] ? apply(inputGradientOp, [gradient, kernel], { ...attributes, size: x.shape.slice(2) }) : undefined,
      needed[1] ? apply(filterGradientOp, [x, gradient], { ...attributes, size: kernel.shape.slice(2) }) : undefined,
    ];
  },
  onnx: (emit, inputs, node) => {
    const shape = at(node.inputs, 1).shape;
    return [convolve(emit, at(inputs, 0), at(inputs, 1), shape, onnxAttributes(node.attributes, shape))];
  },
  tfjs: (tf, inputs, { attributes }) => [convolveWithTfjs(tf, at(inputs, 0), at(inputs, 1), attributes)],
  flops: ({ inputs, outputs }) => flops(at(outputs, 0).shape, at(inputs, 1).shape),
});

interface GradientAttributes extends ConvolutionAttributes {
  /** Of the image for the input gradient, of the kernel for the filter gradient: [height, width]. */
  readonly size: readonly number[];
}

const inputGradientOp = defineOp<GradientAttributes>({
  name: 'convolution-input-gradient',
  infer(inputs, { groups, size }) {
    const [gradient, kernel] = [at(inputs, 0).shape, at(inputs, 1).shape];
    return [{ dtype: 'float32', shape: [sizeAt(gradient, 0), sizeAt(kernel, 1) * groups, ...size] }];
  },
  onnx(emit, inputs, node) {
    const { strides, padding, dilations, groups, size } = node.attributes;
    const [gradient, kernel] = [at(node.inputs, 0).shape, at(node.inputs, 1).shape];
    const reach = [0, 1].map((axis) => extent(sizeAt(kernel, axis - 2), at(dilations, axis)) - 1);
    const pads = [...reach, ...reach].map((length, side) => length - at(padding, side));
    if (strides.every((stride) => stride === 1) && pads.every((pad) => pad >= 0)) {
      const turned = turnKernel(emit, at(inputs, 1), kernel, groups);
      const attributes = { pads, dilations, group: groups, strides, kernel_shape: kernel.slice(2) };
      const shape = [sizeAt(kernel, 1) * groups, sizeAt(kernel, 0) / groups, ...kernel.slice(2)];
      return [convolve(emit, at(inputs, 0), turned, shape, attributes)];
    }
    const missing = [0, 1].map((axis) => {
      const covered = (sizeAt(gradient, axis - 2) - 1) * at(strides, axis) + at(reach, axis) + 1;
      return at(size, axis) + at(padding, axis) + at(padding, axis + 2) - covered;
    });
    return [emit.one('ConvTranspose', inputs, { ...onnxAttributes(node.attributes, kernel), output_padding: missing })];
  },
  tfjs: (tf, inputs, { attributes, outputs }) => [
    inputGradientWithTfjs(tf, at(inputs, 0), at(inputs, 1), attributes, at(outputs, 0).shape),
  ],
  flops: ({ inputs }) => flops(at(inputs, 0).shape, at(inputs, 1).shape),
});

/** [O, C / groups, h, w] → [C, O / groups, h, w], turned by 180°. */
function turnKernel(emit: OnnxEmitter, kernel: string, shape: Shape, groups: number): string {
  const [out, perGroup, height, width] = shape as readonly [number, number, number, number]; // checked by the convolution
  const apart = emit.one('Reshape', [kernel, emit.ints([groups, out / groups, perGroup, height, width])]);
  const swapped = emit.one('Transpose', [apart], { perm: [0, 2, 1, 3, 4] });
  const joined = emit.one('Reshape', [swapped, emit.ints([groups * perGroup, out / groups, height, width])]);
  if (height === 1 && width === 1) return joined;
  const before = -(2 ** 31); // a negative step ends before the first element
  return emit.one('Slice', [
    joined,
    emit.ints([-1, -1]),
    emit.ints([before, before]),
    emit.ints([2, 3]),
    emit.ints([-1, -1]),
  ]);
}

const filterGradientOp = defineOp<GradientAttributes>({
  name: 'convolution-filter-gradient',
  infer(inputs, { groups, size }) {
    const [x, gradient] = [at(inputs, 0).shape, at(inputs, 1).shape];
    return [{ dtype: 'float32', shape: [sizeAt(gradient, 1), sizeAt(x, 1) / groups, ...size] }];
  },
  onnx(emit, inputs, node) {
    const { groups } = node.attributes;
    const [x, gradient] = [at(node.inputs, 0).shape, at(node.inputs, 1).shape];
    const depthwise = sizeAt(x, 1) === groups && sizeAt(gradient, 1) === groups;
    const lower = depthwise ? depthwiseFilterGradient : groupedFilterGradient;
    return [lower(emit, inputs, x, gradient, node.attributes)];
  },
  tfjs: (tf, inputs, { attributes, outputs }) => [
    filterGradientWithTfjs(tf, at(inputs, 0), at(inputs, 1), attributes, at(outputs, 0).shape),
  ],
  flops: ({ inputs, outputs }) => flops(at(inputs, 1).shape, at(outputs, 0).shape),
});

/** For each place of the kernel, the pixels that it meets, as ONNX slices of `x` along the axes 2 and 3. */
function shiftedImages(
  emit: OnnxEmitter,
  x: string,
  [height, width]: readonly [number, number],
  attributes: GradientAttributes,
): string[] {
  const { strides, dilations, size } = attributes;
  const stop = (start: number, count: number, stride: number): number => start + (count - 1) * stride + 1;
  return Array.from({ length: at(size, 0) * at(size, 1) }, (_, place) => {
    const top = Math.floor(place / at(size, 1)) * at(dilations, 0);
    const left = (place % at(size, 1)) * at(dilations, 1);
    const ends = [stop(top, height, at(strides, 0)), stop(left, width, at(strides, 1))];
    return emit.one('Slice', [x, emit.ints([top, left]), emit.ints(ends), emit.ints([2, 3]), emit.ints(strides)]);
  });
}

function padImage(emit: OnnxEmitter, x: string, padding: readonly number[]): string {
  if (padding.every((amount) => amount === 0)) return x;
  const [top, left, bottom, right] = padding as readonly [number, number, number, number]; // one for each side
  return emit.one('Pad', [x, emit.ints([0, 0, top, left, 0, 0, bottom, right])]);
}

/** With fewer channels than these, the places of the kernel go into one product: thin matrices are slow to multiply. */
const fewChannels = 8;

/**
 * For each place of the kernel, each image and each group one matrix product [C, pixels] · [pixels, O], summed over the
 * images. Both factors are read as they lie in memory: nothing is transposed.
 */
function groupedFilterGradient(
  emit: OnnxEmitter,
  inputs: readonly string[],
  x: Shape,
  gradient: Shape,
  attributes: GradientAttributes,
): string {
  const { groups, padding, size } = attributes;
  const [count, out, height, width] = gradient as readonly [number, number, number, number]; // the result of a convolution
  const [channels, pixels] = [sizeAt(x, 1) / groups, height * width];
  const outer = groups === 1 ? [count] : [count, groups];
  const places = elementCount(size);

  const gradients = emit.one('Reshape', [at(inputs, 1), emit.ints([...outer, out / groups, pixels])]);
  const columns = shiftedImages(emit, padImage(emit, at(inputs, 0), padding), [height, width], attributes).map(
    (image) => emit.one('Reshape', [image, emit.ints([...outer, channels, pixels])]),
  );
  const together = channels < fewChannels && places > 1;
  const factors = together ? [emit.one('Concat', columns, { axis: outer.length })] : columns;
  const sums = factors.map((factor) => {
    const product = emit.one('FusedMatMul', [factor, gradients], { transB: 1 }, microsoftDomain);
    const sum = emit.one('ReduceSum', [product, emit.ints([0])], { keepdims: 0 });
    return emit.one('Reshape', [sum, emit.ints([groups, factors.length === 1 ? places : 1, channels, out / groups])]);
  });
  const joined = sums.length === 1 ? at(sums, 0) : emit.one('Concat', sums, { axis: 1 });
  const ordered = emit.one('Transpose', [joined], { perm: [0, 3, 2, 1] });
  return emit.one('Reshape', [ordered, emit.ints([out, channels, ...size])]);
}

/** With one channel in a group there is nothing to multiply as a matrix: products and sums. */
function depthwiseFilterGradient(
  emit: OnnxEmitter,
  inputs: readonly string[],
  x: Shape,
  gradient: Shape,
  attributes: GradientAttributes,
): string {
  const [height, width] = [sizeAt(gradient, 2), sizeAt(gradient, 3)];
  const padded = padImage(emit, at(inputs, 0), attributes.padding);
  const columns = shiftedImages(emit, padded, [height, width], attributes).map((image) => {
    const sum = emit.one('ReduceSum', [emit.one('Mul', [image, at(inputs, 1)]), emit.ints([0, 2, 3])], { keepdims: 0 });
    return emit.one('Reshape', [sum, emit.ints([sizeAt(x, 1), 1])]);
  });
  const joined = columns.length === 1 ? at(columns, 0) : emit.one('Concat', columns, { axis: 1 });
  return emit.one('Reshape', [joined, emit.ints([sizeAt(x, 1), 1, ...attributes.size])]);
}

export interface ConvolutionOptions {
  /** The same both ways, or [vertical, horizontal]; 1 unless given. */
  readonly stride?: number | readonly [number, number];
  /** 'same' keeps ⌈size / stride⌉, the odd pixel of padding going to the bottom and right; 'valid' adds nothing (default). */
  readonly padding?: 'same' | 'valid' | number | readonly [top: number, left: number, bottom: number, right: number];
  readonly dilation?: number | readonly [number, number];
  readonly groups?: number;
}

/** Convolution of x [N, C, H, W] with a kernel [O, C / groups, h, w] → [N, O, H', W']. Throws `LabError('shape')`. */
export function convolution2d(x: Value, kernel: Value, options: ConvolutionOptions = {}): Value {
  return apply(convolutionOp, [x, kernel], convolutionAttributes(x.shape, kernel.shape, options));
}

/** Convolution of x [N, C, L] with a kernel [O, C / groups, k] → [N, O, L']; padding is [before, after] or a word. */
export function convolution1d(
  x: Value,
  kernel: Value,
  {
    stride = 1,
    padding = 'valid',
    dilation = 1,
    groups = 1,
  }: {
    readonly stride?: number;
    readonly padding?: 'same' | 'valid' | readonly [before: number, after: number];
    readonly dilation?: number;
    readonly groups?: number;
  } = {},
): Value {
  if (x.shape.length !== 3 || kernel.shape.length !== 3) {
    throw new LabError(
      'shape',
      `needs [N, C, L] and a kernel [O, C / groups, k], got ${showShape(x.shape)} and ${showShape(kernel.shape)}`,
    );
  }
  const flat = (value: Value): Value => reshape(value, [...value.shape.slice(0, 2), 1, sizeAt(value.shape, 2)]);
  const sides = typeof padding === 'string' ? padding : ([0, padding[0], 0, padding[1]] as const);
  const result = convolution2d(flat(x), flat(kernel), {
    stride: [1, stride],
    padding: sides,
    dilation: [1, dilation],
    groups,
  });
  return reshape(result, [sizeAt(result.shape, 0), sizeAt(result.shape, 1), sizeAt(result.shape, 3)]);
}

/** Spelled-out attributes for an image and a window: shared by convolution and pooling. */
export function convolutionAttributes(image: Shape, window: Shape, options: ConvolutionOptions): ConvolutionAttributes {
  const { padding = 'valid', groups = 1 } = options;
  const [strides, dilations] = [bothWays(options.stride ?? 1), bothWays(options.dilation ?? 1)];
  if (typeof padding === 'number') return { strides, dilations, groups, padding: [padding, padding, padding, padding] };
  if (typeof padding !== 'string') return { strides, dilations, groups, padding };
  if (padding === 'valid') return { strides, dilations, groups, padding: [0, 0, 0, 0] };
  const totals = [0, 1].map((axis) => {
    const size = sizeAt(image, axis - 2);
    const stride = at(strides, axis);
    const covered = (Math.ceil(size / stride) - 1) * stride + extent(sizeAt(window, axis - 2), at(dilations, axis));
    return Math.max(0, covered - size);
  });
  const before = totals.map((total) => Math.floor(total / 2));
  return { strides, dilations, groups, padding: [...before, ...totals.map((total, axis) => total - at(before, axis))] };
}

function bothWays(value: number | readonly [number, number]): readonly number[] {
  return typeof value === 'number' ? [value, value] : value;
}
