/**
 * What ONNX Runtime's provider for graphics cards (WebGPU, 1.30) lacks or computes otherwise, in ops that it has. Ops that find places
 * have their counterparts in `ops/by-comparison.ts`.
 */
import { portableCounterparts } from './portable-ops.ts';
import type { OnnxEmitter } from './types.ts';

type Rewrite = (typeof portableCounterparts)[string];

/** By the op's type. The second output of SimplifiedLayerNormalization is not what the processor gives. */
export const deviceCounterparts: Readonly<Record<string, Rewrite>> = {
  ...pick(portableCounterparts, 'FusedMatMul', 'SimplifiedLayerNormalization'),

  Sign(emit, [x = '']) {
    const step = (isAbove: string): string => emit.one('Where', [isAbove, emit.float(1), emit.float(0)]);
    const [above, below] = [emit.one('Greater', [x, emit.float(0)]), emit.one('Less', [x, emit.float(0)])];
    return [emit.one('Sub', [step(above), step(below)])];
  },

  LogSoftmax(emit, [x = '']) {
    const below = emit.one('Sub', [x, emit.one('ReduceMax', [x], { axes: [-1], keepdims: 1 })]);
    const total = emit.one('ReduceSum', [emit.one('Exp', [below]), emit.ints([-1])], { keepdims: 1 });
    return [emit.one('Sub', [below, emit.one('Log', [total])])];
  },
};

function pick(table: Readonly<Record<string, Rewrite>>, ...names: readonly string[]): Record<string, Rewrite> {
  return Object.fromEntries(names.map((name) => [name, table[name]!])); // named after what is there
}

/** The place of the largest value along an axis of the size, the first of several: int32. */
export function argmaxByComparison(emit: OnnxEmitter, x: string, rank: number, axis: number, size: number): string {
  const isLargest = emit.one('Equal', [x, emit.one('ReduceMax', [x], { axes: [axis], keepdims: 1 })]);
  const places = emit.floats(Array.from({ length: size }, (_, place) => place));
  const shape = Array.from({ length: rank }, (_, other) => (other === axis ? size : 1));
  const along = emit.one('Reshape', [places, emit.ints(shape)]);
  const candidates = emit.one('Where', [isLargest, along, emit.float(size)]);
  return emit.one('Cast', [emit.one('ReduceMin', [candidates], { axes: [axis], keepdims: 0 })], { to: 6 }); // int32
}
