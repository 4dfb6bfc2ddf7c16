/** Each op of an exported ONNX graph in terms of TensorFlow's. */
import { LabError } from '../../../shared/errors.ts';
import type { OnnxNode } from '../../graph/onnx.ts';
import type { OnnxAttribute } from '../../graph/types.ts';
import type { TfEmitter, TfOperator, TfValue } from './emitter.ts';
import { imageOperators } from './image-operators.ts';

const integer = (attribute: OnnxAttribute | undefined, otherwise: number): number =>
  typeof attribute === 'number' ? attribute : otherwise;

const real = (attribute: OnnxAttribute | undefined, otherwise: number): number =>
  typeof attribute === 'object' && 'float' in attribute ? attribute.float : otherwise;

/** The numbers of a constant. */
function numbersOf(value: TfValue | undefined, node: OnnxNode): readonly number[] {
  if (value?.constant) return Array.from(value.constant.data, Number);
  throw new LabError('bad-input', `TensorFlow.js: ${node.opType} has no counterpart where its settings are computed`);
}

function highestRank(values: readonly TfValue[]): number | undefined {
  const ranks = values.map(({ rank }) => rank);
  return ranks.includes(undefined) ? undefined : Math.max(...ranks.map((rank) => rank ?? 0));
}

/** Element by element, smaller operands spread over larger ones. */
const elementwise =
  (op: string): TfOperator =>
  (tf, _node, inputs) => {
    const lengths = inputs.map(({ length, rank }) => (rank === 0 ? 1 : length));
    const length = lengths.includes(undefined) ? undefined : Math.max(...lengths.map((one) => one ?? 0));
    return [tf.op(op, inputs, { rank: highestRank(inputs), length })];
  };

/** An op of two operands over any number of them. */
const folded =
  (op: string): TfOperator =>
  (tf, _node, [first, ...others]) => {
    return [others.reduce((all, one) => tf.op(op, [all, one], { rank: highestRank([all, one]) }), first!)];
  };

/** Axes come as an attribute or, in later versions, as an input. */
const reduction =
  (op: string): TfOperator =>
  (tf, node, [x, given]) => {
    const listed = node.attributes.axes;
    const axes = given ? numbersOf(given, node) : Array.isArray(listed) ? (listed as number[]) : undefined; // lists of ONNX are numbers
    const keeps = integer(node.attributes.keepdims, 1) === 1;
    const all = axes ?? Array.from({ length: x!.rank ?? 0 }, (_, axis) => axis);
    const rank = x!.rank === undefined ? undefined : keeps ? x!.rank : x!.rank - all.length;
    return [tf.op(op, [x!, tf.ints(all)], { attributes: { keep_dims: keeps }, rank })];
  };

const multiply = (tf: TfEmitter, a: TfValue, b: TfValue): TfValue =>
  tf.op('Mul', [a, b], { rank: highestRank([a, b]) });
const add = (tf: TfEmitter, a: TfValue, b: TfValue): TfValue => tf.op('AddV2', [a, b], { rank: highestRank([a, b]) });

/** (x − mean) / √(variance + ε) · gain + bias over the last axis. */
const layerNormalisation: TfOperator = (tf, { attributes }, [x, gain, bias]) => {
  const { rank } = x!;
  const mean = (value: TfValue): TfValue =>
    tf.op('Mean', [value, tf.ints([-1])], { attributes: { keep_dims: true }, rank });
  const centred = tf.op('Sub', [x!, mean(x!)], { rank });
  const variance = mean(multiply(tf, centred, centred));
  const factor = tf.op('Rsqrt', [add(tf, variance, tf.float(real(attributes.epsilon, 1e-5)))], { rank });
  const scaled = multiply(tf, multiply(tf, centred, factor), gain!);
  return [bias ? add(tf, scaled, bias) : scaled];
};

/** With the statistics of channels, which are the second axis. */
const batchNormalisation: TfOperator = (tf, node, [x, gain, bias, mean, variance]) => {
  const { rank } = x!;
  if (rank === undefined) throw new LabError('internal', `the rank of what ${node.name} normalises is not known`);
  const epsilon = tf.float(real(node.attributes.epsilon, 1e-5));
  const factor = multiply(tf, gain!, tf.op('Rsqrt', [add(tf, variance!, epsilon)], { rank: 1 }));
  const shift = tf.op('Sub', [bias!, multiply(tf, mean!, factor)], { rank: 1 });
  const shape = tf.ints([-1, ...new Array<number>(Math.max(0, rank - 2)).fill(1)]);
  const along = (value: TfValue): TfValue => tf.op('Reshape', [value, shape], { rank: Math.max(1, rank - 1) });
  return [add(tf, multiply(tf, x!, along(factor)), along(shift))];
};

