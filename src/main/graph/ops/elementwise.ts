/** Elementwise arithmetic with NumPy broadcasting: binary and unary functions, comparison, selection, casts. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { LabError } from '../../../shared/errors.ts';
import type { TensorFlow } from '../op.ts';
import { apply, at, defineOp, requireDtype, requireFloat } from '../op.ts';
import type { DType, TensorType, Value } from '../program.ts';
import { constant } from '../program.ts';
import { broadcastShapes, elementCount } from '../shape.ts';
import { sumTo } from './broadcasting.ts';

function sameDtype(a: TensorType, b: TensorType): DType {
  if (a.dtype !== b.dtype) throw new LabError('shape', `the dtypes ${a.dtype} and ${b.dtype} differ`);
  return a.dtype;
}

function inferBroadcast(inputs: readonly TensorType[]): TensorType {
  const [a, b] = [at(inputs, 0), at(inputs, 1)];
  return { dtype: sameDtype(a, b), shape: broadcastShapes(a.shape, b.shape) };
}

/** A binary op: `left` and `right` give ∂loss/∂a and ∂loss/∂b at the output's shape, from the output's gradient. */
function defineBinary(
  name: string,
  onnxName: string,
  tfjs: (tf: TensorFlow, a: Tensor, b: Tensor) => Tensor,
  left: (gradient: Value, a: Value, b: Value, output: Value) => Value,
  right: (gradient: Value, a: Value, b: Value, output: Value) => Value,
): (a: Value, b: Value) => Value {
  const op = defineOp({
    name,
    infer: (inputs) => [inferBroadcast(inputs)],
    gradient({ inputs, outputs }, [gradient], needed) {
      const [a, b, output] = [at(inputs, 0), at(inputs, 1), at(outputs, 0)];
      if (!gradient) return [];
      return [
        needed[0] ? sumTo(left(gradient, a, b, output), a.shape) : undefined,
        needed[1] ? sumTo(right(gradient, a, b, output), b.shape) : undefined,
      ];
    },
    onnx: (emit, inputs) => [emit.one(onnxName, inputs)],
    tfjs: (tf, inputs) => [tfjs(tf, at(inputs, 0), at(inputs, 1))],
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
  (gradient, a, b) => where(less(a, b), zeroLike(gradient), gradient),
  (gradient, a, b) => where(less(a, b), gradient, zeroLike(gradient)),
);

/** The smaller of two; where they are equal, the gradient goes to the first. */
export const minimum = defineBinary(
  'minimum',
  'Min',
  (tf, a, b) => tf.minimum(a, b),
  (gradient, a, b) => where(less(b, a), zeroLike(gradient), gradient),
  (gradient, a, b) => where(less(b, a), gradient, zeroLike(gradient)),
);

export interface UnaryDefinition {
  readonly name: string;
  readonly onnx: string;
  readonly domain?: string;
  readonly tfjs: (tf: TensorFlow, x: Tensor) => Tensor;
  /** ∂loss/∂x from ∂loss/∂y. Without it the op has no gradient. */
  readonly derivative?: (gradient: Value, x: Value, y: Value) => Value;
  /** For one element; 1 unless given. */
  readonly flops?: number;
}

/** A float32 function of each element. */
export function defineUnary({
  name,
  onnx,
  domain = '',
  tfjs,
  derivative,
  flops = 1,
}: UnaryDefinition): (x: Value) => Value {
  const op = defineOp({
    name,
    infer: (inputs) => [requireFloat(at(inputs, 0))],
    ...(derivative && {
      gradient: ({ inputs, outputs }, [gradient]) => [gradient && derivative(gradient, at(inputs, 0), at(outputs, 0))],
    }),
    onnx: (emit, inputs) => [emit.one(onnx, inputs, {}, domain)],
    tfjs: (tf, inputs) => [tfjs(tf, at(inputs, 0))],
    flops: ({ outputs }) => flops * elementCount(at(outputs, 0).shape),
  });
  return (x) => apply(op, [x], {});
}

export const negate = defineUnary({
  name: 'negate',
  onnx: 'Neg',
  tfjs: (tf, x) => tf.neg(x),
  derivative: (gradient) => negate(gradient),
});

export const exp = defineUnary({
  name: 'exp',
  onnx: 'Exp',
  tfjs: (tf, x) => tf.exp(x),
  derivative: (gradient, _x, y) => multiply(gradient, y),
  flops: 4,
});

export const log = defineUnary({
  name: 'log',
  onnx: 'Log',
  tfjs: (tf, x) => tf.log(x),
  derivative: (gradient, x) => divide(gradient, x),
  flops: 4,
});

export const sqrt = defineUnary({
  name: 'sqrt',
  onnx: 'Sqrt',
  tfjs: (tf, x) => tf.sqrt(x),
  derivative: (gradient, _x, y) => scale(divide(gradient, y), 0.5),
});

/** |x|, with a gradient of 0 at 0. */
export const absolute = defineUnary({
  name: 'absolute',
  onnx: 'Abs',
  tfjs: (tf, x) => tf.abs(x),
  derivative: (gradient, x) => multiply(gradient, sign(x)),
});

/** −1, 0 or 1. */
export const sign = defineUnary({ name: 'sign', onnx: 'Sign', tfjs: (tf, x) => tf.sign(x) });

/** The error function, odd and between −1 and 1. */
export const erf = defineUnary({
  name: 'erf',
  onnx: 'Erf',
  tfjs: (tf, x) => tf.erf(x),
  derivative: (gradient, x) => multiply(gradient, scale(exp(negate(multiply(x, x))), 2 / Math.sqrt(Math.PI))),
  flops: 8,
});

export const sine = defineUnary({
  name: 'sine',
  onnx: 'Sin',
  tfjs: (tf, x) => tf.sin(x),
  derivative: (gradient, x) => multiply(gradient, cosine(x)),
  flops: 8,
});

export const cosine = defineUnary({
  name: 'cosine',
  onnx: 'Cos',
  tfjs: (tf, x) => tf.cos(x),
  derivative: (gradient, x) => negate(multiply(gradient, sine(x))),
  flops: 8,
});

/** The largest whole number that is not above x. Without a gradient: it is 0 wherever there is one. */
export const floor = defineUnary({ name: 'floor', onnx: 'Floor', tfjs: (tf, x) => tf.floor(x) });

const powerOp = defineOp<{ readonly exponent: number }>({
  name: 'power',
  infer: (inputs) => [requireFloat(at(inputs, 0))],
  gradient: ({ inputs, attributes: { exponent } }, [gradient]) => [
    gradient && multiply(gradient, scale(power(at(inputs, 0), exponent - 1), exponent)),
  ],
  onnx: (emit, inputs, { attributes }) => [emit.one('Pow', [at(inputs, 0), emit.float(attributes.exponent)])],
  tfjs: (tf, inputs, { attributes }) => [tf.pow(at(inputs, 0), attributes.exponent)],
  flops: ({ outputs }) => 8 * elementCount(at(outputs, 0).shape),
});

/** x to a power that is fixed; whole powers of negative numbers are real, others are not numbers. */
export function power(x: Value, exponent: number): Value {
  return exponent === 1 ? x : apply(powerOp, [x], { exponent });
}

/** x · factor. */
export function scale(x: Value, factor: number): Value {
  return factor === 1 ? x : multiply(x, constant(x.program, factor));
}

/** x + amount. */
export function shift(x: Value, amount: number): Value {
  return amount === 0 ? x : add(x, constant(x.program, amount));
}

/** The scalar 0, which broadcasts. */
export function zeroLike(value: Value): Value {
  return constant(value.program, 0);
}

function defineComparison(
  name: string,
  onnxName: string,
  tfjs: (tf: TensorFlow, a: Tensor, b: Tensor) => Tensor,
): (a: Value, b: Value) => Value {
  const op = defineOp({
    name,
    infer: (inputs) => [{ dtype: 'bool', shape: inferBroadcast(inputs).shape }],
    onnx: (emit, inputs) => [emit.one(onnxName, inputs)],
    tfjs: (tf, inputs) => [tfjs(tf, at(inputs, 0), at(inputs, 1))],
  });
  return (a, b) => apply(op, [a, b], {});
}

export const less = defineComparison('less', 'Less', (tf, a, b) => tf.less(a, b));
export const equal = defineComparison('equal', 'Equal', (tf, a, b) => tf.equal(a, b));

const whereOp = defineOp({
  name: 'where',
  infer(inputs) {
    const condition = requireDtype(at(inputs, 0), 'bool', 'the condition');
    const [a, b] = [at(inputs, 1), at(inputs, 2)];
    return [{ dtype: sameDtype(a, b), shape: broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)) }];
  },
  gradient({ inputs }, [gradient], needed) {
    const [condition, a, b] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    if (!gradient) return [];
    return [
      undefined,
      needed[1] ? sumTo(where(condition, gradient, zeroLike(gradient)), a.shape) : undefined,
      needed[2] ? sumTo(where(condition, zeroLike(gradient), gradient), b.shape) : undefined,
    ];
  },
  onnx: (emit, inputs) => [emit.one('Where', inputs)],
  tfjs: (tf, inputs, { outputs }) => {
    const [condition, a, b] = inputs.map((tensor) => tf.broadcastTo(tensor, [...at(outputs, 0).shape]));
    return condition && a && b ? [tf.where(condition, a, b)] : [];
  },
});

