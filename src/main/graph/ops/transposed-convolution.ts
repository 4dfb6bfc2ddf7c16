/** Transposed convolution: what the gradient of a convolution towards its input computes, as an op with gradients of its own. */
import { LabError } from '../../../shared/errors.ts';
import { apply, at, defineOp, requireFloat } from '../op.ts';
import type { Value } from '../program.ts';
import { sameShape, showShape, sizeAt } from '../shape.ts';
import { convolution2d } from './convolution.ts';
import { filterGradientOp, inputGradientOp } from './convolution-gradients.ts';
import type { ConvolutionAttributes } from './convolution-kernels.ts';
import { convolvedSize } from './convolution-kernels.ts';

interface TransposedAttributes extends ConvolutionAttributes {
  /** [height, width] of the result, which strides leave open. */
  readonly size: readonly number[];
}

const transposedConvolutionOp = defineOp<TransposedAttributes>({
  name: 'transposed-convolution',
  infer(inputs, attributes) {
    const [x, kernel] = [requireFloat(at(inputs, 0)).shape, requireFloat(at(inputs, 1), 'the kernel').shape];
    const { groups, size } = attributes;
    if (x.length !== 4 || kernel.length !== 4) {
      throw new LabError('shape', 'needs [N, C, H, W] and a kernel [C, O / groups, h, w]');
    }
    if (sizeAt(x, 1) !== sizeAt(kernel, 0) || sizeAt(x, 1) % groups !== 0) {
      throw new LabError(
        'shape',
        `${String(sizeAt(x, 1))} channels in ${String(groups)} groups do not fit the kernel ${showShape(kernel)}`,
      );
    }
    const shape = [sizeAt(x, 0), sizeAt(kernel, 1) * groups, ...size];
    if (!size.every((side) => side > 0) || !sameShape(convolvedSize(shape, kernel, attributes), x.slice(2))) {
      throw new LabError('shape', `no convolution leads from ${showShape(size)} to ${showShape(x.slice(2))}`);
    }
    return [{ dtype: 'float32', shape }];
  },
  gradient({ inputs, attributes }, [gradient], needed) {
    if (!gradient) return [];
    const [x, kernel] = [at(inputs, 0), at(inputs, 1)];
    const { strides, padding, dilations, groups } = attributes;
    return [
      needed[0]
        ? convolution2d(gradient, kernel, {
            stride: pair(strides),
            dilation: pair(dilations),
            padding: [at(padding, 0), at(padding, 1), at(padding, 2), at(padding, 3)],
            groups,
          })
        : undefined,
      needed[1] ? apply(filterGradientOp, [gradient, x], { ...attributes, size: kernel.shape.slice(2) }) : undefined,
    ];
  },
  onnx: (emit, inputs, node) => inputGradientOp.onnx(emit, inputs, node),
  tfjs: (tf, inputs, node) => inputGradientOp.tfjs(tf, inputs, node),
  flops: (node) => inputGradientOp.flops!(node), // it says its cost
});

const pair = (values: readonly number[]): readonly [number, number] => [at(values, 0), at(values, 1)];

export interface TransposedConvolutionOptions {
  /** [vertical, horizontal], as the next one. */
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Taken away from the result: [top, left, bottom, right]. */
  readonly padding: readonly number[];
  readonly groups: number;
  /** [height, width] of the result. */
  readonly size: readonly [number, number];
}

/**
 * Transposed convolution of x [N, C, H, W] with a kernel [C, O / groups, h, w] → [N, O, ...size]: the convolution with this kernel
 * and these options leads back from there to the size of x. Throws `LabError('shape')`.
 */
export function transposedConvolution2d(x: Value, kernel: Value, options: TransposedConvolutionOptions): Value {
  const { strides, dilations, padding, groups, size } = options;
  return apply(transposedConvolutionOp, [x, kernel], { strides, dilations, padding, groups, size });
}
