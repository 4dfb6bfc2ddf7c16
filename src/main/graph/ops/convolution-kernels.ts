/** What convolution and its gradients share: sizes, costs, and the fastest kernels of the engine. */
import { LabError } from '../../../shared/errors.ts';
import type { OnnxEmitter } from '../onnx.ts';
import { blockedDomain } from '../onnx.ts';
import { at } from '../op.ts';
import type { Shape } from '../program.ts';
import { elementCount, sizeAt } from '../shape.ts';

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
export const extent = (size: number, dilation: number): number => (size - 1) * dilation + 1;

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
      throw new LabError(
        'shape',
        `a window of ${String(size)} does not fit into ${String(padded)} with its padding: let less shrink it before, or take a smaller window`,
      );
    }
    return Math.floor((padded - size) / at(strides, axis)) + 1;
  });
}

export function onnxAttributes({ strides, padding, dilations, groups }: ConvolutionAttributes, kernel: Shape) {
  return { strides, pads: padding, dilations, group: groups, kernel_shape: kernel.slice(2) };
}

/**
 * A convolution with a kernel [O, C / groups, h, w]. Where the engine offers blocked channels and they fit, ONNX Runtime's
 * kernels for those: 1.3 to 2 times as fast, the reordering included.
 */
export function convolve(
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

export function flops(result: Shape, kernel: Shape): number {
  return 2 * elementCount(result) * elementCount(kernel.slice(1));
}
