/** Activation functions. GELU's derivatives are ops of their own, because they are worth counting memory passes for. */
import { microsoftDomain } from '../onnx.ts';
import { apply, at, defineOp, requireFloat } from '../op.ts';
import type { Value } from '../program.ts';
import { constant } from '../program.ts';
import { elementCount } from '../shape.ts';
import { reshape } from './broadcasting.ts';
import { add, defineUnary, multiply, scale, subtract } from './elementwise.ts';

/** max(x, 0), with a gradient of 0 at 0. */
export const relu = defineUnary({
  name: 'relu',
  onnx: 'Relu',
  tfjs: (tf, x) => tf.relu(x),
  derivative: (gradient, _x, y) => apply(reluGradientOp, [gradient, y], {}),
});

const reluGradientOp = defineOp({
  name: 'relu-gradient',
  infer: (inputs) => [requireFloat(at(inputs, 0))],
  /**
   * gradient where y > 0. The step function is HardSigmoid so steep that it is 1 from the smallest normal number on; it runs on
   * all threads, where Where and a cast of a comparison run on one.
   */
  onnx(emit, inputs) {
    const step = emit.one('HardSigmoid', [at(inputs, 1)], { alpha: { float: 1e38 }, beta: { float: 0 } });
    return [emit.one('Mul', [at(inputs, 0), step])];
  },
  tfjs: (tf, inputs) => [tf.mul(at(inputs, 0), tf.step(at(inputs, 1)))],
  flops: ({ outputs }) => 2 * elementCount(at(outputs, 0).shape),
});

interface Bounds {
  readonly [name: string]: number;
  readonly minimum: number;
  readonly maximum: number;
}

const clipOp = defineOp<Bounds>({
  name: 'clip',
  infer: (inputs) => [requireFloat(at(inputs, 0))],
  gradient: ({ outputs, attributes }, [gradient]) => [
    gradient && apply(clipGradientOp, [gradient, at(outputs, 0)], attributes),
  ],
  onnx: (emit, inputs, { attributes: { minimum, maximum } }) => [
    emit.one('Clip', [at(inputs, 0), emit.float(minimum), emit.float(maximum)]),
  ],
  tfjs: (tf, inputs, { attributes: { minimum, maximum } }) => [tf.clipByValue(at(inputs, 0), minimum, maximum)],
  flops: ({ outputs }) => 2 * elementCount(at(outputs, 0).shape),
});

const clipGradientOp = defineOp<Bounds>({
  name: 'clip-gradient',
  infer: (inputs) => [requireFloat(at(inputs, 0))],
  /** gradient where y is between the bounds. The step functions are as in the gradient of relu. */
  onnx(emit, inputs, { attributes: { minimum, maximum } }) {
    const step = (x: string): string => emit.one('HardSigmoid', [x], { alpha: { float: 1e38 }, beta: { float: 0 } });
    const above = step(minimum === 0 ? at(inputs, 1) : emit.one('Sub', [at(inputs, 1), emit.float(minimum)]));
    const below = step(emit.one('Sub', [emit.float(maximum), at(inputs, 1)]));
    return [emit.one('Mul', [emit.one('Mul', [at(inputs, 0), above]), below])];
  },
  tfjs: (tf, inputs, { attributes: { minimum, maximum } }) => [
    tf.mul(at(inputs, 0), tf.mul(tf.step(tf.sub(at(inputs, 1), minimum)), tf.step(tf.sub(maximum, at(inputs, 1))))),
  ],
  flops: ({ outputs }) => 4 * elementCount(at(outputs, 0).shape),
});

/** min(max(x, minimum), maximum), with a gradient of 0 at both ends. */
export function clip(x: Value, minimum: number, maximum: number): Value {
  return apply(clipOp, [x], { minimum, maximum });
}

/** min(max(x, 0), 6) (Krizhevsky 2010; MobileNets). */
export function relu6(x: Value): Value {
  return clip(x, 0, 6);
}

const squaredReluOp = defineOp({
  name: 'squared-relu',
  infer: (inputs) => [requireFloat(at(inputs, 0))],
  gradient: ({ inputs }, [gradient]) => [gradient && multiply(gradient, scale(relu(at(inputs, 0)), 2))],
  onnx(emit, inputs) {
    const positive = emit.one('Relu', inputs);
    return [emit.one('Mul', [positive, positive])];
  },
  tfjs: (tf, inputs) => [tf.square(tf.relu(at(inputs, 0)))],
  flops: ({ outputs }) => 2 * elementCount(at(outputs, 0).shape),
});

/** max(x, 0)² (So et al. 2021, "Primer"). */
export function squaredRelu(x: Value): Value {
  return apply(squaredReluOp, [x], {});
}

const siluOp = defineOp({
  name: 'silu',
  infer: (inputs) => [requireFloat(at(inputs, 0))],
  /** With s the sigmoid and y = x·s: y' = y + s·(1 − y). */
  gradient({ inputs, outputs }, [gradient]) {
    const [x, y] = [at(inputs, 0), at(outputs, 0)];
    return [gradient && multiply(gradient, add(y, multiply(sigmoid(x), subtract(constant(x.program, 1), y))))];
  },
  onnx: (emit, inputs) => [emit.one('Mul', [at(inputs, 0), emit.one('Sigmoid', inputs)])],
  tfjs: (tf, inputs) => [tf.mul(at(inputs, 0), tf.sigmoid(at(inputs, 0)))],
  flops: ({ outputs }) => 5 * elementCount(at(outputs, 0).shape),
});

/** x · sigmoid(x), also called swish (Ramachandran et al. 2017; Elfwing et al. 2017). */
export function silu(x: Value): Value {
  return apply(siluOp, [x], {});
}

