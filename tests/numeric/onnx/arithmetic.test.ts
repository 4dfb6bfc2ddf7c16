/** Arithmetic and movements of foreign graphs, in the opsets that differ, against ONNX Runtime. */
import { describe, it } from 'vitest';
import type { Graph, NodeText, Rest } from './foreign-graph.ts';
import { expectAsOnnxRuntime, image, single, whole } from './foreign-graph.ts';

const unary = [
  'Abs',
  'Neg',
  'Sqrt',
  'Exp',
  'Log',
  'Sin',
  'Cos',
  'Reciprocal',
  'Floor',
  'Ceil',
  'Erf',
  'Sign',
  'Identity',
];
const binary = ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min'];
const choice = (comparison: string): Graph => ({
  opset: 16,
  x: image,
  drawn: { other: [6, 1] },
  nodes: [
    [comparison, ['x', 'other'], ['c']],
    ['Not', ['c'], ['n']],
    ['Equal', ['x', 'x'], ['always']],
    ['And', ['n', 'always'], ['a']],
    ['Or', ['a', 'c'], ['o']],
    ['Xor', ['o', 'n'], ['e']],
    ['Where', ['e', 'x', 'other'], ['w']],
    ['Cast', ['n'], ['f'], { to: 1 }],
    ['Add', ['w', 'f'], ['y']],
  ],
});
const arithmetic: Readonly<Record<string, Graph>> = {
  ...Object.fromEntries(unary.map((op) => [op, single(13, op, [], {}, { positive: true })])),
  ...Object.fromEntries(
    binary.map((op) => [op, single(13, op, ['other'], {}, { drawn: { other: [4, 1, 7] }, positive: true })]),
  ),
  ...Object.fromEntries(['Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual'].map((op) => [op, choice(op)])),
  'Sum, Mean and Max of several': {
    opset: 13,
    x: image,
    drawn: { a: [7], b: [6, 1] },
    nodes: [
      ['Sum', ['x', 'a', 'b'], ['s']],
      ['Mean', ['x', 'a', 's'], ['m']],
      ['Max', ['m', 's', 'b'], ['y']],
    ],
  },
  ...Object.fromEntries(
    [2, 0.5, 3, -1.5].map((p) => [`Pow ${p}`, single(13, 'Pow', ['p'], {}, { floats: { p: [p] }, positive: true })]),
  ),
};

const reduce = (
  op: string,
  opset: number,
  attributes: NodeText[3],
  inputs: readonly string[] = [],
  rest: Rest = {},
): Graph => single(opset, op, inputs, attributes, { positive: true, ...rest });
const reductions: Readonly<Record<string, Graph>> = {
  ...Object.fromEntries(
    ['Sum', 'Mean', 'Max', 'Min', 'L1', 'L2', 'SumSquare', 'LogSum', 'LogSumExp'].flatMap((word) => [
      [`${word} 11`, reduce(`Reduce${word}`, 11, { axes: [1, -1], keepdims: 0 })],
      [`${word} 18`, reduce(`Reduce${word}`, 18, {}, ['axes'], { whole: { axes: [2] } })],
      [`${word} of everything`, reduce(`Reduce${word}`, 18, {})],
    ]),
  ),
  'nothing to reduce': reduce('ReduceSum', 13, { noop_with_empty_axes: 1 }),
  ArgMax: {
    ...reduce('ArgMax', 13, { axis: 1 }),
    nodes: [
      ['ArgMax', ['x'], ['i'], { axis: 1 }],
      ['Cast', ['i'], ['y'], { to: 1 }],
    ],
  },
  ArgMin: {
    ...reduce('ArgMin', 13, {}),
    nodes: [
      ['ArgMin', ['x'], ['i'], { axis: 2, keepdims: 0 }],
      ['Cast', ['i'], ['y'], { to: 1 }],
    ],
  },
  CumSum: reduce('CumSum', 14, { reverse: 1, exclusive: 1 }, ['axis'], { whole: { axis: [2] } }),
};

