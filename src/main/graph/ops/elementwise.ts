/** Elementwise arithmetic with NumPy broadcasting. */
import { LabError } from '../../../shared/errors.ts';
import { microsoftDomain } from '../onnx.ts';
import type { Op, TensorFlow } from '../op.ts';
import { apply, defineOp } from '../op.ts';
import type { Node, TensorType, Value } from '../program.ts';
import { constant } from '../program.ts';
import { broadcastShapes } from '../shape.ts';
import { sumTo } from './reductions.ts';
import type { Tensor } from '@tensorflow/tfjs-core';

type NoAttributes = Readonly<Record<string, never>>;

function sameDtype([a, b]: readonly TensorType[]): TensorType['dtype'] {
  if (!a || a.dtype !== b?.dtype) throw new LabError('shape', `the dtypes ${String(a?.dtype)} and ${String(b?.dtype)} differ`);
  return a.dtype;
}

function inferBroadcast(inputs: readonly TensorType[]): readonly TensorType[] {
  const [a, b] = inputs as readonly [TensorType, TensorType]; // binary ops are applied to two values
  return [{ dtype: sameDtype(inputs), shape: broadcastShapes(a.shape, b.shape) }];
}

/** A binary op: `left` and `right` give ∂loss/∂a and ∂loss/∂b at the output's shape, from the output's gradient. */
function defineBinary(
  name: string,
  onnxName: string,
  tfjs: (tf: TensorFlow, a: Tensor, b: Tensor) => Tensor,
  left: (gradient: Value, a: Value, b: Value, output: Value) => Value,
  right: (gradient: Value, a: Value, b: Value, output: Value) => Value,
): (a: Value, b: Value) => Value {
  const op: Op<NoAttributes> = defineOp<NoAttributes>({
    name,
    infer: inferBroadcast,
    gradient({ inputs, outputs }, [gradient], needed) {
      const [a, b] = inputs as readonly [Value, Value];
      const output = outputs[0] as Value;
      if (!gradient) return [];
      return [
        needed[0] ? sumTo(left(gradient, a, b, output), a.shape) : undefined,
        needed[1] ? sumTo(right(gradient, a, b, output), b.shape) : undefined,
      ];
    },
    onnx: (emit, inputs) => [emit.one(onnxName, inputs)],
    tfjs: (tf, inputs) => {
      const [a, b] = inputs as readonly [Tensor, Tensor];
      return [tfjs(tf, a, b)];
    },
  });
  return (a, b) => apply(op, [a, b], {});
}

export const add = defineBinary(
  'add',
  'Add',
  (tf, a, b) => tf.add(a, b),
  (gradient) => gradient,
  (gradient) => gradient,
);

export const subtract = defineBinary(
  'subtract',
  'Sub',
  (tf, a, b) => tf.sub(a, b),
  (gradient) => gradient,
  (gradient) => negate(gradient),
);

export const multiply = defineBinary(
  'multiply',
  'Mul',
  (tf, a, b) => tf.mul(a, b),
  (gradient, _a, b) => multiply(gradient, b),
  (gradient, a) => multiply(gradient, a),
);

export const divide = defineBinary(
  'divide',
  'Div',
  (tf, a, b) => tf.div(a, b),
  (gradient, _a, b) => divide(gradient, b),
  (gradient, _a, b, output) => negate(divide(multiply(gradient, output), b)),
);

/** The larger of two; where they are equal, the gradient goes to the first. */
export const maximum = defineBinary(
  'maximum',
  'Max',
  (tf, a, b) => tf.maximum(a, b),
  (gradient, a, b) => where(less(a, b), zeroOf(gradient), gradient),
  (gradient, a, b) => where(less(a, b), gradient, zeroOf(gradient)),
);

/** The smaller of two; where they are equal, the gradient goes to the first. */
export const minimum = defineBinary(
  'minimum',
  'Min',
  (tf, a, b) => tf.minimum(a, b),
  (gradient, a, b) => where(less(b, a), zeroOf(gradient), gradient),
  (gradient, a, b) => where(less(b, a), gradient, zeroOf(gradient)),
);

