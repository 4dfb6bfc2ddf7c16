/** Two-dimensional convolution over [N, C, H, W] with stride, padding, dilation and groups. */
import { LabError } from '../../../shared/errors.ts';
import { apply, at, defineOp, requireFloat } from '../op.ts';
import type { Shape, Value } from '../program.ts';
import { showShape, sizeAt } from '../shape.ts';
import { reshape } from './broadcasting.ts';
import { filterGradientOp, inputGradientOp } from './convolution-gradients.ts';
import type { ConvolutionAttributes } from './convolution-kernels.ts';
import { convolve, convolvedSize, extent, flops, onnxAttributes } from './convolution-kernels.ts';
import { convolveWithTfjs } from './tfjs-convolution.ts';

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
