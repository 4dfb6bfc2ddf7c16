/**
 * The gradients of a convolution. Each is an op of its own, because the fast formulation is not the textbook one.
 *
 * On the CPU provider the input gradient of a convolution with stride 1 runs faster as a convolution with the turned
 * kernel than as ConvTranspose. The filter gradient is a convolution too, of the images with their gradients as kernels
 * and the batch in the channels' place; that is fast in ONNX Runtime's blocked kernels and slow in its plain ones, where
 * matrix products for each place of the kernel are faster.
 */
import type { OnnxEmitter } from '../onnx.ts';
import { blockedDomain, microsoftDomain } from '../onnx.ts';
import { at, defineOp } from '../op.ts';
import type { Shape } from '../program.ts';
import { elementCount, sizeAt } from '../shape.ts';
import type { ConvolutionAttributes } from './convolution-kernels.ts';
import { convolve, extent, flops, onnxAttributes } from './convolution-kernels.ts';
import { filterGradientWithTfjs, inputGradientWithTfjs } from './tfjs-convolution.ts';

interface GradientAttributes extends ConvolutionAttributes {
  /** Of the image for the input gradient, of the kernel for the filter gradient: [height, width]. */
  readonly size: readonly number[];
}

export const inputGradientOp = defineOp<GradientAttributes>({
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

export const filterGradientOp = defineOp<GradientAttributes>({
  name: 'convolution-filter-gradient',
  infer(inputs, { groups, size }) {
    const [x, gradient] = [at(inputs, 0).shape, at(inputs, 1).shape];
    return [{ dtype: 'float32', shape: [sizeAt(gradient, 1), sizeAt(x, 1) / groups, ...size] }];
  },
  onnx(emit, inputs, node) {
    const { groups } = node.attributes;
    const [x, gradient] = [at(node.inputs, 0).shape, at(node.inputs, 1).shape];
    const depthwise = sizeAt(x, 1) === groups && sizeAt(gradient, 1) === groups;
    const block = blockOfFilterGradient(emit, x, gradient, node.attributes);
    if (block !== undefined) return [blockedFilterGradient(emit, inputs, x, gradient, node.attributes, block)];
    const lower = depthwise ? depthwiseFilterGradient : groupedFilterGradient;
    return [lower(emit, inputs, x, gradient, node.attributes)];
  },
  tfjs: (tf, inputs, { attributes, outputs }) => [
    filterGradientWithTfjs(tf, at(inputs, 0), at(inputs, 1), attributes, at(outputs, 0).shape),
  ],
  flops: ({ inputs, outputs }) => flops(at(inputs, 1).shape, at(outputs, 0).shape),
});

/** Filters that a blocked kernel works on at once, in blocks of channels; it reads all of them again for each row of its result. */
const blocksAtOnce = 4;
/** Of filters at once: what stays in a processor's cache while that is repeated for every channel (bench/README.md has the machine). */
const cachedBytes = 2 ** 23;
/** So few channels repeat it rarely enough whatever the size. */
const fewRepetitions = 16;

/** The block of channels with which blocked kernels are right and faster than products; undefined where they are not. */
function blockOfFilterGradient(
  { channelBlock }: OnnxEmitter,
  x: Shape,
  gradient: Shape,
  { groups, size }: GradientAttributes,
): number | undefined {
  const [count, out, height, width] = gradient as readonly [number, number, number, number]; // the result of a convolution
  const channels = sizeAt(x, 1);
  if (channelBlock === undefined || groups !== 1 || channels === 1 || elementCount(size) === 1) return undefined;
  if (count % channelBlock !== 0 || out % channelBlock !== 0) return undefined;
  const bytes = 4 * count * height * width * Math.min(out, blocksAtOnce * channelBlock);
  return channels <= fewRepetitions || bytes <= cachedBytes ? channelBlock : undefined;
}

/**
 * As a convolution of [C, N, H, W] with the kernels [O, N, H', W'], whose places are as far apart as the strides were, in steps
 * of the dilation: the result [C, O, h, w] is as small as the kernel whose gradient it is. The padding is written out, because
 * the blocked kernels compute columns that touch padding one by one, and here that would be most of them.
 */
function blockedFilterGradient(
  emit: OnnxEmitter,
  inputs: readonly string[],
  x: Shape,
  gradient: Shape,
  { strides, dilations, padding, size }: GradientAttributes,
  block: number,
): string {
  const [count, out, height, width] = gradient as readonly [number, number, number, number]; // the result of a convolution
  const missing = [0, 1].map((axis) => {
    const read = (sizeAt(gradient, axis - 2) - 1) * at(strides, axis) + extent(at(size, axis), at(dilations, axis));
    return read - sizeAt(x, axis - 2) - at(padding, axis); // less than nothing where the last pixels were not read
  });
  const sides = [at(padding, 0), at(padding, 1), ...missing];
  const swappedShape = [sizeAt(x, 1), count, sizeAt(x, 2), sizeAt(x, 3)];
  const swapped = emit.one('Transpose', [at(inputs, 0)], { perm: [1, 0, 2, 3] });
  const images = padBlockedImage(
    emit,
    emit.one('ReorderInput', [swapped], {}, blockedDomain),
    swappedShape,
    sides,
    block,
  );

  const reordered = emit.one('ReorderInput', [at(inputs, 1)], {}, blockedDomain); // [N, O / block, H', W', O in the block]
  const apart = emit.one('Reshape', [reordered, emit.ints([count / block, block, out / block, height * width, block])]);
  const kernels = emit.one('Reshape', [
    emit.one('Transpose', [apart], { perm: [2, 0, 3, 1, 4] }),
    emit.ints([out, count, height, width]),
  ]);
  const attributes = {
    strides: dilations,
    dilations: strides,
    pads: [0, 0, 0, 0],
    group: 1,
    kernel_shape: [height, width],
  };
  const result = emit.one('Conv', [images, kernels], attributes, blockedDomain);
  const plain = emit.one('ReorderOutput', [result], { channels: out }, blockedDomain);
  return emit.one('Transpose', [plain], { perm: [1, 0, 2, 3] });
}

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

/** As `padImage`, where `shape` lies in memory as [N, C / block, H, W, block]: rows that are so much longer are copied faster. */
function padBlockedImage(
  emit: OnnxEmitter,
  x: string,
  shape: Shape,
  padding: readonly number[],
  block: number,
): string {
  if (padding.every((amount) => amount === 0)) return x;
  const [top, left, bottom, right] = padding as readonly [number, number, number, number]; // one for each side
  const [count, channels, height, width] = shape as readonly [number, number, number, number]; // of images
  const rows = emit.one('Reshape', [x, emit.ints([count, channels / block, height, width * block])]);
  const padded = emit.one('Pad', [rows, emit.ints([0, 0, top, left * block, 0, 0, bottom, right * block])]);
  return emit.one('Reshape', [padded, emit.ints([count, channels, top + height + bottom, left + width + right])]);
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
  const perm = [...outer.keys(), outer.length + 1, outer.length];
  const transposed = emit.onDevice ? emit.one('Transpose', [gradients], { perm }) : '';
  const together = channels < fewChannels && places > 1;
  const factors = together ? [emit.one('Concat', columns, { axis: outer.length })] : columns;
  const sums = factors.map((factor) => {
    const product = emit.onDevice
      ? emit.one('MatMul', [factor, transposed])
      : emit.one('FusedMatMul', [factor, gradients], { transB: 1 }, microsoftDomain);
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
