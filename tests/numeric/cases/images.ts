/** Uses of the ops on images: convolution in all its variants, pooling, batch normalisation. */
import type {
  ConvolutionOptions,
  PoolingOptions,
  TransposedConvolutionOptions,
  Value,
} from '../../../src/main/graph/index.ts';
import {
  averagePooling,
  batchNormalization,
  channelAffine,
  convolution1d,
  convolution2d,
  globalAveragePooling,
  maximumPooling,
  transposedConvolution2d,
} from '../../../src/main/graph/index.ts';
import { apply, registeredOps } from '../../../src/main/graph/op.ts';
import type { OpAttributes } from '../../../src/main/graph/op.ts';
import type { OpCase } from '../harness.ts';

/** [N, C, H, W] of odd sizes, so that strides leave pixels over. */
const image = { shape: [2, 4, 5, 6] } as const;

const convolutions: readonly (readonly [title: string, kernel: readonly number[], options: ConvolutionOptions])[] = [
  ['valid', [3, 4, 3, 3], {}],
  ['same', [3, 4, 3, 3], { padding: 'same' }],
  ['same with an even kernel', [3, 4, 2, 4], { padding: 'same' }],
  ['of single pixels', [5, 4, 1, 1], {}],
  ['of single pixels with a stride', [5, 4, 1, 1], { stride: 2 }],
  ['with a stride', [3, 4, 3, 3], { stride: 2, padding: 1 }],
  ['with a stride that leaves pixels over', [3, 4, 2, 3], { stride: [3, 2] }],
  ['with padding beyond the kernel', [2, 4, 2, 2], { padding: 3 }],
  ['with uneven padding', [2, 4, 3, 2], { padding: [0, 1, 2, 3], stride: [2, 1] }],
  ['dilated', [3, 4, 3, 3], { dilation: 2, padding: 'same' }],
  ['dilated with a stride', [3, 4, 2, 3], { dilation: [2, 1], stride: 2 }],
  ['in groups', [6, 2, 3, 3], { groups: 2, padding: 1 }],
  ['in groups with a stride', [2, 2, 3, 2], { groups: 2, stride: 2, padding: 1 }],
  ['depthwise', [4, 1, 3, 3], { groups: 4, padding: 1 }],
  ['depthwise with a stride', [4, 1, 3, 3], { groups: 4, stride: 2, padding: 1 }],
  ['depthwise, two filters a channel', [8, 1, 3, 3], { groups: 4, dilation: 2, padding: 2 }],
];

const plain = { strides: [1, 1], dilations: [1, 1], padding: [0, 0, 0, 0], groups: 1 } as const;

/** Of [2, 4, 3, 4]: sizes are (in − 1) · stride + extent − padding, and up to a stride more. */
const transposedConvolutions: readonly (readonly [
  title: string,
  kernel: readonly number[],
  options: TransposedConvolutionOptions,
])[] = [
  ['of a transposed kernel', [4, 3, 3, 3], { ...plain, size: [5, 6] }],
  ['that enlarges', [4, 3, 2, 2], { ...plain, strides: [2, 2], size: [6, 8] }],
  [
    'with padding and more at the end',
    [4, 3, 3, 3],
    { ...plain, strides: [2, 2], padding: [1, 1, 1, 1], size: [6, 8] },
  ],
  ['with uneven padding', [4, 2, 3, 4], { ...plain, strides: [3, 1], padding: [0, 1, 2, 0], size: [7, 6] }],
  ['in groups with holes', [4, 2, 2, 3], { ...plain, dilations: [2, 1], groups: 2, size: [5, 6] }],
];

const poolings: readonly (readonly [title: string, options: PoolingOptions])[] = [
  ['side by side', { window: 2 }],
  ['side by side, not square', { window: [5, 3] }],
  ['overlapping', { window: 3, stride: 2 }],
  ['overlapping with padding', { window: 3, stride: 2, padding: 1 }],
  ['overlapping at every pixel', { window: [2, 3], stride: [1, 2], padding: 'same' }],
  ['with pixels between the windows', { window: 1, stride: 2 }],
];

const attributes = { strides: [2, 1], padding: [1, 1, 1, 1], dilations: [1, 1], groups: 2 };
const windows = { window: [2, 2], strides: [1, 1], padding: [0, 1, 0, 0] };