const movements: Readonly<Record<string, Graph>> = {
  'Slice 9': single(9, 'Slice', [], { starts: [1, -4], ends: [9, -1], axes: [2, 3] }),
  'Slice 13 with steps': single(
    13,
    'Slice',
    ['s', 'e', 'a', 'd'],
    {},
    whole({ s: [0, 1], e: [100, 7], a: [2, 3], d: [2, 3] }),
  ),
  'Slice backwards': single(13, 'Slice', ['s', 'e', 'a', 'd'], {}, whole({ s: [-1], e: [-100], a: [3], d: [-1] })),
  'Split 11': {
    opset: 11,
    x: image,
    nodes: [
      ['Split', ['x'], ['p', 'q'], { axis: 3, split: [3, 4] }],
      ['Concat', ['q', 'p'], ['y'], { axis: -1 }],
    ],
  },
  'Split 13': {
    opset: 13,
    x: image,
    ...whole({ s: [1, 5] }),
    nodes: [
      ['Split', ['x', 's'], ['p', 'q'], { axis: 2 }],
      ['Concat', ['q', 'p'], ['y'], { axis: 2 }],
    ],
  },
  'Split 18': {
    opset: 18,
    x: image,
    nodes: [
      ['Split', ['x'], ['p', 'q'], { axis: 3, num_outputs: 2 }],
      ['Concat', ['q', 'p'], ['y'], { axis: 3 }],
    ],
  },
  Gather: single(13, 'Gather', ['i'], { axis: 3 }, whole({ i: [4, 0, -1, 4] })),
  Transpose: single(13, 'Transpose', [], { perm: [3, 1, 0, 2] }),
  'Transpose by default': single(13, 'Transpose', [], {}),
  'Reshape with zeros and a rest': single(13, 'Reshape', ['s'], {}, whole({ s: [0, -1, 7] })),
  Flatten: single(13, 'Flatten', [], { axis: 2 }),
  'Squeeze and Unsqueeze 11': {
    opset: 11,
    x: image,
    nodes: [
      ['Unsqueeze', ['x'], ['u'], { axes: [0, 3] }],
      ['Squeeze', ['u'], ['y'], { axes: [0] }],
    ],
  },
  'Squeeze and Unsqueeze 13': {
    opset: 13,
    x: image,
    ...whole({ u: [1, -1], s: [-1] }),
    nodes: [
      ['Unsqueeze', ['x', 'u'], ['v']],
      ['Squeeze', ['v', 's'], ['y']],
    ],
  },
  'Pad 10': single(10, 'Pad', [], { pads: [0, 0, 1, 0, 0, 0, 2, 3], value: { float: 0.5 } }),
  'Pad 13': single(13, 'Pad', ['p', 'v'], {}, whole({ p: [0, 0, 1, 0, 0, 0, -2, 3] }, { floats: { v: [0.5] } })),
  'Pad 18 along axes': single(18, 'Pad', ['p', '', 'a'], { mode: 'edge' }, whole({ p: [1, 2], a: [3] })),
  'Pad by reflection': single(13, 'Pad', ['p'], { mode: 'reflect' }, whole({ p: [0, 0, 2, 0, 0, 0, 1, 3] })),
  Expand: { opset: 13, x: [2, 4, 1, 7], ...whole({ s: [3, 1] }), nodes: [['Expand', ['x', 's'], ['y']]] },
  Tile: single(13, 'Tile', ['r'], {}, whole({ r: [1, 2, 1, 3] })),
  DepthToSpace: { ...single(13, 'DepthToSpace', [], { blocksize: 2 }), x: [2, 8, 3, 5] },
  'DepthToSpace, channels first': { ...single(13, 'DepthToSpace', [], { blocksize: 2, mode: 'CRD' }), x: [2, 8, 3, 5] },
  SpaceToDepth: { ...single(13, 'SpaceToDepth', [], { blocksize: 2 }), x: [2, 4, 6, 8] },
  Trilu: single(14, 'Trilu', [], { upper: 0 }),
  GatherElements: {
    opset: 13,
    x: [2, 4, 3, 3],
    nodes: [
      ['ArgMax', ['x'], ['i'], { axis: 2 }],
      ['GatherElements', ['x', 'i'], ['y'], { axis: 2 }],
    ],
  },
  'OneHot of places': {
    opset: 13,
    x: image,
    ...whole({ depth: [6] }, { floats: { values: [-1, 2] } }),
    nodes: [
      ['ArgMax', ['x'], ['i'], { axis: 2, keepdims: 0 }],
      ['OneHot', ['i', 'depth', 'values'], ['y'], { axis: 1 }],
    ],
  },
};

const resize = (attributes: NodeText[3], scales: readonly number[]): Graph =>
  single(13, 'Resize', ['', 'scales'], attributes, { floats: { scales } });
const resizes: Readonly<Record<string, Graph>> = {
  'Upsample 9': single(9, 'Upsample', ['scales'], { mode: 'nearest' }, { floats: { scales: [1, 1, 2, 3] } }),
  'Upsample 9 linear': single(9, 'Upsample', ['scales'], { mode: 'linear' }, { floats: { scales: [1, 1, 2, 2] } }),
  'nearest, repeating': resize({ coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }, [1, 1, 2, 2]),
  'nearest to fewer': resize({ nearest_mode: 'round_prefer_ceil' }, [1, 1, 0.6, 0.5]),
  'nearest by default': resize({}, [1, 1, 1.7, 2.5]),
  linear: resize({ mode: 'linear' }, [1, 1, 2, 1.5]),
  'linear with aligned corners': resize(
    { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
    [1, 1, 2, 2],
  ),
  'linear as in PyTorch': resize(
    { mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' },
    [1, 1, 0.5, 0.4],
  ),
  cubic: resize({ mode: 'cubic' }, [1, 1, 2, 1.5]),
  'linear to sizes': single(13, 'Resize', ['', '', 'sizes'], { mode: 'linear' }, whole({ sizes: [2, 4, 9, 5] })),
};

describe.each(Object.entries({ arithmetic, reductions, movements, resizes }))('%s', (_family, graphs) => {
  it.each(Object.entries(graphs))('%s', async (_title, graph) => {
    await expectAsOnnxRuntime(graph);
  });
});