/** A unary float32 op; `derivative` gives ∂loss/∂x. Without it the op has no gradient. */
function defineUnary(
  name: string,
  onnx: string | { readonly opType: string; readonly domain: string },
  tfjs: (tf: TensorFlow, x: Tensor) => Tensor,
  derivative?: (gradient: Value, x: Value, y: Value) => Value,
  flops = 1,
): (x: Value) => Value {
  const { opType, domain } = typeof onnx === 'string' ? { opType: onnx, domain: '' } : onnx;
  const op = defineOp<NoAttributes>({
    name,
    infer: ([x]) => [{ dtype: 'float32', shape: (x as TensorType).shape }],
    ...(derivative && {
      gradient: ({ inputs, outputs }: Node, [gradient]: readonly (Value | undefined)[]) =>
        gradient ? [derivative(gradient, inputs[0] as Value, outputs[0] as Value)] : [],
    }),
    onnx: (emit, inputs) => [emit.one(opType, inputs, {}, domain)],
    tfjs: (tf, [x]) => [tfjs(tf, x as Tensor)],
    flops: ({ outputs }) => flops * (outputs[0] as Value).shape.reduce((product, size) => product * size, 1),
  });
  return (x) => apply(op, [x], {});
}

export const negate = defineUnary('negate', 'Neg', (tf, x) => tf.neg(x), (gradient) => negate(gradient));
export const exp = defineUnary('exp', 'Exp', (tf, x) => tf.exp(x), (gradient, _x, y) => multiply(gradient, y));
export const log = defineUnary('log', 'Log', (tf, x) => tf.log(x), (gradient, x) => divide(gradient, x));
export const sqrt = defineUnary(
  'sqrt',
  'Sqrt',
  (tf, x) => tf.sqrt(x),
  (gradient, _x, y) => scale(divide(gradient, y), 0.5),
);
export const tanh = defineUnary(
  'tanh',
  'Tanh',
  (tf, x) => tf.tanh(x),
  (gradient, _x, y) => multiply(gradient, subtract(one(y), multiply(y, y))),
  5,
);
export const sigmoid = defineUnary(
  'sigmoid',
  'Sigmoid',
  (tf, x) => tf.sigmoid(x),
  (gradient, _x, y) => multiply(gradient, multiply(y, subtract(one(y), y))),
  4,
);
export const relu = defineUnary(
  'relu',
  'Relu',
  (tf, x) => tf.relu(x),
  (gradient, _x, y) => where(less(zeroOf(y), y), gradient, zeroOf(gradient)),
);
/** The error function, odd and between −1 and 1. */
export const erf = defineUnary(
  'erf',
  'Erf',
  (tf, x) => tf.erf(x),
  (gradient, x) => multiply(gradient, scale(exp(negate(multiply(x, x))), 2 / Math.sqrt(Math.PI))),
  8,
);
/** |x|, with a gradient of 0 at 0. */
export const absolute = defineUnary('absolute', 'Abs', (tf, x) => tf.abs(x), (gradient, x) => multiply(gradient, sign(x)));
export const sign = defineUnary('sign', 'Sign', (tf, x) => tf.sign(x));
/** log(1 + eˣ), without overflow. */
export const softplus = defineUnary(
  'softplus',
  'Softplus',
  (tf, x) => tf.softplus(x),
  (gradient, x) => multiply(gradient, sigmoid(x)),
  6,
);

/** x · factor. */
export function scale(x: Value, factor: number): Value {
  return factor === 1 ? x : multiply(x, constant(x.program, factor));
}

/** x + amount. */
export function shift(x: Value, amount: number): Value {
  return amount === 0 ? x : add(x, constant(x.program, amount));
}

const one = (like: Value): Value => constant(like.program, 1);
const zeroOf = (like: Value): Value => constant(like.program, 0);

