/**
 * Matrix products. Gradients are products again, with operands marked as transposed instead of being transposed: Gemm and
 * FusedMatMul read them in place.
 */
import { LabError } from '../../../shared/errors.ts';
import { microsoftDomain } from '../onnx.ts';
import { apply, at, defineOp, requireFloat } from '../op.ts';
import type { Shape, Value } from '../program.ts';
import { elementCount, sameShape, showShape, sizeAt } from '../shape.ts';
import { reshape, sumTo } from './broadcasting.ts';

interface MatmulAttributes {
  readonly [name: string]: boolean | number | undefined;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly scale: number;
  readonly exact?: true;
}

/** Rows, inner size and columns of a product. */
function matrixSizes(
  a: Shape,
  b: Shape,
  { transposeA, transposeB }: MatmulAttributes,
): readonly [number, number, number] {
  const batches = [a.slice(0, -2), b.slice(0, -2)] as const;
  if (a.length < 2 || b.length < 2 || !sameShape(...batches)) {
    throw new LabError('shape', `${showShape(a)} and ${showShape(b)} are not matrices, or stacks of as many matrices`);
  }
  const [rows, inner] = [sizeAt(a, transposeA ? -1 : -2), sizeAt(a, transposeA ? -2 : -1)];
  const [innerB, columns] = [sizeAt(b, transposeB ? -1 : -2), sizeAt(b, transposeB ? -2 : -1)];
  if (inner !== innerB) {
    const shown = (shape: Shape, transposed: boolean): string =>
      `${showShape(shape)}${transposed ? ' (transposed)' : ''}`;
    throw new LabError(
      'shape',
      `the inner sizes of ${shown(a, transposeA)} and ${shown(b, transposeB)} differ: ${String(inner)} and ${String(innerB)}`,
    );
  }
  return [rows, inner, columns];
}

const matmulOp = defineOp<MatmulAttributes>({
  name: 'matmul',
  infer(inputs, attributes) {
    const a = requireFloat(at(inputs, 0), 'the first factor');
    const b = requireFloat(at(inputs, 1), 'the second factor');
    const [rows, , columns] = matrixSizes(a.shape, b.shape, attributes);
    return [{ dtype: 'float32', shape: [...a.shape.slice(0, -2), rows, columns] }];
  },
  gradient({ inputs, attributes: { transposeA, transposeB, scale, exact = false } }, [gradient], needed) {
    if (!gradient) return [];
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    return [
      needed[0]
        ? transposeA
          ? matmul(b, gradient, { transposeA: transposeB, transposeB: true, scale, exact })
          : matmul(gradient, b, { transposeB: !transposeB, scale, exact })
        : undefined,
      needed[1]
        ? transposeB
          ? matmul(gradient, a, { transposeA: true, transposeB: transposeA, scale, exact })
          : matmul(a, gradient, { transposeA: !transposeA, scale, exact })
        : undefined,
    ];
  },
  onnx(emit, inputs, { outputs, attributes: { transposeA, transposeB, scale } }) {
    const [transA, transB] = [Number(transposeA), Number(transposeB)];
    const attributes = { transA, transB, alpha: { float: scale } };
    return at(outputs, 0).shape.length === 2
      ? [emit.one('Gemm', inputs, attributes)]
      : [emit.one('FusedMatMul', inputs, attributes, microsoftDomain)];
  },
  tfjs(tf, inputs, { attributes: { transposeA, transposeB, scale } }) {
    const product = tf.matMul(at(inputs, 0), at(inputs, 1), transposeA, transposeB);
    return [scale === 1 ? product : tf.mul(product, scale)];
  },
  flops({ inputs, attributes }) {
    const { shape } = at(inputs, 0);
    const [rows, inner, columns] = matrixSizes(shape, at(inputs, 1).shape, attributes);
    return 2 * elementCount(shape.slice(0, -2)) * rows * inner * columns;
  },
});

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Multiplies the product, at no cost. */
  readonly scale?: number;
  /** In float32 also where products are in half precision: it adds, picks or cumulates, or belongs to a loss or the optimizer. */
  readonly exact?: boolean;
}

/**
 * The product of two matrices, or of two stacks of matrices with equal leading axes; a stack times one matrix multiplies
 * each of its matrices. Transposition concerns the last two axes. Throws `LabError('shape')`.
 */
export function matmul(a: Value, b: Value, options: MatmulOptions = {}): Value {
  const { transposeA = false, transposeB = false, scale = 1, exact = false } = options;
  if (a.shape.length > 2 && b.shape.length === 2 && !transposeA) {
    const product = matmul(reshape(a, [-1, sizeAt(a.shape, -1)]), b, options);
    return reshape(product, [...a.shape.slice(0, -1), sizeAt(product.shape, 1)]);
  }
  return apply(matmulOp, [a, b], { transposeA, transposeB, scale, ...(exact && { exact }) });
}

const denseOp = defineOp({
  name: 'dense',
  infer(inputs) {
    const [x, weight, bias] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)].map((type) => requireFloat(type).shape);
    const [rows, inner, columns] = [x?.[0], x?.[1], weight?.[1]];
    if (
      rows === undefined ||
      inner !== weight?.[0] ||
      columns === undefined ||
      bias?.[0] !== columns ||
      bias.length !== 1
    ) {
      throw new LabError('shape', 'a dense layer needs x [rows, in], weight [in, out] and bias [out]');
    }
    return [{ dtype: 'float32', shape: [rows, columns] }];
  },
  gradient({ inputs }, [gradient], needed) {
    if (!gradient) return [];
    const [x, weight, bias] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    return [
      needed[0] ? matmul(gradient, weight, { transposeB: true }) : undefined,
      needed[1] ? matmul(x, gradient, { transposeA: true }) : undefined,
      needed[2] ? sumTo(gradient, bias.shape) : undefined,
    ];
  },
  onnx: (emit, inputs) => [emit.one('Gemm', inputs)],
  tfjs: (tf, inputs) => [tf.add(tf.matMul(at(inputs, 0), at(inputs, 1)), at(inputs, 2))],
  flops: ({ inputs }) => 2 * elementCount(at(inputs, 0).shape) * sizeAt(at(inputs, 1).shape, 1),
});

/** x·weight + bias for x [..., in], weight [in, out], bias [out] → [..., out]. Throws `LabError('shape')`. */
export function dense(x: Value, weight: Value, bias?: Value): Value {
  if (!bias) return matmul(x, weight);
  const rows = x.shape.length === 2 ? x : reshape(x, [-1, sizeAt(x.shape, -1)]);
  const product = apply(denseOp, [rows, weight, bias], {});
  return reshape(product, [...x.shape.slice(0, -1), sizeAt(product.shape, 1)]);
}
