/** How much memory a network takes while it is trained. */
import { elementCount } from '../graph/shape.ts';
import type { Node, Program } from '../graph/program.ts';
import { countParameters } from './model.ts';

/**
 * Bytes at most: weights, gradients, two moments, averages where they are kept, and everything a step computes, as if nothing were given
 * back on the way. What the process takes besides is not in it.
 */
export function memoryOf(program: Program, { weightAverage }: { readonly weightAverage: number }): number {
  const { total, trainable } = countParameters(program);
  return 4 * (total + (weightAverage > 0 ? 4 : 3) * trainable) + bytesOf(program.nodes);
}

function bytesOf(nodes: readonly Node[]): number {
  let bytes = 0;
  for (const { op, outputs } of nodes) {
    if (op.name === 'reshape') continue; // a view of what is there
    for (const { dtype, shape } of outputs) {
      bytes += elementCount(shape) * (dtype === 'float32' || dtype === 'int32' ? 4 : 1);
    }
  }
  return bytes;
}
