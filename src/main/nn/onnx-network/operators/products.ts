/** Products of matrices. */
import { LabError } from '../../../../shared/errors.ts';
import type { Value } from '../../../graph/index.ts';
import { add, broadcastTo, matmul, reshape, scale, sizeAt } from '../../../graph/index.ts';
import { broadcastShapes } from '../../../graph/shape.ts';
import { broadcastHost, hostTensor } from '../host-tensor.ts';
import type { HostTensor } from '../host-tensor.ts';
import { isHost } from '../operand.ts';
import type { Operator } from '../step.ts';
import { einsum } from './einsum.ts';

/** NumPy's matmul: vectors are rows on the left and columns on the right, stacks broadcast. */
export function multiplyMatrices(a: Value, b: Value): Value {
  if (a.shape.length === 1) {
    const row = multiplyMatrices(reshape(a, [1, -1]), b);
    return reshape(row, row.shape.toSpliced(-2, 1));
  }
  if (b.shape.length === 1) {
    const column = multiplyMatrices(a, reshape(b, [-1, 1]));
    return reshape(column, column.shape.slice(0, -1));
  }
  if (b.shape.length === 2) return matmul(a, b);
  const stack = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const whole = (x: Value): Value => broadcastTo(x, [...stack, ...x.shape.slice(-2)]);
  return matmul(whole(a), whole(b));
}

/** As `multiplyMatrices`, of known tensors: rotary tables are such products. */
function multiplyHost(a: HostTensor, b: HostTensor): HostTensor {
  const [rows, inner, columns] = [a.shape.at(-2) ?? 0, a.shape.at(-1) ?? 0, b.shape.at(-1) ?? 0];
  if (a.shape.length < 2 || b.shape.length < 2 || inner !== b.shape.at(-2)) {
    throw new LabError('shape', 'the sizes of its factors do not fit');
  }
  const stack = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const left = broadcastHost(a, [...stack, rows, inner]);
  const right = broadcastHost(b, [...stack, inner, columns]);
  return hostTensor(a.kind, [...stack, rows, columns], (data) => {
    for (let position = 0; position < data.length; position++) {
      const column = position % columns;
      const row = Math.floor(position / columns);
      const matrix = Math.floor(row / rows);
      for (let k = 0; k < inner; k++) {
        data[position]! += left.data[row * inner + k]! * right.data[(matrix * inner + k) * columns + column]!;
      }
    }
    if (a.kind === 'float') data.set(Float32Array.from(data));
  });
}

const product: Operator = (step) => {
  const [a, b] = [step.operand(0), step.operand(1)];
  return isHost(a) && isHost(b) ? multiplyHost(a, b) : multiplyMatrices(step.value(0), step.value(1));
};

/** alpha · A·B + beta · C, with A and B transposed where it says so. */
const general: Operator = (step) => {
  const [transposeA, transposeB] = [step.integer('transA', 0) !== 0, step.integer('transB', 0) !== 0];
  const [a, b] = [step.value(0), step.value(1)];
  const result = matmul(a, b, { transposeA, transposeB, scale: step.float('alpha', 1) });
  if (!step.inputs[2]) return result;
  return add(result, scale(step.value(2), step.float('beta', 1)));
};

/** Two layers of exporters that join a product and its bias, or its transposition. */
const fused: Operator = (step) => {
  const [transposeA, transposeB] = [step.integer('transA', 0) !== 0, step.integer('transB', 0) !== 0];
  const [a, b] = [step.value(0), step.value(1)];
  if (step.integer('transBatchA', 0) !== 0 || step.integer('transBatchB', 0) !== 0) {
    throw new LabError('bad-spec', 'transposed stacks cannot be read');
  }
  const stack = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const whole = (x: Value): Value => broadcastTo(x, [...stack, x.shape.at(-2)!, sizeAt(x.shape, -1)]);
  return matmul(whole(a), whole(b), { transposeA, transposeB, scale: step.float('alpha', 1) });
};

export const productOperators: Readonly<Record<string, Operator>> = {
  MatMul: product,
  Gemm: general,
  FusedMatMul: fused,
  Einsum: (step) =>
    einsum(
      step.text('equation', ''),
      step.inputs.map((_, index) => step.value(index)),
    ),
};
