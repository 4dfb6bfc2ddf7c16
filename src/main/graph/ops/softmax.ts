/** Softmax and its logarithm over the last axis. */
import { apply, at, defineOp, requireFloat } from '../op.ts';
import type { Value } from '../program.ts';
import { elementCount } from '../shape.ts';
import { sum } from './broadcasting.ts';
import { exp, multiply, subtract } from './elementwise.ts';

const softmaxOp = defineOp({
  name: 'softmax',
  infer: (inputs) => [requireFloat(at(inputs, 0))],
  gradient({ outputs }, [gradient]) {
    const y = at(outputs, 0);
    return [gradient && multiply(y, subtract(gradient, sum(multiply(gradient, y), [-1], true)))];
  },
  onnx: (emit, inputs) => [emit.one('Softmax', inputs, { axis: -1 })],
  tfjs: (tf, inputs) => [tf.softmax(at(inputs, 0))],
  flops: ({ outputs }) => 5 * elementCount(at(outputs, 0).shape),
});

/** eˣ divided by its sum over the last axis. */
export function softmax(x: Value): Value {
  return apply(softmaxOp, [x], {});
}

const logSoftmaxOp = defineOp({
  name: 'log-softmax',
  infer: (inputs) => [requireFloat(at(inputs, 0))],
  gradient({ outputs }, [gradient]) {
    return [gradient && subtract(gradient, multiply(exp(at(outputs, 0)), sum(gradient, [-1], true)))];
  },
  onnx: (emit, inputs) => [emit.one('LogSoftmax', inputs, { axis: -1 })],
  tfjs: (tf, inputs) => [tf.logSoftmax(at(inputs, 0))],
  flops: ({ outputs }) => 5 * elementCount(at(outputs, 0).shape),
});

/** log softmax(x), finite where softmax underflows. */
export function logSoftmax(x: Value): Value {
  return apply(logSoftmaxOp, [x], {});
}