export const tanh = defineUnary({
  name: 'tanh',
  onnx: 'Tanh',
  tfjs: (tf, x) => tf.tanh(x),
  derivative: (gradient, _x, y) => multiply(gradient, subtract(constant(y.program, 1), multiply(y, y))),
  flops: 5,
});

/** 1 / (1 + e⁻ˣ). */
export const sigmoid = defineUnary({
  name: 'sigmoid',
  onnx: 'Sigmoid',
  tfjs: (tf, x) => tf.sigmoid(x),
  derivative: (gradient, _x, y) => multiply(gradient, multiply(y, subtract(constant(y.program, 1), y))),
  flops: 4,
});

/** log(1 + eˣ), without overflow. */
export const softplus = defineUnary({
  name: 'softplus',
  onnx: 'Softplus',
  tfjs: (tf, x) => tf.softplus(x),
  derivative: (gradient, x) => multiply(gradient, sigmoid(x)),
  flops: 6,
});

/** Gaussian error linear unit, x·Φ(x), in its exact form (Hendrycks & Gimpel 2016; BERT's and PyTorch's default). */
export const gelu = defineUnary({
  name: 'gelu',
  onnx: 'Gelu',
  domain: microsoftDomain,
  tfjs: (tf, x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  derivative: (gradient, x) => apply(geluGradientOp, [gradient, x], {}),
  flops: 12,
});

const geluGradientOp = defineOp({
  name: 'gelu-gradient',
  infer: (inputs) => [requireFloat(at(inputs, 1))],
  /**
   * gradient · (Φ(x) + x·φ(x)) in nine passes. With u = x/√2: Φ(x) = (1 + erf u)/2, which is one pass as HardSigmoid, whose
   * clamping to [0, 1] never acts; and x·φ(x) = u·exp(−u²)/√π, whose factor hides in the exponent as −ln √π.
   */
  onnx(emit, inputs) {
    const [gradient, x] = [at(inputs, 0), at(inputs, 1)];
    const u = emit.one('Mul', [x, emit.float(Math.SQRT1_2)]);
    const cumulative = emit.one('HardSigmoid', [emit.one('Erf', [u])], { alpha: { float: 0.5 }, beta: { float: 0.5 } });
    const exponent = emit.one('Sub', [emit.float(-0.5 * Math.log(Math.PI)), emit.one('Mul', [u, u])]);
    const slope = emit.one('Add', [cumulative, emit.one('Mul', [u, emit.one('Exp', [exponent])])]);
    return [emit.one('Mul', [gradient, slope])];
  },
  tfjs(tf, inputs) {
    const u = tf.mul(at(inputs, 1), Math.SQRT1_2);
    const cumulative = tf.mul(tf.add(tf.erf(u), 1), 0.5);
    const density = tf.mul(tf.exp(tf.neg(tf.square(u))), 1 / Math.sqrt(Math.PI));
    return [tf.mul(at(inputs, 0), tf.add(cumulative, tf.mul(u, density)))];
  },
  flops: ({ outputs }) => 20 * elementCount(at(outputs, 0).shape),
});

/** √(2/π) and the cubic coefficient of the approximation. */
const tanhScale = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

const geluTanhOf = defineUnary({
  name: 'gelu-tanh',
  onnx: 'FastGelu',
  domain: microsoftDomain,
  tfjs: (tf, x) => {
    const inner = tf.mul(x, tf.add(tf.mul(tf.square(x), tanhScale * cubic), tanhScale));
    return tf.mul(x, tf.sigmoid(tf.mul(inner, 2)));
  },
  derivative: (gradient, x) => apply(geluTanhGradientOp, [gradient, x], {}),
  flops: 12,
});

/** GELU by a hyperbolic tangent, ½x(1 + tanh(√(2/π)(x + 0.044715x³))), as in GPT-2. Within 0.0005 of `gelu`. */
export function geluTanh(x: Value): Value {
  return reshape(geluTanhOf(x.shape.length === 0 ? reshape(x, [1]) : x), x.shape); // FastGelu refuses scalars
}

const geluTanhGradientOp = defineOp({
  name: 'gelu-tanh-gradient',
  infer: (inputs) => [requireFloat(at(inputs, 1))],
  /** As ½(1 + tanh u) = s(2u) with the sigmoid s: gradient · s·(1 + (1 − s)·x·∂2u/∂x). */
  onnx(emit, inputs) {
    const [gradient, x] = [at(inputs, 0), at(inputs, 1)];
    const square = emit.one('Mul', [x, x]);
    const polynomial = (a: number, b: number): string =>
      emit.one('Mul', [x, emit.one('Add', [emit.one('Mul', [square, emit.float(a)]), emit.float(b)])]);
    const s = emit.one('Sigmoid', [polynomial(2 * tanhScale * cubic, 2 * tanhScale)]);
    const slope = emit.one('Mul', [
      emit.one('Sub', [emit.float(1), s]),
      polynomial(6 * tanhScale * cubic, 2 * tanhScale),
    ]);
    return [emit.one('Mul', [gradient, emit.one('Mul', [s, emit.one('Add', [slope, emit.float(1)])])])];
  },
  tfjs(tf, inputs) {
    const x = at(inputs, 1);
    const square = tf.square(x);
    const s = tf.sigmoid(tf.mul(x, tf.add(tf.mul(square, 2 * tanhScale * cubic), 2 * tanhScale)));
    const slope = tf.mul(x, tf.add(tf.mul(square, 6 * tanhScale * cubic), 2 * tanhScale));
    return [tf.mul(at(inputs, 0), tf.mul(s, tf.add(tf.mul(tf.sub(1, s), slope), 1)))];
  },
  flops: ({ outputs }) => 20 * elementCount(at(outputs, 0).shape),
});
