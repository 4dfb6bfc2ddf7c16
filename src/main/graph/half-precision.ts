/**
 * Products in half precision: their operands and results are rounded to 16 bits, and sums within them are as exact as the device makes
 * them. Everything between them stays float32: weights, normalisation, softmax, losses, reductions, the optimizer.
 *
 * It is done where ops write their products as ONNX nodes, so that each way to run a program has it, forward and backward.
 */
import type { Node, OnnxAttributes } from './types.ts';

export type HalfType = 'float16' | 'bfloat16';

export interface HalfPrecision {
  readonly type: HalfType;
  /**
   * Operands and results are rounded, and the product of the rounded ones is one of float32: for processors, whose products of 16
   * bits are slow where there are any. The numbers are those of a device that adds in float32.
   */
  readonly isRounded: boolean;
}

/** Ops whose products are a network's work. What else multiplies matrices does so to add, to pick or to cumulate. */
const halvedOps: ReadonlySet<string> = new Set([
  'matmul',
  'dense',
  'attention',
  'linear-cross-entropy',
  'project-columns',
  'recurrence',
  'recurrence-gradient',
  'convolution',
  'convolution-input-gradient',
  'convolution-filter-gradient',
  'transposed-convolution',
]);

const productTypes: ReadonlySet<string> = new Set(['Gemm', 'MatMul', 'FusedMatMul', 'Conv', 'ConvTranspose']);

/** Whether the products of a node may be in half precision; `matmul` has an attribute for those that have to be exact. */
export function mayBeHalved({ op, attributes }: Node): boolean {
  return halvedOps.has(op.name) && attributes.exact !== true;
}

export function isProduct(opType: string): boolean {
  return productTypes.has(opType);
}

/** TensorProto.DataType */
const codes = { float32: 1, float16: 10, bfloat16: 16 } as const;

/** Writes one node. */
type Write = (opType: string, inputs: readonly string[], attributes: OnnxAttributes, domain: string) => string;

/** Writes a product of float32 operands in half precision; the name of its result, float32 again. */
export function writeHalved(
  { type, isRounded }: HalfPrecision,
  write: Write,
  opType: string,
  inputs: readonly string[],
  attributes: OnnxAttributes,
  domain: string,
): string {
  const cast = (name: string, to: keyof typeof codes): string => write('Cast', [name], { to: codes[to] }, '');
  const rounded = (name: string): string => cast(cast(name, type), 'float32');
  if (isRounded) return rounded(write(opType, inputs.map(rounded), attributes, domain));
  const halves = inputs.map((name) => cast(name, type));
  return cast(write(opType, halves, attributes, domain), 'float32');
}