const gemm: TfOperator = (tf, { attributes }, [a, b, c]) => {
  const flags = {
    transpose_a: integer(attributes.transA, 0) === 1,
    transpose_b: integer(attributes.transB, 0) === 1,
  };
  const product = tf.op('MatMul', [a!, b!], { attributes: flags, rank: 2 });
  const [alpha, beta] = [real(attributes.alpha, 1), real(attributes.beta, 1)];
  const scaled = alpha === 1 ? product : multiply(tf, product, tf.float(alpha));
  if (!c) return [scaled];
  return [add(tf, scaled, beta === 1 ? c : multiply(tf, c, tf.float(beta)))];
};

const largest = 2 ** 31 - 1;

/** Limits may be computed, as that of a table of positions is; axes are constants. */
const slice: TfOperator = (tf, node, [x, starts, ends, axes, steps]) => {
  const along = axes ? numbersOf(axes, node) : Array.from({ length: starts!.length ?? 0 }, (_, axis) => axis);
  const { rank } = x!;
  const places = along.map((axis) => (axis < 0 ? axis + (rank ?? Number.NaN) : axis));
  const count = Math.max(...places) + 1;
  if (Number.isNaN(count)) throw new LabError('internal', `the rank of what ${node.name} slices is not known`);
  const all = Array.from({ length: count }, (_, axis) => axis);
  const limits = (given: TfValue, otherwise: number): TfValue => {
    const own = given.constant && numbersOf(given, node);
    if (own) return tf.ints(all.map((axis) => clamped(own[places.indexOf(axis)] ?? otherwise)));
    if (all.every((axis) => places[axis] === axis)) return given;
    // The limit of each axis, which may stand anywhere in the list; behind the list what others have.
    const extended = tf.op('ConcatV2', [given, tf.ints([otherwise]), tf.int(0)], { attributes: { N: 2 }, rank: 1 });
    const chosen = tf.ints(all.map((axis) => (places.includes(axis) ? places.indexOf(axis) : places.length)));
    return tf.op('GatherV2', [extended, chosen, tf.int(0)], { attributes: { batch_dims: 0 }, rank: 1, length: count });
  };
  const mask = all.reduce((bits, axis) => (places.includes(axis) ? bits : bits | (1 << axis)), 0);
  const strides = steps ? numbersOf(steps, node) : along.map(() => 1);
  const by = tf.ints(all.map((axis) => strides[places.indexOf(axis)] ?? 1));
  const attributes = { begin_mask: mask, end_mask: mask, ellipsis_mask: 0, new_axis_mask: 0, shrink_axis_mask: 0 };
  const [begin, end] = [limits(starts!, 0), limits(ends!, 0)];
  const [from, to] = [numbersIn(starts)?.[0], numbersIn(ends)?.[0]];
  const isKnown = x!.length !== undefined && from !== undefined && to !== undefined && from >= 0;
  const length = isKnown ? Math.max(0, (to < 0 ? to + x!.length! : Math.min(to, x!.length!)) - from) : undefined;
  return [tf.op('StridedSlice', [x!, begin, end, by], { attributes, rank, length })];
};

const clamped = (value: number): number => Math.min(largest, Math.max(-largest, value));
const numbersIn = (value: TfValue | undefined): number[] | undefined =>
  value?.constant && Array.from(value.constant.data, Number);

const lengthsOf = (values: readonly TfValue[]): number | undefined =>
  values.some(({ length }) => length === undefined)
    ? undefined
    : values.reduce((sum, { length = 0 }) => sum + length, 0);

/** TensorProto.DataType, of the types that graphs cast to. */
const castTypes: Readonly<Record<number, 'float32' | 'int32' | 'bool'>> = {
  1: 'float32',
  6: 'int32',
  7: 'int32',
  9: 'bool',
};

