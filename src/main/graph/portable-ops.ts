/**
 * ONNX Runtime's own ops in terms of the standard's, for models that are to run wherever ONNX does. ONNX Runtime fuses most of
 * them again when it loads one.
 */
import type { OnnxAttribute, OnnxAttributes, OnnxEmitter } from './types.ts';

/** Writes the standard counterpart of one node; the names of its outputs. `rank` is that of its operands. */
type Rewrite = (
  emit: OnnxEmitter,
  inputs: readonly string[],
  attributes: OnnxAttributes,
  rank: number,
) => readonly string[];

/** By the op's type. RMS normalisation is in the standard's domain, but no standard has it. */
export const portableCounterparts: Readonly<Record<string, Rewrite>> = {
  FusedMatMul(emit, [a = '', b = ''], { transA, transB, alpha }, rank) {
    const axes = Array.from({ length: rank }, (_, axis) => axis);
    const perm = [...axes.slice(0, -2), rank - 1, rank - 2];
    const laidOut = (name: string, transposed: OnnxAttribute | undefined): string =>
      transposed === 1 ? emit.one('Transpose', [name], { perm }) : name;
    const product = emit.one('MatMul', [laidOut(a, transA), laidOut(b, transB)]);
    const scale = floatOf(alpha, 1);
    return [scale === 1 ? product : emit.one('Mul', [product, emit.float(scale)])];
  },

  /** x · ½(1 + erf(x/√2)) */
  Gelu(emit, [x = '']) {
    const error = emit.one('Erf', [emit.one('Mul', [x, emit.float(Math.SQRT1_2)])]);
    const gate = emit.one('Mul', [emit.one('Add', [error, emit.float(1)]), emit.float(0.5)]);
    return [emit.one('Mul', [x, gate])];
  },

  /** x · ½(1 + tanh(√(2/π)(x + 0.044715x³))) */
  FastGelu(emit, [x = '']) {
    const scale = Math.sqrt(2 / Math.PI);
    const cubic = emit.one('Mul', [emit.one('Mul', [x, x]), emit.float(0.044715 * scale)]);
    const bend = emit.one('Tanh', [emit.one('Mul', [x, emit.one('Add', [cubic, emit.float(scale)])])]);
    const gate = emit.one('Mul', [emit.one('Add', [bend, emit.float(1)]), emit.float(0.5)]);
    return [emit.one('Mul', [x, gate])];
  },

  /** Feature i of the first half and feature i of the second are turned as a pair. */
  RotaryEmbedding(emit, [x = '', , cosines = '', sines = '']) {
    const [left = '', right = ''] = emit.node('Split', [x], { attributes: { axis: 3 }, outputs: 2 });
    const times = (a: string, b: string): string => emit.one('Mul', [a, b]);
    const first = emit.one('Sub', [times(left, cosines), times(right, sines)]);
    const second = emit.one('Add', [times(right, cosines), times(left, sines)]);
    return [emit.one('Concat', [first, second], { axis: 3 })];
  },

  /** x / √(mean of x² + ε) · gain, and what x was divided by, inverted. */
  SimplifiedLayerNormalization(emit, [x = '', gain = ''], { epsilon }) {
    const mean = emit.one('ReduceMean', [emit.one('Mul', [x, x])], { axes: [-1], keepdims: 1 });
    const root = emit.one('Sqrt', [emit.one('Add', [mean, emit.float(floatOf(epsilon, 0))])]);
    return [emit.one('Mul', [emit.one('Div', [x, root]), gain]), emit.one('Reciprocal', [root])];
  },
};

function floatOf(attribute: OnnxAttribute | undefined, otherwise: number): number {
  return typeof attribute === 'object' && 'float' in attribute ? attribute.float : otherwise;
}
