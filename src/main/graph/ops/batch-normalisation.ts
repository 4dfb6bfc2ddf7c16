/** Batch normalisation (Ioffe & Szegedy 2015) over every axis but the second, which holds the channels. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { LabError } from '../../../shared/errors.ts';
import type { TensorFlow } from '../op.ts';
import { apply, applyAll, at, defineOp, requireFloat } from '../op.ts';
import type { Shape, TensorType, Value } from '../program.ts';
import { constant } from '../program.ts';
import { elementCount, sizeAt } from '../shape.ts';
import { reshape, sum } from './broadcasting.ts';
import { add, divide, multiply, negate, scale, shift, sqrt } from './elementwise.ts';

/** All axes but the channels'. */
const statisticAxes = (shape: Shape): number[] => shape.map((_, axis) => axis).filter((axis) => axis !== 1);

/**
 * The same axes as two sums, one after the other: engines add float32 numbers up as they come, and over all places of a batch the rounding
 * would be a hundred times that of a single number.
 */
function inTwoParts(shape: Shape): readonly [first: number[], second: number[]] {
  const axes = statisticAxes(shape);
  return axes.length < 2 ? [axes, []] : [axes.slice(-1), axes.slice(0, -1)];
}

/** Over the places of each channel, [C]. */
function sumOverPlaces(x: Value): Value {
  const [first, second] = inTwoParts(x.shape);
  return second.length === 0 ? sum(x, first) : sum(sum(x, first), second);
}

/** [C] so that it broadcasts against [N, C, …]. */
const beside = (channels: Value, shape: Shape): Value =>
  reshape(
    channels,
    shape.slice(1).map((size, axis) => (axis === 0 ? size : 1)),
  );

function requireChannels(inputs: readonly TensorType[]): void {
  const x = requireFloat(at(inputs, 0));
  const fits =
    x.shape.length >= 2 && inputs.slice(1).every(({ shape }) => shape.length === 1 && shape[0] === x.shape[1]);
  if (!fits) throw new LabError('shape', 'needs [N, C, …] and vectors of C elements');
}

const channelAffineOp = defineOp({
  name: 'channel-affine',
  infer(inputs) {
    requireChannels(inputs);
    return [at(inputs, 0)];
  },
  gradient({ inputs }, [gradient], needed) {
    if (!gradient) return [];
    const [x, factor] = [at(inputs, 0), at(inputs, 1)];
    return [
      needed[0] ? multiply(gradient, beside(factor, x.shape)) : undefined,
      needed[1] ? sumOverPlaces(multiply(gradient, x)) : undefined,
      needed[2] ? sumOverPlaces(gradient) : undefined,
    ];
  },
  /** The inference kernel with mean 0 and variance 1: one pass instead of a product and a sum. */
  onnx(emit, inputs, node) {
    const channels = sizeAt(at(node.outputs, 0).shape, 1);
    const filled = (value: number): string => emit.floats(new Array<number>(channels).fill(value));
    return [emit.one('BatchNormalization', [...inputs, filled(0), filled(1)], { epsilon: { float: 0 } })];
  },
  tfjs(tf, inputs) {
    const [factor, offset] = [1, 2].map((index) => channelsWithTfjs(tf, at(inputs, index), at(inputs, 0)));
    return [tf.add(tf.mul(at(inputs, 0), factor!), offset!)];
  },
  flops: ({ outputs }) => 2 * elementCount(at(outputs, 0).shape),
});

/** x·factor + offset for each channel of x [N, C, …]; factor and offset are [C]. Throws `LabError('shape')`. */
export function channelAffine(x: Value, factor: Value, offset: Value): Value {
  return apply(channelAffineOp, [x, factor, offset], {});
}