/** Gaussian error linear unit, x·Φ(x), in its exact form (Hendrycks & Gimpel 2016; BERT's and PyTorch's default). */
export const gelu = defineUnary(
  'gelu',
  { opType: 'Gelu', domain: microsoftDomain },
  (tf, x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  (gradient, x) => multiply(gradient, add(normalCumulative(x), multiply(x, normalDensity(x)))),
  12,
);

function normalCumulative(x: Value): Value {
  return scale(shift(erf(scale(x, Math.SQRT1_2)), 1), 0.5);
}

function normalDensity(x: Value): Value {
  return scale(exp(scale(multiply(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
}

function defineComparison(
  name: string,
  onnxName: string,
  tfjs: (tf: TensorFlow, a: Tensor, b: Tensor) => Tensor,
): (a: Value, b: Value) => Value {
  const op = defineOp<NoAttributes>({
    name,
    infer: (inputs) => inferBroadcast(inputs).map(({ shape }) => ({ dtype: 'bool', shape })),
    onnx: (emit, inputs) => [emit.one(onnxName, inputs)],
    tfjs: (tf, inputs) => {
      const [a, b] = inputs as readonly [Tensor, Tensor];
      return [tfjs(tf, a, b)];
    },
  });
  return (a, b) => apply(op, [a, b], {});
}

export const less = defineComparison('less', 'Less', (tf, a, b) => tf.less(a, b));
export const equal = defineComparison('equal', 'Equal', (tf, a, b) => tf.equal(a, b));

const whereOp = defineOp<NoAttributes>({
  name: 'where',
  infer(inputs) {
    const [condition, a, b] = inputs as readonly [TensorType, TensorType, TensorType];
    if (condition.dtype !== 'bool') throw new LabError('shape', `the condition is ${condition.dtype}, not bool`);
    return [{ dtype: sameDtype([a, b]), shape: broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)) }];
  },
  gradient({ inputs }, [gradient], needed) {
    const [condition, a, b] = inputs as readonly [Value, Value, Value];
    if (!gradient) return [];
    return [
      undefined,
      needed[1] ? sumTo(where(condition, gradient, zeroOf(gradient)), a.shape) : undefined,
      needed[2] ? sumTo(where(condition, zeroOf(gradient), gradient), b.shape) : undefined,
    ];
  },
  onnx: (emit, inputs) => [emit.one('Where', inputs)],
  tfjs: (tf, inputs, { outputs }) => {
    const [condition, a, b] = inputs as readonly [Tensor, Tensor, Tensor];
    const shape = [...(outputs[0] as Value).shape];
    return [tf.where(tf.broadcastTo(condition, shape), tf.broadcastTo(a, shape), tf.broadcastTo(b, shape))];
  },
});

/** `a` where the condition holds, `b` elsewhere. */
export function where(condition: Value, a: Value, b: Value): Value {
  return apply(whereOp, [condition, a, b], {});
}

const castOp = defineOp<{ readonly to: 'float32' | 'int32' | 'bool' }>({
  name: 'cast',
  infer: ([x], { to }) => [{ dtype: to, shape: (x as TensorType).shape }],
  gradient: ({ inputs, attributes }, [gradient]) =>
    [attributes.to === 'float32' && inputs[0]?.dtype === 'float32' ? gradient : undefined],
  onnx: (emit, inputs, { attributes }) => [emit.one('Cast', inputs, { to: { float32: 1, int32: 6, bool: 9 }[attributes.to] })],
  tfjs: (tf, [x], { attributes }) => [tf.cast(x as Tensor, attributes.to)],
});

export function cast(x: Value, to: 'float32' | 'int32' | 'bool'): Value {
  return x.dtype === to ? x : apply(castOp, [x], { to });
}

const stopGradientOp = defineOp<NoAttributes>({
  name: 'stop-gradient',
  infer: ([x]) => [x as TensorType],
  onnx: (emit, inputs) => [emit.one('Identity', inputs)],
  tfjs: (_tf, [x]) => [(x as Tensor).clone()],
  flops: () => 0,
});

/** The same tensor, through which no gradient flows. */
export function stopGradient(x: Value): Value {
  return apply(stopGradientOp, [x], {});
}
