/** Layer normalisation (Ba, Kiros & Hinton 2016) and its form without a mean, RMS normalisation (Zhang & Sennrich 2019). */
import type { Tensor } from '@tensorflow/tfjs-core';
import { LabError } from '../../../shared/errors.ts';
import type { TensorFlow } from '../op.ts';
import { apply, applyAll, at, defineOp, requireFloat } from '../op.ts';
import type { TensorType, Value } from '../program.ts';
import { elementCount, sameShape, showShape, sizeAt } from '../shape.ts';
import { reshape, sumTo } from './broadcasting.ts';
import { multiply, subtract } from './elementwise.ts';
import { matmul } from './matmul.ts';

const standardiseOp = defineOp<{ readonly epsilon: number }>({
  name: 'standardise',
  infer: (inputs) => [requireFloat(at(inputs, 0))],
  onnx(emit, inputs, { outputs, attributes: { epsilon } }) {
    const ones = emit.floats(new Array<number>(sizeAt(at(outputs, 0).shape, -1)).fill(1));
    return [emit.one('LayerNormalization', [at(inputs, 0), ones], { axis: -1, epsilon: { float: epsilon } })];
  },
  tfjs: (tf, inputs, { attributes }) => [standardiseWithTfjs(tf, at(inputs, 0), attributes.epsilon)[0]],
  flops: ({ outputs }) => 6 * elementCount(at(outputs, 0).shape),
});

/** The input's type, and one number for each of its vectors: what it was divided by, inverted. */
function normalizedTypes(inputs: readonly TensorType[]): readonly TensorType[] {
  const { shape } = requireFloat(at(inputs, 0));
  const features = [sizeAt(shape, -1)];
  if (!inputs.slice(1).every((vector) => sameShape(vector.shape, features))) {
    throw new LabError('shape', `gain and bias of ${showShape(shape)} need the shape ${showShape(features)}`);
  }
  return [
    { dtype: 'float32', shape },
    { dtype: 'float32', shape: [...shape.slice(0, -1), 1] },
  ];
}

const asRows = (value: Value): Value => reshape(value, [-1, sizeAt(value.shape, -1)]);

const layerNormalizationOp = defineOp<{ readonly epsilon: number }>({
  name: 'layer-normalization',
  infer: normalizedTypes,
  /**
   * With x̂ the standardised input and d = gradient∘gain: ∂x = (d − mean(d) − x̂∘mean(d∘x̂))/σ. The means over d are products
   * with the gain as a column, which read the gradient without writing anything; x̂ is computed again in one fused pass.
   */
  gradient({ inputs, outputs, attributes }, [gradient], needed) {
    if (!gradient) return [];
    const [x, gain] = [at(inputs, 0), at(inputs, 1)];
    const features = sizeAt(x.shape, -1);
    const rows = asRows(gradient);
    const needsStandardised = needed[0] === true || needed[1] === true;
    const standardised = needsStandardised ? asRows(apply(standardiseOp, [x], attributes)) : rows;
    const weighted = needsStandardised ? multiply(rows, standardised) : rows;
    const meanWith = (value: Value): Value =>
      matmul(value, reshape(gain, [features, 1]), { scale: 1 / features, exact: true });
    const inputGradient = (): Value => {
      const projected = subtract(
        subtract(multiply(rows, gain), meanWith(rows)),
        multiply(standardised, meanWith(weighted)),
      );
      return reshape(multiply(projected, asRows(at(outputs, 1))), x.shape);
    };
    return [
      needed[0] ? inputGradient() : undefined,
      needed[1] ? sumTo(weighted, gain.shape) : undefined,
      ...(needed[2] ? [sumTo(rows, gain.shape)] : []),
    ];
  },
  onnx(emit, inputs, { attributes: { epsilon } }) {
    const attributes = { axis: -1, epsilon: { float: epsilon } };
    const outputs = emit.node('LayerNormalization', inputs, { attributes, outputs: 3 }); // normalised, mean, 1/σ
    return [at(outputs, 0), at(outputs, 2)];
  },
  tfjs(tf, inputs, { attributes: { epsilon } }) {
    const [standardised, inverse] = standardiseWithTfjs(tf, at(inputs, 0), epsilon);
    const scaled = tf.mul(standardised, at(inputs, 1));
    return [inputs.length > 2 ? tf.add(scaled, at(inputs, 2)) : scaled, inverse];
  },
  flops: ({ outputs }) => 8 * elementCount(at(outputs, 0).shape),
});

function standardiseWithTfjs(tf: TensorFlow, x: Tensor, epsilon: number): readonly [Tensor, Tensor] {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
  return [tf.mul(centred, inverse), inverse];
}

/**
 * (x − mean) / √(variance + epsilon) · gain + bias, with mean and variance over the last axis; gain and bias, which may be
 * left out, have its size. Throws `LabError('shape')`.
 */
export function layerNormalization(x: Value, gain: Value, bias: Value | undefined, epsilon: number): Value {
  return at(applyAll(layerNormalizationOp, [x, gain, ...(bias ? [bias] : [])], { epsilon }), 0);
}

const rmsNormalizationOp = defineOp<{ readonly epsilon: number }>({
  name: 'rms-normalization',
  infer: normalizedTypes,
  /** With x̂ = x/r, r the root mean square, and d = gradient∘gain: ∂x = (d − x̂∘mean(d∘x̂))/r. */
  gradient({ inputs, outputs }, [gradient], needed) {
    if (!gradient) return [];
    const [x, gain] = [at(inputs, 0), at(inputs, 1)];
    const features = sizeAt(x.shape, -1);
    const [rows, inverse] = [asRows(gradient), asRows(at(outputs, 1))];
    const standardised = multiply(asRows(x), inverse);
    const weighted = multiply(rows, standardised);
    const inputGradient = (): Value => {
      const mean = matmul(weighted, reshape(gain, [features, 1]), { scale: 1 / features, exact: true });
      const projected = subtract(multiply(rows, gain), multiply(standardised, mean));
      return reshape(multiply(projected, inverse), x.shape);
    };
    return [needed[0] ? inputGradient() : undefined, needed[1] ? sumTo(weighted, gain.shape) : undefined];
  },
  onnx(emit, inputs, { attributes: { epsilon } }) {
    const attributes = { axis: -1, epsilon: { float: epsilon } };
    return emit.node('SimplifiedLayerNormalization', inputs, { attributes, outputs: 2 }); // normalised, 1/r
  },
  tfjs(tf, inputs, { attributes: { epsilon } }) {
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(at(inputs, 0)), -1, true), epsilon));
    return [tf.mul(tf.mul(at(inputs, 0), inverse), at(inputs, 1)), inverse];
  },
  flops: ({ outputs }) => 5 * elementCount(at(outputs, 0).shape),
});

/** x / √(mean of x² + epsilon) · gain, with the mean over the last axis, whose size gain has. Throws `LabError('shape')`. */
export function rmsNormalization(x: Value, gain: Value, epsilon: number): Value {
  return at(applyAll(rmsNormalizationOp, [x, gain], { epsilon }), 0);
}
