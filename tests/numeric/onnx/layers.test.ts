/** Layers of foreign graphs, in the opsets that differ, against ONNX Runtime. */
import { describe, it } from 'vitest';
import type { Graph, NodeText, Rest } from './foreign-graph.ts';
import { expectAsOnnxRuntime, image, single } from './foreign-graph.ts';

const sequence = [2, 5, 6] as const;

const convolution = (attributes: NodeText[3], kernel = [3, 4, 3, 3], op = 'Conv'): Graph =>
  single(11, op, ['w', 'b'], attributes, {
    drawn: { w: kernel, b: [op === 'Conv' ? kernel[0]! : kernel[1]! * Number(attributes?.group ?? 1)] },
  });

const convolutions: Readonly<Record<string, Graph>> = {
  'without padding': convolution({}),
  'with uneven padding and strides': convolution({ pads: [0, 1, 2, 3], strides: [2, 1] }),
  'with holes': convolution({ dilations: [2, 1], pads: [2, 1, 2, 1], kernel_shape: [3, 3] }),
  depthwise: convolution({ group: 4, pads: [1, 1, 1, 1] }, [4, 1, 3, 3]),
  'of groups': convolution({ group: 2 }, [6, 2, 2, 2]),
  'same, the odd pixel last': convolution({ auto_pad: 'SAME_UPPER', strides: [2, 2] }, [3, 4, 2, 4]),
  'same, the odd pixel first': convolution({ auto_pad: 'SAME_LOWER', strides: [2, 2] }, [3, 4, 2, 4]),
  'by word without padding': convolution({ auto_pad: 'VALID' }),
  'of a sequence': { ...convolution({ pads: [2, 0], strides: [2] }, [3, 5, 3]), x: sequence },
  'transposed with strides': convolution({ strides: [2, 2] }, [4, 3, 3, 3], 'ConvTranspose'),
  'transposed with more at the end': convolution(
    { strides: [2, 3], pads: [1, 0, 1, 2], output_padding: [1, 1] },
    [4, 3, 3, 3],
    'ConvTranspose',
  ),
  'transposed in groups with holes': convolution({ group: 2, dilations: [1, 2] }, [4, 3, 2, 3], 'ConvTranspose'),
  'transposed to a shape': convolution({ strides: [2, 2], output_shape: [12, 14] }, [4, 2, 3, 3], 'ConvTranspose'),
  'transposed, same': convolution({ strides: [2, 2], auto_pad: 'SAME_UPPER' }, [4, 2, 3, 3], 'ConvTranspose'),
  'transposed along a sequence': {
    ...convolution({ strides: [2], pads: [1, 0] }, [5, 3, 4], 'ConvTranspose'),
    x: sequence,
  },
};

