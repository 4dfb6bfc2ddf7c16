/** Convolution and transposed convolution along one or two axes. */
import { LabError } from '../../../../shared/errors.ts';
import type { Value } from '../../../graph/index.ts';
import { add, convolution2d, reshape, sizeAt, transposedConvolution2d } from '../../../graph/index.ts';
import type { Operator, Step } from '../step.ts';
import type { Windows } from './windows.ts';
import { asImage, extentOf, likeInput, windowsOf } from './windows.ts';

function withBias(step: Step, result: Value): Value {
  if (!step.inputs[2]) return result;
  const bias = step.value(2);
  return add(result, reshape(bias, [sizeAt(bias.shape, 0), ...result.shape.slice(2).map(() => 1)]));
}

const convolve: Operator = (step) => {
  const [x, kernel] = [step.value(0), step.value(1)];
  const { strides, dilations, padding } = windowsOf(step, x, kernel.shape.slice(2));
  const groups = step.integer('group', 1);
  const result = convolution2d(asImage(x), asImage(kernel), { stride: strides, dilation: dilations, padding, groups });
  return withBias(step, likeInput(result, x));
};

/** Padding of a transposed convolution takes away what it makes; `output_shape` says how much has to be left. */
const convolveTransposed: Operator = (step) => {
  const [x, kernel] = [step.value(0), step.value(1)];
  const windows = windowsOf(step, x, kernel.shape.slice(2));
  const image = asImage(x);
  const { extra, padding } = margins(step, image, windows, x.shape.length - 2);
  const size = ([0, 1] as const).map((axis) => {
    const made = (sizeAt(image.shape, axis + 2) - 1) * windows.strides[axis];
    const covered = made + extentOf(windows.size[axis], windows.dilations[axis]);
    return covered + extra[axis]! - padding[axis]! - padding[axis + 2]!;
  }) as [number, number]; // one for each axis
  const result = transposedConvolution2d(image, asImage(kernel), {
    strides: windows.strides,
    dilations: windows.dilations,
    padding,
    groups: step.integer('group', 1),
    size,
  });
  return withBias(step, likeInput(result, x));
};

function margins(
  step: Step,
  image: Value,
  { size, strides, dilations, padding }: Windows,
  axes: number,
): { extra: readonly number[]; padding: readonly number[] } {
  const spread = (list: readonly number[] | undefined): readonly number[] =>
    axes === 1 ? [0, list?.[0] ?? 0] : [list?.[0] ?? 0, list?.[1] ?? 0];
  const extra = spread(step.list('output_padding'));
  const word = step.text('auto_pad', 'NOTSET');
  const wanted = step.list('output_shape')?.slice(-axes);
  const isSame = word === 'SAME_UPPER' || word === 'SAME_LOWER';
  if (!wanted && !isSame) return { extra, padding };
  const totals = ([0, 1] as const).map((axis) => {
    if (axes === 1 && axis === 0) return 0;
    const input = sizeAt(image.shape, axis + 2);
    const target = wanted ? (wanted[axes === 1 ? 0 : axis] ?? 0) : input * strides[axis];
    return (input - 1) * strides[axis] + extra[axis]! + extentOf(size[axis], dilations[axis]) - target;
  });
  if (totals.some((total) => total < 0)) {
    throw new LabError('bad-spec', 'its output_shape is larger than what its kernel covers');
  }
  const less = totals.map((total) => Math.floor(total / 2));
  const more = totals.map((total, axis) => total - less[axis]!);
  return { extra, padding: word === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less] };
}

export const convolutionOperators: Readonly<Record<string, Operator>> = {
  Conv: convolve,
  ConvTranspose: convolveTransposed,
};
