/** Activation functions, written out in our ops. Defaults of attributes are ONNX's. */
import type { Value } from '../../../graph/index.ts';
import {
  add,
  constant,
  divide,
  exp,
  expandDimensions,
  gelu,
  geluTanh,
  less,
  logSoftmax,
  maximum,
  minimum,
  multiply,
  relu,
  absolute,
  reshape,
  scale,
  shift,
  sigmoid,
  silu,
  softmax,
  softplus,
  subtract,
  tanh,
  transpose,
  where,
} from '../../../graph/index.ts';
import { normaliseAxis } from '../../../graph/shape.ts';
import { dropoutLayer } from '../../layers.ts';
import { combineHost } from '../host-tensor.ts';
import { isHost } from '../operand.ts';
import type { Operator } from '../step.ts';

/** Between two bounds; at a bound the gradient flows, as PyTorch's `clamp` has it. */
function clip(x: Value, low: number | undefined, high: number | undefined): Value {
  const above = low === undefined ? x : low === 0 && high === undefined ? relu(x) : maximum(x, bound(x, low));
  return high === undefined ? above : minimum(above, bound(x, high));
}

const bound = (x: Value, value: number): Value =>
  x.dtype === 'int32' ? constant(x.program, Int32Array.of(value)) : constant(x.program, value);

/** Bounds that no float32 reaches are none. */
const finiteBound = (value: number | undefined): number | undefined =>
  value === undefined || Math.abs(value) >= 3.4e38 ? undefined : value;

const hardSigmoid = (x: Value, alpha: number, beta: number): Value => clip(shift(scale(x, alpha), beta), 0, 1);

/** x above 0, `slope` times it below. */
const leaky = (x: Value, slope: Value): Value => subtract(relu(x), multiply(slope, relu(scale(x, -1))));

/** x above 0, a(eˣ⁄ᶜ − 1) below; the exponential never sees what would overflow. */
const elu = (x: Value, a: number, c = 1): Value =>
  add(relu(x), scale(shift(exp(scale(scale(relu(scale(x, -1)), -1), 1 / c)), -1), a));

/**
 * Softmax along one axis; before opset 13 over all axes from the given one on.
 */
const alongAxis =
  (f: (x: Value) => Value): Operator =>
  (step) => {
    const x = step.value(0);
    const isFlattening = step.opset < 13;
    const axis = normaliseAxis(step.integer('axis', isFlattening ? 1 : -1), x.shape.length);
    const last = x.shape.length - 1;
    if (axis === last) return f(x);
    if (isFlattening) {
      const inner = x.shape.slice(axis).reduce((product, size) => product * size, 1);
      return reshape(f(reshape(x, [-1, inner])), x.shape);
    }
    const swapped = x.shape.map((_, other) => (other === axis ? last : other === last ? axis : other));
    return transpose(f(transpose(x, swapped)), swapped);
  };

const clipped: Operator = (step) => {
  const isAttribute = step.opset < 11;
  const low = isAttribute ? step.float('min', -Infinity) : step.number(1);
  const high = isAttribute ? step.float('max', Infinity) : step.number(2);
  const x = step.operand(0);
  if (!isHost(x)) return clip(x, finiteBound(low), finiteBound(high));
  return combineHost([x], x.kind, (value) => Math.min(Math.max(value, low ?? -Infinity), high ?? Infinity));
};

/** The slopes of PRelu broadcast from the right; a vector of them belongs to the channels in files of old. */
const parametric: Operator = (step) => {
  const [x, slope] = [step.value(0), step.value(1)];
  const isByChannel = slope.shape.length === 1 && slope.shape[0] !== 1 && slope.shape[0] !== x.shape.at(-1);
  if (!isByChannel) return leaky(x, slope);
  const beside = x.shape.slice(2).reduce((value) => expandDimensions(value, -1), slope);
  return leaky(x, beside);
};

const of =
  (f: (x: Value) => Value): Operator =>
  (step) =>
    f(step.value(0));

export const activationOperators: Readonly<Record<string, Operator>> = {
  Relu: of(relu),
  Sigmoid: of(sigmoid),
  Tanh: of(tanh),
  Softplus: of(softplus),
  Softsign: of((x) => divide(x, shift(absolute(x), 1))),
  Mish: of((x) => multiply(x, tanh(softplus(x)))),
  LeakyRelu: (step) => leaky(step.value(0), constant(step.program, step.float('alpha', 0.01))),
  PRelu: parametric,
  ThresholdedRelu(step) {
    const x = step.value(0);
    const zero = constant(step.program, 0);
    return where(less(constant(step.program, step.float('alpha', 1)), x), x, zero);
  },
  Elu: (step) => elu(step.value(0), step.float('alpha', 1)),
  Celu: (step) => elu(step.value(0), step.float('alpha', 1), step.float('alpha', 1)),
  Selu(step) {
    const [alpha, gamma] = [step.float('alpha', 1.6732631921768188), step.float('gamma', 1.0507010221481323)];
    return scale(elu(step.value(0), alpha), gamma);
  },
  HardSigmoid: (step) => hardSigmoid(step.value(0), step.float('alpha', 0.2), step.float('beta', 0.5)),
  HardSwish: of((x) => multiply(x, hardSigmoid(x, 1 / 6, 0.5))),
  Swish(step) {
    const alpha = step.float('alpha', 1);
    return alpha === 1 ? silu(step.value(0)) : multiply(step.value(0), sigmoid(scale(step.value(0), alpha)));
  },
  Gelu: (step) => (step.text('approximate', 'none') === 'tanh' ? geluTanh : gelu)(step.value(0)),
  Clip: clipped,
  Softmax: alongAxis(softmax),
  LogSoftmax: alongAxis(logSoftmax),
  /** In files that were exported while training; the mask, its second output, is nobody's business. */
  Dropout(step) {
    const rate = step.opset < 12 ? step.float('ratio', 0.5) : (step.number(1) ?? 0.5);
    const x = step.operand(0);
    return isHost(x) ? x : dropoutLayer(x, rate, step.context.mode);
  },
};