export const operators: Readonly<Record<string, TfOperator>> = {
  ...imageOperators,
  ...Object.fromEntries(
    Object.entries({
      Abs: 'Abs', Add: 'AddV2', Cos: 'Cos', Div: 'RealDiv', Erf: 'Erf', Exp: 'Exp', Floor: 'Floor', Greater: 'Greater',
      Identity: 'Identity', Log: 'Log', Mul: 'Mul', Neg: 'Neg', Pow: 'Pow', Reciprocal: 'Reciprocal', Relu: 'Relu',
      Sigmoid: 'Sigmoid', Sign: 'Sign', Sin: 'Sin', Softplus: 'Softplus', Sqrt: 'Sqrt', Sub: 'Sub', Tanh: 'Tanh',
      Where: 'SelectV2', MatMul: 'BatchMatMulV2',
    }).map(([onnx, op]) => [onnx, elementwise(op)]),
  ), // prettier-ignore
  Max: folded('Maximum'),
  Min: folded('Minimum'),
  ReduceSum: reduction('Sum'),
  ReduceMean: reduction('Mean'),
  ReduceMax: reduction('Max'),
  LayerNormalization: layerNormalisation,
  BatchNormalization: batchNormalisation,
  Gemm: gemm,
  Slice: slice,
  Cast(tf, { attributes }, [x]) {
    const type = castTypes[integer(attributes.to, 1)];
    if (!type) throw new LabError('bad-input', `TensorFlow.js has no type ${String(attributes.to)}`);
    return [tf.op('Cast', [x!], { attributes: { DstT: { type } }, rank: x!.rank, length: x!.length })];
  },
  Clip(tf, _node, [x, lowest, highest]) {
    const raised = lowest ? tf.op('Maximum', [x!, lowest], { rank: x!.rank }) : x!;
    return [highest ? tf.op('Minimum', [raised, highest], { rank: x!.rank }) : raised];
  },
  HardSigmoid(tf, { attributes }, [x]) {
    const line = add(tf, multiply(tf, x!, tf.float(real(attributes.alpha, 0.2))), tf.float(real(attributes.beta, 0.5)));
    const { rank } = x!;
    return [tf.op('Maximum', [tf.op('Minimum', [line, tf.float(1)], { rank }), tf.float(0)], { rank })];
  },
  Concat(tf, { attributes }, inputs) {
    const axis = tf.int(integer(attributes.axis, 0));
    return [
      tf.op('ConcatV2', [...inputs, axis], {
        attributes: { N: inputs.length },
        rank: highestRank(inputs),
        length: lengthsOf(inputs),
      }),
    ];
  },
  Expand(tf, _node, [x, shape]) {
    const whole = x!.constant?.type === 'int32';
    const ones = tf.op('Fill', [shape!, whole ? tf.int(1) : tf.float(1)], { rank: shape!.length });
    return [multiply(tf, ones, x!)];
  },
  Gather(tf, { attributes }, [x, indices]) {
    const rank = x!.rank === undefined || indices!.rank === undefined ? undefined : x!.rank - 1 + indices!.rank;
    const axis = tf.int(integer(attributes.axis, 0));
    return [tf.op('GatherV2', [x!, indices!, axis], { attributes: { batch_dims: 0 }, rank, length: indices!.length })];
  },
  Pad(tf, node, [x, pads, value]) {
    const amounts = numbersOf(pads, node);
    const rank = amounts.length / 2;
    const data = Int32Array.from(
      { length: amounts.length },
      (_, place) => amounts[(place % 2) * rank + (place >> 1)] ?? 0,
    );
    return [
      tf.op('PadV2', [x!, tf.constant({ type: 'int32', shape: [rank, 2], data }), value ?? tf.float(0)], { rank }),
    ];
  },
  Reshape: (tf, _node, [x, shape]) => [tf.op('Reshape', [x!, shape!], { rank: shape!.length })],
  Shape: (tf, _node, [x]) => [tf.op('Shape', [x!], { rank: 1, length: x!.rank })],
  Softmax: (tf, node, [x]) => [lastAxis(tf, node, 'Softmax', x!)],
  LogSoftmax: (tf, node, [x]) => [lastAxis(tf, node, 'LogSoftmax', x!)],
  Split(tf, node, [x, sizes]) {
    const axis = tf.int(integer(node.attributes.axis, 0));
    const count = node.outputs.length;
    if (sizes) return tf.several('SplitV', [x!, sizes, axis], count, x!.rank);
    return tf.several('Split', [axis, x!], count, x!.rank);
  },
  Transpose(tf, { attributes }, [x]) {
    const permutation = attributes.perm;
    if (!Array.isArray(permutation)) throw new LabError('internal', 'a transposition does not say how');
    return [tf.op('Transpose', [x!, tf.ints(permutation as readonly number[])], { rank: permutation.length })]; // lists of ONNX are numbers
  },
};

function lastAxis(tf: TfEmitter, node: OnnxNode, op: string, x: TfValue): TfValue {
  const axis = integer(node.attributes.axis, -1);
  if (axis === -1 || axis + 1 === x.rank) return tf.op(op, [x], { rank: x.rank });
  throw new LabError('bad-input', `TensorFlow.js: ${node.opType} over another axis than the last has no counterpart`);
}
