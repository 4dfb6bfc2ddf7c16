/** Scaled dot-product attention (Vaswani et al. 2017), with a gradient that passes over the attention matrix as rarely as possible. */
import { LabError } from '../../../shared/errors.ts';
import { microsoftDomain } from '../onnx.ts';
import { applyAll, at, defineOp, requireFloat } from '../op.ts';
import type { TensorType, Value } from '../program.ts';
import { broadcastShapes, elementCount, sameShape, showShape, sizeAt } from '../shape.ts';
import { sum, sumTo } from './broadcasting.ts';
import { dropoutMask } from './dropout.ts';
import { multiply, subtract } from './elementwise.ts';
import { matmul } from './matmul.ts';

interface AttentionAttributes {
  readonly [name: string]: boolean | number;
  readonly scale: number;
  /** Whether a bias, and after it a mask for the probabilities, follow the three inputs. */
  readonly hasBias: boolean;
  readonly hasMask: boolean;
}

interface AttentionInputs<T> {
  readonly query: T;
  readonly key: T;
  readonly value: T;
  readonly bias: T | undefined;
  readonly mask: T | undefined;
}

function named<T>(inputs: readonly T[], { hasBias, hasMask }: AttentionAttributes): AttentionInputs<T> {
  return {
    query: at(inputs, 0),
    key: at(inputs, 1),
    value: at(inputs, 2),
    bias: hasBias ? at(inputs, 3) : undefined,
    mask: hasMask ? at(inputs, hasBias ? 4 : 3) : undefined,
  };
}

const attentionOp = defineOp<AttentionAttributes>({
  name: 'attention',
  infer(inputs, attributes) {
    const { query, key, value, bias, mask } = named<TensorType>(
      inputs.map((type) => requireFloat(type)),
      attributes,
    );
    const outer = query.shape.slice(0, -2);
    const probabilities = [...outer, sizeAt(query.shape, -2), sizeAt(key.shape, -2)];
    const fits =
      sameShape(outer, key.shape.slice(0, -2)) &&
      sameShape(key.shape.slice(0, -1), value.shape.slice(0, -1)) &&
      sizeAt(query.shape, -1) === sizeAt(key.shape, -1);
    if (!fits) {
      throw new LabError('shape', 'attention needs queries [..., S, D], keys [..., T, D] and values [..., T, E]');
    }
    for (const extra of [bias, mask]) {
      if (extra && !sameShape(broadcastShapes(extra.shape, probabilities), probabilities)) {
        throw new LabError(
          'shape',
          `${showShape(extra.shape)} does not broadcast to the attention's ${showShape(probabilities)}`,
        );
      }
    }
    return [
      { dtype: 'float32', shape: [...outer, sizeAt(query.shape, -2), sizeAt(value.shape, -1)] },
      { dtype: 'float32', shape: probabilities },
    ];
  },
  /**
   * With P the probabilities, M the mask and O = (P∘M)V: ∂P = (∂O·Vᵀ)∘M and the gradient of the logits is P∘(∂P − rowsum(∂P∘P)).
   * That rowsum equals rowsum(∂O∘O), which is taken over the small [S, E] instead of [S, T] (Dao et al. 2022, appendix B),
   * so that without a mask only a subtraction and a product touch [S, T]. The scale rides on the matrix products.
   */
  gradient(node, [gradient], needed) {
    if (!gradient) return [];
    const { query, key, value, bias, mask } = named(node.inputs, node.attributes);
    const { scale, hasBias } = node.attributes;
    const [output, probabilities] = [at(node.outputs, 0), at(node.outputs, 1)];
    const dropped = mask ? multiply(probabilities, mask) : probabilities;
    const towardsLogits = (): Value => {
      const product = matmul(gradient, value, { transposeB: true });
      const towardsProbabilities = mask ? multiply(product, mask) : product;
      return multiply(probabilities, subtract(towardsProbabilities, sum(multiply(gradient, output), [-1], true)));
    };
    const needsLogits = needed[0] === true || needed[1] === true || (hasBias && needed[3] === true);
    const logits = needsLogits ? towardsLogits() : undefined;
    return [
      needed[0] && logits ? matmul(logits, key, { scale }) : undefined,
      needed[1] && logits ? matmul(logits, query, { transposeA: true, scale }) : undefined,
      needed[2] ? matmul(dropped, gradient, { transposeA: true }) : undefined,
      bias && needed[3] && logits ? sumTo(logits, bias.shape) : undefined,
    ];
  },
  onnx(emit, inputs, { attributes }) {
    const { query, key, value, bias, mask } = named(inputs, attributes);
    const product = (a: string, b: string, options: { transB: number; alpha: number }): string =>
      emit.one('FusedMatMul', [a, b], { transB: options.transB, alpha: { float: options.alpha } }, microsoftDomain);
    const logits = product(query, key, { transB: 1, alpha: attributes.scale });
    const biased = bias === undefined ? logits : emit.one('Add', [logits, bias]);
    const probabilities = emit.one('Softmax', [biased], { axis: -1 });
    const dropped = mask === undefined ? probabilities : emit.one('Mul', [probabilities, mask]);
    return [product(dropped, value, { transB: 0, alpha: 1 }), probabilities];
  },
  tfjs(tf, inputs, { attributes }) {
    const { query, key, value, bias, mask } = named(inputs, attributes);
    const logits = tf.mul(tf.matMul(query, key, false, true), attributes.scale);
    const probabilities = tf.softmax(bias ? tf.add(logits, bias) : logits);
    return [tf.matMul(mask ? tf.mul(probabilities, mask) : probabilities, value), probabilities];
  },
  flops({ inputs, outputs }) {
    const size = elementCount(at(outputs, 1).shape);
    return size * (2 * sizeAt(at(inputs, 0).shape, -1) + 2 * sizeAt(at(inputs, 2).shape, -1) + 6);
  },
});

export interface AttentionOptions {
  /** Multiplies the logits; usually 1/√D. */
  readonly scale: number;
  /** Added to the logits: a padding mask [B, 1, 1, T], a causal mask [S, T], relative positions. */
  readonly bias?: Value;
  /** Share of the probabilities that are set to zero, the others being scaled up. */
  readonly dropout?: number;
}

/**
 * softmax(scale · query·keyᵀ + bias)·value for query [..., S, D], key [..., T, D] and value [..., T, E] → [..., S, E].
 * Throws `LabError('shape')`.
 */
export function attention(
  query: Value,
  key: Value,
  value: Value,
  { scale, bias, dropout = 0 }: AttentionOptions,
): Value {
  const probabilities = [...query.shape.slice(0, -1), sizeAt(key.shape, -2)];
  const mask = dropout > 0 ? dropoutMask(query.program, dropout, probabilities) : undefined;
  return at(
    applyAll(attentionOp, [query, key, value, ...(bias ? [bias] : []), ...(mask ? [mask] : [])], {
      scale,
      hasBias: bias !== undefined,
      hasMask: mask !== undefined,
    }),
    0,
  );
}