const pool = (op: string, attributes: NodeText[3], opset = 11): Graph => single(opset, op, [], attributes);
const poolings: Record<string, Graph> = Object.fromEntries(
  ['MaxPool', 'AveragePool'].flatMap((op) => [
    [`${op} side by side`, pool(op, { kernel_shape: [2, 2], strides: [2, 2] })],
    [`${op} with uneven padding`, pool(op, { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 2, 1] })],
    [`${op} rounding up`, pool(op, { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 })],
    [
      `${op} rounding up with padding`,
      pool(op, { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 1, 1, 1], ceil_mode: 1 }),
    ],
    [`${op} same`, pool(op, { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' })],
    [`${op} of a sequence`, { ...pool(op, { kernel_shape: [3], strides: [2], pads: [1, 1] }), x: sequence }],
    [`Global${op}`, pool(`Global${op}`, {})],
  ]),
);
poolings['AveragePool counting its padding'] = pool('AveragePool', {
  kernel_shape: [3, 3],
  pads: [1, 1, 1, 1],
  strides: [2, 2],
  count_include_pad: 1,
});

const vectors: Rest = { drawn: { scale: [4], bias: [4], mean: [4], variance: [4] }, positive: true };
const normalisations: Readonly<Record<string, Graph>> = {
  BatchNormalization: single(
    9,
    'BatchNormalization',
    ['scale', 'bias', 'mean', 'variance'],
    { epsilon: { float: 1e-3 } },
    vectors,
  ),
  InstanceNormalization: single(9, 'InstanceNormalization', ['scale', 'bias'], {}, vectors),
  LayerNormalization: single(
    17,
    'LayerNormalization',
    ['scale', 'bias'],
    { axis: -1 },
    { drawn: { scale: [7], bias: [7] } },
  ),
  'LayerNormalization of several axes': single(
    17,
    'LayerNormalization',
    ['scale'],
    { axis: 2 },
    { drawn: { scale: [6, 7] } },
  ),
  'GroupNormalization by group': single(
    18,
    'GroupNormalization',
    ['scale', 'bias'],
    { num_groups: 2 },
    { drawn: { scale: [2], bias: [2] } },
  ),
  'GroupNormalization by channel': single(21, 'GroupNormalization', ['scale', 'bias'], { num_groups: 2 }, vectors),
  LpNormalization: single(11, 'LpNormalization', [], { axis: 1 }),
  'LpNormalization by sums': single(11, 'LpNormalization', [], { axis: 2, p: 1 }),
  LRN: single(11, 'LRN', [], { size: 3, alpha: { float: 0.3 }, bias: { float: 1.5 } }),
};

const activation = (op: string, attributes: NodeText[3] = {}, opset = 14): [string, Graph] => [
  `${op} ${JSON.stringify(attributes)} in opset ${opset}`,
  single(opset, op, [], attributes),
];
const activations: Readonly<Record<string, Graph>> = Object.fromEntries([
  ...[
    'Relu',
    'Sigmoid',
    'Tanh',
    'Softplus',
    'Softsign',
    'HardSwish',
    'Selu',
    'Elu',
    'Celu',
    'LeakyRelu',
    'HardSigmoid',
    'ThresholdedRelu',
  ].map((op) => activation(op)),
  activation('Elu', { alpha: { float: 0.3 } }),
  activation('Celu', { alpha: { float: 2 } }),
  activation('LeakyRelu', { alpha: { float: 0.3 } }),
  activation('HardSigmoid', { alpha: { float: 0.4 }, beta: { float: 0.1 } }),
  activation('ThresholdedRelu', { alpha: { float: 0.4 } }),
  activation('Mish', {}, 18),
  activation('Gelu', {}, 20),
  activation('Gelu', { approximate: 'tanh' }, 20),
  activation('Clip', { min: { float: -0.5 }, max: { float: 0.7 } }, 9),
  activation('Softmax', {}, 11),
  activation('Softmax', { axis: 2 }, 11),
  activation('Softmax', { axis: 1 }, 13),
  activation('Softmax', {}, 13),
  activation('LogSoftmax', { axis: 2 }, 13),
  ['Clip of inputs', single(13, 'Clip', ['low', 'high'], {}, { floats: { low: [-0.3], high: [0.4] } })],
  ['Clip with no lower bound', single(13, 'Clip', ['', 'high'], {}, { floats: { high: [0.4] } })],
  ['PRelu', single(9, 'PRelu', ['slope'], {}, { drawn: { slope: [4, 1, 1] } })],
  ['Dropout', single(12, 'Dropout', [], {})],
]);

const products: Readonly<Record<string, Graph>> = {
  'MatMul with a matrix': single(13, 'MatMul', ['w'], {}, { drawn: { w: [7, 5] } }),
  'MatMul with a vector': single(13, 'MatMul', ['w'], {}, { drawn: { w: [7] } }),
  'MatMul of stacks': single(13, 'MatMul', ['w'], {}, { drawn: { w: [4, 7, 3] } }),
  'MatMul from the left': { opset: 13, x: image, drawn: { w: [5, 6] }, nodes: [['MatMul', ['w', 'x'], ['y']]] },
  Gemm: {
    opset: 13,
    x: image,
    drawn: { w: [5, 42], b: [5] },
    nodes: [
      ['Flatten', ['x'], ['f'], { axis: 2 }],
      ['Gemm', ['f', 'w', 'b'], ['y'], { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } }],
    ],
  },
  'Gemm, both transposed': {
    opset: 13,
    x: image,
    drawn: { w: [5, 8] },
    nodes: [
      ['Flatten', ['x'], ['f'], { axis: 2 }],
      ['Gemm', ['f', 'w'], ['y'], { transA: 1, transB: 1 }],
    ],
  },
  'Einsum of two stacks': {
    opset: 13,
    x: image,
    drawn: { k: [2, 4, 5, 7] },
    nodes: [['Einsum', ['x', 'k'], ['y'], { equation: 'bhid,bhjd->bhij' }]],
  },
  'Einsum that sums and turns': {
    opset: 13,
    x: image,
    drawn: { w: [6, 3] },
    nodes: [['Einsum', ['x', 'w'], ['y'], { equation: 'nchw, hk -> knc' }]],
  },
};

const recurrent = (
  op: string,
  gates: number,
  attributes: NodeText[3],
  directions = 1,
  rest: Rest = {},
  extra: readonly string[] = [],
): Graph => ({
  opset: 14,
  x: [5, 2, 3],
  drawn: {
    w: [directions, gates * 4, 3],
    r: [directions, gates * 4, 4],
    b: [directions, 2 * gates * 4],
    ...rest.drawn,
  },
  nodes: [
    [
      op,
      ['x', 'w', 'r', 'b', ...extra],
      op === 'LSTM' ? ['y', 'h', 'c'] : ['y', 'h'],
      { hidden_size: 4, ...attributes },
    ],
  ],
  outputs: op === 'LSTM' ? ['y', 'h', 'c'] : ['y', 'h'],
});
const states = { drawn: { h0: [2, 2, 4], c0: [2, 2, 4], p: [2, 12] } };
const recurrences: Readonly<Record<string, Graph>> = {
  RNN: recurrent('RNN', 1, {}),
  'RNN with ReLU, backwards': recurrent('RNN', 1, { activations: ['Relu'], direction: 'reverse' }),
  LSTM: recurrent('LSTM', 4, {}),
  'LSTM backwards': recurrent('LSTM', 4, { direction: 'reverse' }),
  'LSTM both ways from given states, with peepholes': recurrent(
    'LSTM', 4, { direction: 'bidirectional' }, 2, states, ['', 'h0', 'c0', 'p'],
  ), // prettier-ignore
  'LSTM with other activations, clipped': recurrent('LSTM', 4, {
    activations: ['HardSigmoid', 'Tanh', 'Softsign'],
    clip: { float: 0.8 },
  }),
  GRU: recurrent('GRU', 3, { linear_before_reset: 1 }),
  'GRU both ways': recurrent('GRU', 3, { linear_before_reset: 1, direction: 'bidirectional' }, 2, states, ['', 'h0']),
  'GRU that resets before the product': recurrent('GRU', 3, { direction: 'bidirectional' }, 2),
};

describe.each(Object.entries({ convolutions, poolings, normalisations, activations, products, recurrences }))(
  '%s',
  (_family, graphs) => {
    it.each(Object.entries(graphs))('%s', async (_title, graph) => {
      await expectAsOnnxRuntime(graph);
    });
  },
);