const batchNormalizationOp = defineOp<{ readonly epsilon: number }>({
  name: 'batch-normalization',
  /** The result, the batch's mean and variance, and x − mean, which the gradient reads instead of x. */
  infer(inputs) {
    requireChannels(inputs);
    const [x, gain] = [at(inputs, 0), at(inputs, 1)];
    return [x, gain, gain, x];
  },
  /**
   * Through the batch's statistics: with c = x − mean, s = 1/√(variance + ε), g the gradient and n the number of places,
   * ∂x = gain·s·(g − mean(g)) − c·gain·s³·mean(g∘c).
   */
  gradient({ inputs, outputs, attributes: { epsilon } }, [gradient], needed) {
    if (!gradient) return [];
    const [x, gain] = [at(inputs, 0), at(inputs, 1)];
    const [variance, centred] = [at(outputs, 2), at(outputs, 3)];
    const places = elementCount(x.shape) / sizeAt(x.shape, 1);
    const inverse = divide(constant(x.program, 1), sqrt(shift(variance, epsilon)));
    const total = sumOverPlaces(gradient);
    const correlation = sumOverPlaces(multiply(gradient, centred));
    const inputGradient = (): Value => {
      const slope = multiply(gain, inverse);
      const straight = channelAffine(gradient, slope, scale(negate(multiply(slope, total)), 1 / places));
      const pull = scale(multiply(multiply(slope, multiply(inverse, inverse)), correlation), -1 / places);
      return add(straight, multiply(centred, beside(pull, x.shape)));
    };
    return [
      needed[0] ? inputGradient() : undefined,
      needed[1] ? multiply(correlation, inverse) : undefined,
      needed[2] ? total : undefined,
    ];
  },
  onnx(emit, inputs, { inputs: [x], attributes: { epsilon } }) {
    const { shape } = x!; // the op has three inputs
    const channels = emit.ints([sizeAt(shape, 1)]);
    const parts = inTwoParts(shape).filter((axes) => axes.length > 0);
    const meanOverPlaces = (value: string): string =>
      parts.reduce((partial, axes) => emit.one('ReduceMean', [partial], { axes, keepdims: 1 }), value);
    const average = meanOverPlaces(at(inputs, 0));
    const centred = emit.one('Sub', [at(inputs, 0), average]);
    const variance = emit.one('Reshape', [meanOverPlaces(emit.one('Mul', [centred, centred])), channels]);
    const flat = emit.one('Reshape', [average, channels]);
    const statistics = [...inputs, flat, variance];
    return [emit.one('BatchNormalization', statistics, { epsilon: { float: epsilon } }), flat, variance, centred];
  },
  tfjs(tf, inputs, { attributes: { epsilon } }) {
    const x = at(inputs, 0);
    const { mean, variance } = tf.moments(x, statisticAxes(x.shape));
    const [average, spread, gain, bias] = [mean, variance, at(inputs, 1), at(inputs, 2)].map((value) =>
      channelsWithTfjs(tf, value, x),
    );
    const centred = tf.sub(x, average!);
    const standardised = tf.mul(centred, tf.rsqrt(tf.add(spread!, epsilon)));
    return [tf.add(tf.mul(standardised, gain!), bias!), mean, variance, centred];
  },
  flops: ({ outputs }) => 8 * elementCount(at(outputs, 0).shape),
});

function channelsWithTfjs(tf: TensorFlow, channels: Tensor, x: Tensor): Tensor {
  return tf.reshape(
    channels,
    x.shape.slice(1).map((size, axis) => (axis === 0 ? size : 1)),
  );
}

export interface BatchNormalization {
  readonly normalised: Value;
  /** Of this batch, [C]. For the running statistics only: no gradient flows through them. */
  readonly mean: Value;
  /** Biased, as the normalisation uses it. */
  readonly variance: Value;
}

/** (x − mean) / √(variance + epsilon) · gain + bias with the batch's own statistics. Throws `LabError('shape')`. */
export function batchNormalization(x: Value, gain: Value, bias: Value, epsilon: number): BatchNormalization {
  const outputs = applyAll(batchNormalizationOp, [x, gain, bias], { epsilon });
  return { normalised: at(outputs, 0), mean: at(outputs, 1), variance: at(outputs, 2) };
}
