/** How much of what a program computes is needed at once, when its nodes are executed in their order. */
import { elementCount } from '../shape.ts';
import type { Program, Value } from '../types.ts';
import { resultsOf } from './dead-code.ts';

/** Bytes of computed values that are alive at the same time, at most. Reshaped tensors are views. */
export function peakBytes(program: Program): number {
  const baseOf = ({ source, id }: Value): number => {
    if (source.kind !== 'node' || source.node.op.name !== 'reshape') return id;
    const [from] = source.node.inputs;
    return from ? baseOf(from) : id;
  };
  const lastReader = new Map<number, number>();
  program.nodes.forEach(({ inputs }, place) => {
    for (const value of inputs) lastReader.set(baseOf(value), place);
  });
  for (const value of resultsOf(program)) lastReader.set(baseOf(value), Infinity);

  const alive = new Map<number, number>();
  let [now, peak] = [0, 0];
  program.nodes.forEach(({ op, inputs, outputs }, place) => {
    if (op.name !== 'reshape') {
      for (const value of outputs) {
        alive.set(value.id, bytesOf(value));
        now += bytesOf(value);
      }
    }
    peak = Math.max(peak, now);
    for (const id of new Set([...inputs, ...outputs].map(baseOf))) {
      if ((lastReader.get(id) ?? place) > place) continue;
      now -= alive.get(id) ?? 0; // inputs and parameters are not computed
      alive.delete(id);
    }
  });
  return peak;
}

export function bytesOf({ dtype, shape }: Value): number {
  return elementCount(shape) * (dtype === 'float32' || dtype === 'int32' ? 4 : 1);
}