/** `a` where the condition holds, `b` elsewhere. */
export function where(condition: Value, a: Value, b: Value): Value {
  return apply(whereOp, [condition, a, b], {});
}

type CastTarget = 'float32' | 'int32' | 'bool';

/** TensorProto.DataType. */
const onnxTypes: Readonly<Record<CastTarget, number>> = { float32: 1, int32: 6, bool: 9 };

const castOp = defineOp<{ readonly to: CastTarget }>({
  name: 'cast',
  infer: (inputs, { to }) => [{ dtype: to, shape: at(inputs, 0).shape }],
  onnx: (emit, inputs, { attributes }) => [emit.one('Cast', inputs, { to: onnxTypes[attributes.to] })],
  tfjs: (tf, inputs, { attributes }) => [tf.cast(at(inputs, 0), attributes.to)],
  flops: () => 0,
});

/** Another dtype; fractions are cut off towards zero. No gradient flows through it. */
export function cast(x: Value, to: CastTarget): Value {
  return x.dtype === to ? x : apply(castOp, [x], { to });
}

const stopGradientOp = defineOp({
  name: 'stop-gradient',
  infer: (inputs) => [at(inputs, 0)],
  onnx: (emit, inputs) => [emit.one('Identity', inputs)],
  tfjs: (_tf, inputs) => [at(inputs, 0).clone()],
  flops: () => 0,
});

/** The same tensor, through which no gradient flows. */
export function stopGradient(x: Value): Value {
  return apply(stopGradientOp, [x], {});
}