/** An op that only gradients apply, on its own. */
function gradientOp(
  op: string,
  title: string,
  inputs: OpCase['inputs'],
  names: readonly [string, ...string[]],
  values: OpAttributes,
): OpCase {
  return {
    op,
    title,
    inputs,
    constant: names,
    build: (given) => {
      const [first, ...rest] = names.map((name) => given[name]!);
      return apply(registeredOps().get(op)!, [first!, ...rest], values);
    },
  };
}

const ties = [1, 1, 0, 1, 2, 2, 0, 0, 0, 2, 2, 0];

export const imageCases: readonly OpCase[] = [
  ...convolutions.map(([title, kernel, options]): OpCase => ({
    op: 'convolution',
    title,
    inputs: { x: image, kernel: { shape: kernel } },
    build: ({ x, kernel: filter }) => convolution2d(x!, filter!, options),
  })),
  ...(['valid', 'same', [2, 0]] as const).map((padding): OpCase => ({
    op: 'convolution',
    title: `along one axis, padding ${padding.toString()}`,
    inputs: { x: { shape: [2, 3, 9] }, kernel: { shape: [4, 3, 4] } },
    build: ({ x, kernel }) => convolution1d(x!, kernel!, { padding, stride: 2 }),
  })),
  ...transposedConvolutions.map(([title, kernel, options]): OpCase => ({
    op: 'transposed-convolution',
    title,
    inputs: { x: { shape: [2, 4, 3, 4] }, kernel: { shape: kernel } },
    build: ({ x, kernel: filter }) => transposedConvolution2d(x!, filter!, options),
  })),
  gradientOp(
    'convolution-input-gradient',
    'on its own',
    { gradient: { shape: [2, 4, 3, 4] }, kernel: { shape: [4, 2, 3, 3] } },
    ['gradient', 'kernel'],
    { ...attributes, size: [5, 4] },
  ),
  gradientOp(
    'convolution-filter-gradient',
    'on its own',
    { x: { shape: [2, 4, 5, 4] }, gradient: { shape: [2, 4, 3, 4] } },
    ['x', 'gradient'],
    { ...attributes, size: [3, 3] },
  ),
  ...poolings.flatMap(([title, options]): OpCase[] => [
    { op: 'maximum-pooling', title, inputs: { x: image }, build: ({ x }) => maximumPooling(x!, options) },
    { op: 'average-pooling', title, inputs: { x: image }, build: ({ x }) => averagePooling(x!, options) },
  ]),
  gradientOp(
    'maximum-pooling-gradient',
    'to the first of equal values in overlapping windows',
    { x: { shape: [1, 1, 3, 4], data: ties }, gradient: { shape: [1, 1, 2, 4] } },
    ['x', 'gradient'],
    windows,
  ),
  gradientOp(
    'maximum-pooling-gradient',
    'to the first of equal values side by side',
    { x: { shape: [1, 1, 3, 4], data: ties }, gradient: { shape: [1, 1, 1, 2] } },
    ['x', 'gradient'],
    { window: [2, 2], strides: [2, 2], padding: [0, 0, 0, 0] },
  ),
  gradientOp('average-pooling-gradient', 'on its own', { gradient: { shape: [1, 2, 2, 4] } }, ['gradient'], {
    ...windows,
    size: [3, 4],
  }),
  {
    op: 'mean',
    title: 'of all places of a channel',
    inputs: { x: image },
    build: ({ x }) => globalAveragePooling(x!),
  },
  ...[
    [4, 3, 2, 3],
    [6, 3],
    [4, 3, 5],
  ].flatMap((shape): OpCase[] => [
    {
      op: 'channel-affine',
      title: `of rank ${String(shape.length)}`,
      inputs: { x: { shape }, factor: { shape: [3] }, bias: { shape: [3] } },
      build: ({ x, factor, bias }) => channelAffine(x!, factor!, bias!),
    },
    {
      op: 'batch-normalization',
      title: `of rank ${String(shape.length)}`,
      inputs: { x: { shape }, gain: { shape: [3] }, bias: { shape: [3] } },
      build: (values) => normalised(values),
    },
  ]),
  {
    op: 'batch-normalization',
    title: 'far from zero',
    inputs: {
      x: { shape: [4, 2], data: [30, -20, 31, -21, 29, -20.5, 30.5, -19] },
      gain: { shape: [2] },
      bias: { shape: [2] },
    },
    build: (values) => normalised(values),
  },
];

/** The statistics are given out as they are, but no gradient flows through them: only the normalised values are checked. */
function normalised({ x, gain, bias }: Readonly<Record<string, Value>>): Value {
  return batchNormalization(x!, gain!, bias!, 1e-5).normalised;
}
