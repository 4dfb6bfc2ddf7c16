/** Vectors as columns, which recurrences work on, and the projection that gives them their inputs. */
import { LabError } from '../../../../shared/errors.ts';
import { apply, at, defineOp, requireFloat } from '../../op.ts';
import type { Value } from '../../program.ts';
import { elementCount, showShape, sizeAt } from '../../shape.ts';
import { reshape, sum } from '../broadcasting.ts';
import { matmul } from '../matmul.ts';
import { transpose } from '../shape.ts';

const projectColumnsOp = defineOp({
  name: 'project-columns',
  infer(inputs) {
    const [x, weight, bias] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)].map((type) => requireFloat(type).shape);
    const [inner, count] = [x?.[0], x?.[1]];
    const features = weight?.[1];
    if (count === undefined || inner !== weight?.[0] || features === undefined || bias?.join() !== String(features)) {
      throw new LabError('shape', 'a projection of columns needs x [in, N], weight [in, out] and bias [out]');
    }
    return [{ dtype: 'float32', shape: [features, count] }];
  },
  /** No operand of these products is turned around, but for the columns of the second, which kernels copy anyway. */
  gradient({ inputs }, [gradient], needed) {
    if (!gradient) return [];
    const [x, weight] = [at(inputs, 0), at(inputs, 1)];
    return [
      needed[0] ? matmul(weight, gradient) : undefined,
      needed[1] ? matmul(x, gradient, { transposeB: true }) : undefined,
      needed[2] ? sum(gradient, [1]) : undefined,
    ];
  },
  onnx(emit, inputs) {
    const weight = emit.one('Transpose', [at(inputs, 1)], { perm: [1, 0] }); // far smaller than what it is multiplied by
    const bias = emit.one('Reshape', [at(inputs, 2), emit.ints([-1, 1])]);
    return [emit.one('Gemm', [weight, at(inputs, 0), bias])];
  },
  tfjs: (tf, inputs) => [
    tf.add(tf.matMul(at(inputs, 1), at(inputs, 0), true, false), tf.reshape(at(inputs, 2), [-1, 1])),
  ],
  flops: ({ inputs }) => 2 * elementCount(at(inputs, 0).shape) * sizeAt(at(inputs, 1).shape, 1),
});

/** weightᵀ·x + bias of each column: x [in, steps, batch], weight [in, out], bias [out] → [out, steps, batch]. Throws `LabError('shape')`. */
export function projectColumns(x: Value, weight: Value, bias: Value): Value {
  if (x.shape.length !== 3) {
    throw new LabError('shape', `columns are [features, steps, batch], not ${showShape(x.shape)}`);
  }
  const product = apply(projectColumnsOp, [reshape(x, [sizeAt(x.shape, 0), -1]), weight, bias], {});
  return reshape(product, [sizeAt(product.shape, 0), ...x.shape.slice(1)]);
}

/** [steps, batch, features] → [features, steps, batch]. */
export function columnsOfSteps(x: Value): Value {
  const [steps, batch, features] = [sizeAt(x.shape, 0), sizeAt(x.shape, 1), sizeAt(x.shape, 2)];
  return reshape(transpose(reshape(x, [steps * batch, features]), [1, 0]), [features, steps, batch]);
}

/** [features, steps, batch] → [steps, batch, features]. */
export function stepsOfColumns(x: Value): Value {
  const [features, steps, batch] = [sizeAt(x.shape, 0), sizeAt(x.shape, 1), sizeAt(x.shape, 2)];
  return reshape(transpose(reshape(x, [features, steps * batch]), [1, 0]), [steps, batch, features]);
}
