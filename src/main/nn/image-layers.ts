/** The layers of networks on images: a convolution with its kernel, batch normalisation with its running statistics. */
import { z } from 'zod';
import {
  add,
  batchNormalization,
  channelAffine,
  constant,
  convolution2d,
  divide,
  elementCount,
  multiply,
  reshape,
  scale,
  shift,
  sizeAt,
  sqrt,
  subtract,
} from '../graph/index.ts';
import type { ConvolutionOptions } from '../graph/index.ts';
import type { Value } from '../graph/program.ts';
import { assign, parameter, scopePath, withScope } from '../graph/program.ts';
import type { BuildContext } from './block.ts';
import type { WeightInitialisation } from './initialisers.ts';
import { weightInitialiser } from './initialisers.ts';

export interface ConvolutionLayerOptions extends ConvolutionOptions {
  readonly channels: number;
  readonly kernel: readonly [number, number];
  readonly bias: boolean;
  readonly initialisation: WeightInitialisation;
}

/** Convolution of x [N, C, H, W] under the scope `name`: `kernel` [channels, C / groups, h, w], `bias` [channels]. */
export function convolutionLayer(x: Value, name: string, options: ConvolutionLayerOptions): Value {
  const { channels, kernel, groups = 1, initialisation } = options;
  const { program } = x;
  const perGroup = sizeAt(x.shape, 1) / groups;
  const places = kernel[0] * kernel[1];
  return withScope(program, name, () => {
    const initialiser = weightInitialiser(initialisation, perGroup * places, (channels / groups) * places);
    const weights = parameter(program, 'kernel', [channels, perGroup, ...kernel], { initialiser });
    const result = convolution2d(x, weights, options);
    if (!options.bias) return result;
    const bias = parameter(program, 'bias', [channels], { initialiser: { type: 'zeros' } });
    return add(result, reshape(bias, [channels, 1, 1]));
  });
}

export interface BatchNormalizationLayerOptions {
  /** Share of the running statistics that a step keeps. */
  readonly momentum: number;
  readonly epsilon: number;
}

/**
 * Batch normalisation of x [N, C, …] (Ioffe & Szegedy 2015) under the scope `name`: `gain`, `bias`, and the states `mean`
 * and `variance`. Training normalises with the batch's statistics and moves the running ones towards them (the variance
 * with Bessel's correction, as PyTorch and TensorFlow do); evaluation, a frozen layer and one with fixed statistics normalise
 * with the running ones. With fixed statistics gain and bias go on learning.
 */
export function batchNormalizationLayer(
  x: Value,
  name: string,
  context: BuildContext,
  options: BatchNormalizationLayerOptions,
): Value {
  const { program } = x;
  const shape = [sizeAt(x.shape, 1)];
  return withScope(program, name, () => {
    const gain = parameter(program, 'gain', shape, { initialiser: { type: 'constant', value: 1 } });
    const bias = parameter(program, 'bias', shape, { initialiser: { type: 'zeros' } });
    const mean = parameter(program, 'mean', shape, { initialiser: { type: 'zeros' }, role: 'state' });
    const variance = parameter(program, 'variance', shape, {
      initialiser: { type: 'constant', value: 1 },
      role: 'state',
    });
    return normaliseBatch(x, { gain, bias, mean, variance }, context, { ...options, path: scopePath(program) });
  });
}

/**
 * What `batchNormalizationLayer` computes, with parameters that are there already; mean and variance are states.
 *
 * @param options.path what is asked whether it is frozen
 */
export function normaliseBatch(
  x: Value,
  { gain, bias, mean, variance }: Readonly<Record<'gain' | 'bias' | 'mean' | 'variance', Value>>,
  { mode, isFrozen, hasFixedStatistics }: BuildContext,
  { momentum, epsilon, path }: BatchNormalizationLayerOptions & { readonly path: string },
): Value {
  if (mode !== 'training' || isFrozen?.(path) || hasFixedStatistics?.(path)) {
    const factor = divide(gain, sqrt(shift(variance, epsilon)));
    return channelAffine(x, factor, subtract(bias, multiply(mean, factor)));
  }
  const batch = batchNormalization(x, gain, bias, epsilon);
  const places = elementCount(x.shape) / sizeAt(x.shape, 1);
  move(mean, batch.mean, momentum);
  move(variance, scale(batch.variance, places / Math.max(1, places - 1)), momentum);
  return batch.normalised;
}

/** state ← momentum · state + (1 − momentum) · observed, once for each time the layer is applied in a step. */
function move(state: Value, observed: Value, momentum: number): void {
  const { program, source } = state;
  const before = source.kind === 'parameter' ? (program.assignments.get(source.parameter) ?? state) : state;
  assign(state, add(scale(before, momentum), scale(observed, 1 - momentum)));
}

/** (x − mean) / deviation for each channel of an image, both kept as states `mean` and `deviation`, so that they travel with the weights. */
export function standardiseChannels(
  x: Value,
  statistics: { readonly mean: readonly number[]; readonly standardDeviation: readonly number[] },
): Value {
  const { program } = x;
  const state = (name: string, values: readonly number[]): Value =>
    parameter(program, name, [values.length], {
      initialiser: { type: 'values', values: Float32Array.from(values) },
      role: 'state',
    });
  const mean = state('mean', statistics.mean);
  const factor = divide(constant(program, 1), state('deviation', statistics.standardDeviation));
  return channelAffine(x, factor, scale(multiply(mean, factor), -1));
}

export const sizeOption = z.union([
  z.int().positive(),
  z.tuple([z.int().positive(), z.int().positive()]).describe('[vertical, horizontal]'),
]);

export const paddingOption = z
  .union([z.enum(['same', 'valid']), z.int().min(0).max(1024)])
  .describe("'same' keeps ⌈size / stride⌉ pixels, 'valid' adds nothing, a number adds so many zeros on each side");

export const batchNormalizationOptions = {
  momentum: z.number().min(0).lt(1).default(0.9).describe('Share of the running statistics that a step keeps'),
  epsilon: z.number().positive().default(1e-5).describe('Added to the variance in batch normalisation'),
};

export function bothWays(size: number | readonly [number, number]): readonly [number, number] {
  return typeof size === 'number' ? [size, size] : size;
}
